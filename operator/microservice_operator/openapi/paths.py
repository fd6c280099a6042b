"""PURE: converts paths and operations to routes, by the rules of "Create routes for HTTP APIs in API Gateway"."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any
from urllib.parse import unquote

from .document import Document, JsonPath, Object
from .routes import Checks, Route, Settings, unclear
from .security import Security
from .servers import Servers

ROUTE_LIMIT = 300  # "Routes per API" in "Quotas for configuring and running an HTTP API in API Gateway"
PATH_LIMIT = 1000  # also those without an operation
PATH_LENGTH = 1000  # with the base path
SEGMENT_LIMIT = 50  # of a path: each route is compared with those of others
METHODS = {method: method.upper() for method in ("get", "put", "post", "delete", "options", "head", "patch")}
METHODS["x-amazon-apigateway-any-method"] = "ANY"
PATH_ITEM = ("$ref", "summary", "description", *METHODS, "trace", "servers", "parameters")
OPERATION = (
    *("tags", "summary", "description", "externalDocs", "operationId", "parameters", "requestBody", "responses"),
    *("callbacks", "deprecated", "security", "servers"),
)
_FOR_IMPORT = {  # extensions that API Gateway's import uses, but the operator does not
    "x-amazon-apigateway-auth": "has an effect only in API Gateway's import; use security and spec.api.auth",
    "x-amazon-apigateway-integration": "names an integration, but every route goes to this service; remove it",
}
_PARAMETER = re.compile(r"\{[A-Za-z0-9._-]+\+?\}")
_LITERAL = re.compile(r"[A-Za-z0-9._~!$&'()*,;=:@%-]+")
_DOTS = (".", "..")
# Both read the same after one operation and after several.
_UNCHECKED = (
    "must have a token, but neither spec.api.auth nor aws.apiGateway.auth of the Environment says which tokens are"
    " valid; set one of them"
)
_ANONYMOUS = (
    "may be public (security: []) only if spec.api.allowAnonymous is true; set it, or remove security: [] to require a"
    " token"
)
_Fields = dict[str, tuple[Any, JsonPath]]  # of a path item: the value, and the place of the object that contains it


class Paths:
    """Collects the routes of one document."""

    def __init__(self, document: Document, settings: Settings) -> None:
        """Prepare for reading `document`."""
        self._document = document
        self._security = Security(document, settings.checks)
        self._settings = settings
        self._servers = Servers(document, settings.base_path)
        self._found: dict[str, tuple[Route, JsonPath]] = {}  # by shape, with where the operation is
        self._checked: set[JsonPath] = set()

    def routes(self) -> tuple[Route, ...]:
        """Return all routes, sorted by their keys; with offences, those that could be read."""
        paths = self._document.root.get("paths")
        if not isinstance(paths, Mapping):
            self._document.wrong(("paths",), "must be a mapping of paths to their operations")
            return ()
        if len(paths) > PATH_LIMIT:
            message = f"has more than {PATH_LIMIT} paths, but one API in AWS has at most {ROUTE_LIMIT} routes; split it"
            self._document.wrong(("paths",), message)
            return ()
        for path, item in paths.items():
            if len(self._found) > ROUTE_LIMIT or self._document.hopeless:
                break
            if path.startswith("/"):
                self._take_in(path, item)
            elif not path.startswith("x-"):
                self._document.wrong(("paths", path), "must start with a slash")
        routes = tuple(sorted((route for route, _ in self._found.values()), key=lambda route: route.key))
        if len(routes) > ROUTE_LIMIT:
            message = f"has more than {ROUTE_LIMIT} operations, the limit of one API in AWS; split it"
            self._document.wrong(("paths",), message)
        else:
            self._check_unclear(routes)
        return routes

    def _take_in(self, path: str, item: Any) -> None:
        item_place: JsonPath = ("paths", path)
        fields = self._fields(item, item_place)
        for method, operation, place in self._operations(fields):
            base = self._servers.base_path(_levels(operation, place, fields, self._document))
            problems = [*_problems(base + path), *_outside(base + path, self._settings.prefix)]
            for problem in problems:
                self._document.wrong(item_place, problem)
            route = Route(f"{method} {base}{path}", *self._security.of(operation, place))
            self._check_callers(route, place)
            twin, _ = (route, place) if problems else self._found.setdefault(route.shape, (route, place))
            if twin is not route:
                self._document.wrong(
                    item_place, f"matches the same requests as {twin.key[:200]}; remove one of the two"
                )

    def _check_callers(self, route: Route, place: JsonPath) -> None:
        """Refuse an operation that would be open to callers whom nobody declared."""
        if self._settings.checks is Checks.NOTHING:
            return
        if route.public and not self._settings.allow_anonymous:
            self._document.wrong(place, _ANONYMOUS, route.key)
        if not route.public and self._settings.checks is Checks.UNSAID:
            self._document.wrong(place, _UNCHECKED, route.key)

    def _fields(self, item: Any, item_place: JsonPath) -> _Fields:
        """Return the fields of a path item, merged with those of its reference."""
        resolved = self._document.object_at(item, item_place, "a path item")
        if resolved is None:
            return {}
        target, place = resolved
        self._check(target, place, PATH_ITEM, "a path item")
        fields = {name: (target[name], place) for name in PATH_ITEM if name in target}
        if place != item_place:
            self._check(item, item_place, PATH_ITEM, "a path item")
            beside = {name: (item[name], item_place) for name in PATH_ITEM if name in item and name != "$ref"}
            for name in beside.keys() & fields.keys():
                self._document.wrong((*item_place, name), "is set here and in the target of $ref; keep one of the two")
            fields |= beside
        return fields

    def _operations(self, fields: _Fields) -> Iterator[tuple[str, Object, JsonPath]]:
        for name, (operation, where) in fields.items():
            place = (*where, name)
            if name == "trace":
                self._document.wrong(place, "is a method that API Gateway does not route; remove the operation")
            elif name in METHODS and not isinstance(operation, Mapping):
                self._document.wrong(place, "must be an operation object")
            elif name in METHODS:
                self._check(operation, place, OPERATION, "an operation")
                yield METHODS[name], operation, place

    def _check(self, value: Object, place: JsonPath, fields: tuple[str, ...], what: str) -> None:
        """Record unknown fields and fields with another effect than expected; once per object."""
        if place in self._checked:
            return
        self._checked.add(place)
        for name in value:
            self._document.unknown_field(name, place, fields, what)
            if name in _FOR_IMPORT:
                self._document.wrong((*place, name), _FOR_IMPORT[name])

    def _check_unclear(self, routes: tuple[Route, ...]) -> None:
        """Refuse two routes with different security if API Gateway may choose either for a request."""
        for first, second in combinations(routes, 2):
            if (first.public, first.scopes) != (second.public, second.scopes) and unclear(first, second):
                message = (
                    f"matches requests of {first.key[:200]}, which has other security; use the same for both, or rename"
                    " one"
                )
                self._document.wrong(self._found[second.shape][1], message)


def _levels(operation: Object, place: JsonPath, fields: _Fields, document: Document) -> list[tuple[Object, JsonPath]]:
    """Return the levels that may declare servers, the nearest first."""
    levels: list[tuple[Object, JsonPath]] = [(operation, place)]
    if "servers" in fields:
        value, where = fields["servers"]
        levels.append(({"servers": value}, where))
    return [*levels, (document.root, ())]


def _outside(path: str, prefix: str) -> Iterator[str]:
    """Yield that a path is not below the prefix; its segments are literals, so it cannot match other prefixes."""
    if prefix and path != prefix and not path.startswith(f"{prefix}/"):
        yield (
            f"is not below {prefix}, as the Environment requires (apiGateway.pathPrefix); start the paths with it, or "
            f"set servers to [{{url: {prefix}}}] and spec.api.openAPI.basePath to Prepend"
        )


def _problems(path: str) -> Iterator[str]:
    """Yield the reasons why API Gateway cannot route a path."""
    if path == "/":
        return
    if len(path) > PATH_LENGTH:
        yield f"has more than {PATH_LENGTH} characters with its base path; shorten it"
        return
    segments = path[1:].split("/")
    if len(segments) > SEGMENT_LIMIT:
        yield f"has more than {SEGMENT_LIMIT} segments with its base path; shorten it"
        return
    parameters = [segment.strip("{}+") for segment in segments if _PARAMETER.fullmatch(segment)]
    if len(set(parameters)) != len(parameters):
        yield "has two parameters with the same name; rename one of them"
    if segments[-1] == "":
        yield "ends with a slash, which routes of API Gateway cannot; make the service also answer without it"
    for index, segment in enumerate(segments[:-1] if segments[-1] == "" else segments):
        if _PARAMETER.fullmatch(segment):
            if segment.endswith("+}") and index < len(segments) - 1:
                yield f"has the greedy parameter {segment} before its end; move it there"
        elif "{" in segment or "}" in segment:
            yield f"has a parameter that is not a whole segment, {segment[:60]}; AWS routes whole segments only"
        elif not _LITERAL.fullmatch(segment):
            yield f"has the segment {segment[:60]!r}, which AWS does not route; use letters and digits"
        elif unquote(segment) in _DOTS or "%2f" in segment.lower():
            yield f"has the segment {segment[:60]!r}, which proxies resolve to another path; write that path"
