"""PURE: builds the operator's own IAM policy from the table of its permissions."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from string import Template
from typing import Any

from ... import names
from ..engine.policy_documents import Document
from .operator_permissions import ASSUME_ROLES, RIGHTS, Option, Right, rights


def services() -> frozenset[str]:
    """Return the services with permissions, by their signing names."""
    return frozenset(right.service for right in RIGHTS)


def calls(rights: Iterable[Right] = RIGHTS) -> frozenset[tuple[str, str]]:
    """Return every granted call."""
    return frozenset((right.service, call) for right in rights for call in right.calls)


def operator_policy(
    values: Mapping[str, str], environment_roles: Sequence[str] = (), options: Collection[Option] = ()
) -> Document:
    """Return the policy with `${name}` replaced from `values`, where they have the name.

    `environment_roles` are the ARNs of all roles that the operator may assume, `options` are of `OPTIONS`.
    """
    assuming = (replace(ASSUME_ROLES, resources=tuple(environment_roles)),) if environment_roles else ()
    return _policy((*rights(options), *assuming), values)


def option_policy(values: Mapping[str, str], option: Option) -> Document:
    """Return the policy of one of `OPTIONS` alone, to attach beside that of the operator."""
    return _policy((right for right in RIGHTS if right.option == option), values)


def _policy(granted: Iterable[Right], values: Mapping[str, str]) -> Document:
    statements = [_statement(together) for together in _together(granted)]
    filled: Document = _filled({"Version": "2012-10-17", "Statement": statements}, values)
    return filled


def _together(rights: Iterable[Right]) -> list[list[Right]]:
    """Merge the rows with the same tag condition into one statement, because IAM limits the characters.

    An action applies only to resources of its own service and type, so merging grants nothing more.
    """
    groups: dict[str, list[Right]] = {}
    for index, right in enumerate(rights):
        tags = json.dumps(right.condition, sort_keys=True)
        groups.setdefault(f"{right.option} {tags}" if names.TAG_CLUSTER in tags else str(index), []).append(right)
    return list(groups.values())


def _statement(rights: list[Right]) -> dict[str, Any]:
    condition = {"Condition": dict(rights[0].condition)} if rights[0].condition else {}
    actions = sorted({action for right in rights for action in right.granted})
    resources = list(dict.fromkeys(resource for right in rights for resource in right.resources))
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **condition}


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _filled(entry, values) for key, entry in value.items()}
    if isinstance(value, list):
        return [_filled(entry, values) for entry in value]
    return Template(value).safe_substitute(values)
