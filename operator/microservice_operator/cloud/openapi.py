"""PURE: an OpenAPI 3.0 or 3.1 document → the routes of an HTTP API.

Only what a route needs is read: paths, methods, security. `servers` says where the service answers, which the gateway
knows better. Names and limits are those of "Create routes for HTTP APIs in API Gateway" and "Quotas for configuring and
running an HTTP API in API Gateway" in the AWS documents.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from ..errors import NeedsPerson
from ..facts import Reason

SIZE_LIMIT = 1_048_576  # of a ConfigMap, too
ROUTE_LIMIT = 300  # "Routes per API"
SCOPE_LIMIT = 10  # "Scopes per route"
METHODS = {method: method.upper() for method in ("get", "put", "post", "delete", "options", "head", "patch")}
METHODS["x-amazon-apigateway-any-method"] = "ANY"
_PARAMETER = re.compile(r"^\{[A-Za-z0-9._-]+\+?\}$")
_LITERAL = re.compile(r"^[A-Za-z0-9._~!$&'()*,;=:@%-]*$")
_SCOPED = ("oauth2", "openIdConnect")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C it is ten times as fast


@dataclass(frozen=True)
class Route:
    """One operation: `GET /users/{userId}`; `public` when the document asks for no security."""

    key: str
    public: bool = False
    scopes: tuple[str, ...] = ()

    @property
    def shape(self) -> str:
        """The key without the parameters' names: two that agree in it would answer the same requests."""
        return shape(self.key)


def shape(key: str) -> str:
    """`GET /users/{userId}` → `GET /users/{}`; a greedy parameter stays one."""
    return re.sub(r"\{[^}+]*(\+?)\}", r"{\1}", key)


def routes(text: str) -> tuple[Route, ...]:
    """Routes of a document, in the order of their keys.

    Raises NeedsPerson with the place in the document and what to do.
    """
    document = _parsed(text)
    paths = document.get("paths")
    if not isinstance(paths, Mapping):
        raise _wrong("paths", "is missing; list the service's operations there")
    found: dict[str, Route] = {}
    for path, item in paths.items():
        at = f"paths.{path}"
        for route in _of_path(document, _checked_path(path, at), _resolved(document, item, at)):
            twin = found.setdefault(route.shape, route)
            if twin is not route:
                raise _wrong(at, f"answers the same requests as {twin.key}; remove one of the two")
    if len(found) > ROUTE_LIMIT:
        raise _wrong("paths", f"has more than {ROUTE_LIMIT} operations, which is what one API of AWS holds; split it")
    return tuple(sorted(found.values(), key=lambda route: route.key))


def _parsed(text: str) -> Mapping[str, Any]:
    if len(text) > SIZE_LIMIT:
        raise _wrong("", f"is larger than {SIZE_LIMIT} characters; split the service's API, or shorten descriptions")
    try:
        document = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, _LOADER)  # noqa: S506 both are safe loaders
    except yaml.MarkedYAMLError as error:
        where = f"line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise _wrong(where, f"is no YAML: {error.problem}; correct it") from None
    except json.JSONDecodeError as error:
        raise _wrong(f"line {error.lineno}", f"is no JSON: {error.msg}; correct it") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise _wrong("", "cannot be read as YAML or JSON; write it anew") from None
    version = document.get("openapi") if isinstance(document, Mapping) else None
    if not isinstance(version, str) or not re.match(r"^3\.[01]\.", version):
        raise _wrong("openapi", 'must be a version 3.0 or 3.1, such as "3.1.0"; convert the document')
    parsed: Mapping[str, Any] = document
    return parsed


def _checked_path(path: Any, at: str) -> str:
    if not isinstance(path, str) or not path.startswith("/"):
        raise _wrong(at, "must start with a slash")
    segments = path[1:].split("/")
    names = [segment.strip("{}+") for segment in segments if _PARAMETER.match(segment)]
    if len(set(names)) != len(names):
        raise _wrong(at, "has two parameters of one name; rename one of them")
    for index, segment in enumerate(segments):
        if _PARAMETER.match(segment):
            if segment.endswith("+}") and index < len(segments) - 1:
                raise _wrong(at, f"has the greedy parameter {segment} before its end; move it there")
        elif "{" in segment or "}" in segment:
            raise _wrong(at, f"has a parameter that is not a whole segment, {segment}; AWS routes whole segments only")
        elif not _LITERAL.match(segment):
            raise _wrong(at, f"has the segment {segment!r}, which AWS does not route; use letters and digits")
    return path


def _of_path(document: Mapping[str, Any], path: str, item: Mapping[str, Any]) -> Iterator[Route]:
    for field, operation in item.items():
        at = f"paths.{path}.{field}"
        if field == "trace":
            raise _wrong(at, "is a method that API Gateway does not route; remove the operation")
        if field not in METHODS:
            continue
        if not isinstance(operation, Mapping):
            raise _wrong(at, "must be an operation object")
        public, scopes = _security(document, operation, at)
        yield Route(f"{METHODS[field]} {path}", public, scopes)


def _security(document: Mapping[str, Any], operation: Mapping[str, Any], at: str) -> tuple[bool, tuple[str, ...]]:
    """What an operation's security asks for; the document's counts where the operation has none of its own.

    Alternatives are alternatives: one that asks for nothing makes the operation public, one without scopes drops them.
    """
    own = "security" in operation
    asked = operation["security"] if own else document.get("security")
    if asked is None:
        return False, ()
    where = f"{at}.security" if own else "security"
    if not isinstance(asked, list) or not all(isinstance(choice, Mapping) for choice in asked):
        raise _wrong(where, "must be a list of security requirements, empty for a public operation")
    if not asked or not all(asked):
        return True, ()
    scopes = [_scopes(document, choice, where) for choice in asked]
    together = tuple(sorted({scope for choice in scopes for scope in choice})) if all(scopes) else ()
    if len(together) > SCOPE_LIMIT:
        raise _wrong(where, f"names more than {SCOPE_LIMIT} scopes, which is what one route of AWS takes; name fewer")
    return False, together


def _scopes(document: Mapping[str, Any], choice: Mapping[str, Any], at: str) -> set[str]:
    components = document.get("components")
    schemes = components.get("securitySchemes") if isinstance(components, Mapping) else None
    found: set[str] = set()
    for name, scopes in choice.items():
        scheme = schemes.get(name) if isinstance(schemes, Mapping) else None
        if not isinstance(scheme, Mapping):
            raise _wrong(at, f"names the scheme {name}, which components.securitySchemes does not have; add it there")
        if scheme.get("type") in _SCOPED:
            if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
                raise _wrong(f"{at}.{name}", "must be a list of scopes")
            found |= set(scopes)
    return found


def _resolved(document: Mapping[str, Any], item: Any, at: str) -> Mapping[str, Any]:
    """A path item, looked up once if it is a reference within the document."""
    if not isinstance(item, Mapping):
        raise _wrong(at, "must be a path item object")
    reference = item.get("$ref")
    if reference is None:
        return item
    target: Any = document if isinstance(reference, str) and reference.startswith("#/") else None
    for step in str(reference)[2:].split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        target = target.get(name) if isinstance(target, Mapping) else None
    if not isinstance(target, Mapping) or "$ref" in target:
        raise _wrong(at, f"refers to {reference}, which is no path item of this document; write it out here")
    return target


def _wrong(at: str, what: str) -> NeedsPerson:
    place = f"{at} of the OpenAPI document" if at else "the OpenAPI document"
    return NeedsPerson(Reason.INVALID_DOCUMENT, f"{place} {what}")
