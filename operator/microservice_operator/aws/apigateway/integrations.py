"""PURE: the integrations of a Microservice: how API Gateway changes a request on its way to the service.

Behind an authorizer, API Gateway knows who calls: the integration overwrites two headers with claims of the token. On a
public route there are no claims, so another integration removes the headers that callers sent. Each exists only while
the Microservice has such routes. A route changes its authorizer and its integration in one call, so no request meets
one without the other.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ... import names
from ..engine.rules import Added, Change, Outcome

Fields = Mapping[str, Any]
SENT = ("IntegrationUri", "ConnectionId", "IntegrationMethod")  # fields that are sent as they are observed
HEADER = "overwrite:header.x-microservice"
SUBJECT, SCOPES = "x-caller-subject", "x-caller-scopes"
MARK = f"{names.GROUP}/callers"  # in the description, with the owner tags
# "Create private integrations for HTTP APIs": without the overwrite, services would see the stage in the path.
_PATH = {"overwrite:path": "$request.path"}
# "Transform API requests and responses for HTTP APIs": names of headers are case-insensitive.
_OWN = re.compile(r"overwrite:path|(append|overwrite|remove):header\.(x-microservice|x-caller-(subject|scopes))", re.I)
_REMOVED = "''"  # the value of a parameter that removes a header


class Callers(StrEnum):
    """Whose requests an integration forwards."""

    ANYONE = "anyone"
    TOKEN = "token"  # noqa: S105 not a password


_FOR = {Callers.ANYONE: "public routes", Callers.TOKEN: "routes with a token"}


@dataclass(frozen=True)
class Integration:
    """An observed integration of the Microservice, with the fields that the operator sets."""

    id: str
    callers: Callers
    fields: Fields


@dataclass(frozen=True)
class ChangedIntegration:
    """An integration to change; `surplus` are request parameters to remove."""

    id: str
    fields: Fields
    surplus: tuple[str, ...] = ()


def parameters(namespace: str, name: str, callers: Callers) -> dict[str, str]:
    """Return the request parameters of an integration."""
    about_the_caller = {
        Callers.TOKEN: {
            f"overwrite:header.{SUBJECT}": "$context.authorizer.claims.sub",
            f"overwrite:header.{SCOPES}": "$context.authorizer.claims.scope",
        },
        Callers.ANYONE: {f"remove:header.{SUBJECT}": _REMOVED, f"remove:header.{SCOPES}": _REMOVED},
    }
    return {**_PATH, HEADER: f"{name}.{namespace}", **about_the_caller[callers]}


def marked(marks: Mapping[str, str], callers: Callers) -> dict[str, str]:
    """Return the content of a description: the owner tags, and whose requests the integration forwards."""
    return {**marks, MARK: callers}


def integration(item: Mapping[str, Any], marks: Mapping[str, str], routes: Iterable[Mapping[str, Any]]) -> Integration:
    """Return an observed integration; `routes` are those that have it.

    One without the mark was created by an earlier version for routes of both kinds. It counts as one of public routes
    if it has any, because removing headers is right before and after the other routes get their own integration.
    """
    try:
        callers = Callers(marks.get(MARK, ""))
    except ValueError:
        public = any(route.get("AuthorizationType", "NONE") == "NONE" for route in routes)
        callers = Callers.ANYONE if public else Callers.TOKEN
    given = item.get("RequestParameters") or {}
    own = {key: value for key, value in given.items() if _OWN.fullmatch(key)}
    fields = {key: item.get(key) for key in SENT}
    return Integration(item["IntegrationId"], callers, {**fields, "RequestParameters": own, "marks": dict(marks)})


def chosen(observed: Iterable[Integration]) -> dict[Callers, Integration]:
    """Return one integration for each kind of caller, always the same; others of a kind are duplicates.

    One without the mark comes last: when its routes have moved to another, it must not take them back.
    """
    found: dict[Callers, Integration] = {}
    for each in sorted(observed, key=lambda each: (each.fields["marks"].get(MARK) != each.callers, each.id)):
        found.setdefault(each.callers, each)
    return found


def next_integration(desired: Mapping[Callers, Fields], observed: tuple[Integration, ...]) -> Outcome:
    """Rule: add or correct the next integration. Those that no kind of route needs are removed after their routes."""
    there = chosen(observed)
    for callers, fields in sorted(desired.items()):
        if callers not in there:
            return Change(Added(callers, fields), f"adding an integration for {_FOR[callers]}")
        current = there[callers]
        if current.fields != fields:
            surplus = tuple(sorted(current.fields["RequestParameters"].keys() - fields["RequestParameters"].keys()))
            return Change(
                ChangedIntegration(current.id, fields, surplus), f"changing its integration for {_FOR[callers]}"
            )
    return None


def integration_request(fields: Fields, surplus: Iterable[str] = ()) -> dict[str, Any]:
    """Return what CreateIntegration and UpdateIntegration have in common, except the description.

    An update keeps the request parameters that it does not name; an empty value removes one.
    """
    return {
        "IntegrationType": "HTTP_PROXY",
        "ConnectionType": "VPC_LINK",
        "PayloadFormatVersion": "1.0",
        **{key: fields[key] for key in SENT},
        "RequestParameters": {**fields["RequestParameters"], **dict.fromkeys(surplus, "")},
    }
