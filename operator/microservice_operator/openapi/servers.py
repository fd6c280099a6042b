"""PURE: determines the base path of an operation ("Server Object" in the OpenAPI specification).

The gateway's own address replaces the hosts that a document names. A base path is different: it is part of the URL that
callers use and of the path that the service receives. A document does not say whether something in front of the service
removes it; the Microservice does, in `spec.api.openAPI.basePath`, with the values of API Gateway's import.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from .document import Document, JsonPath, Object

ALTERNATIVES_LIMIT = 100  # values of all variables in one URL
LENGTH_LIMIT = 2000
Address = tuple[str, str]  # origin, "" if it is relative; base path, "" if it is /


class Servers:
    """Reads the servers of one document."""

    def __init__(self, document: Document, base_path: str | None) -> None:
        """Read the servers of the document's root."""
        self._document = document
        self._base_path = base_path
        self._read: dict[JsonPath, str] = {}
        self._origins = {""}
        if base_path != "Ignore" and "servers" in document.root:
            self._origins |= {origin for origin, _ in self._addresses(document.root["servers"], ("servers",))}

    def base_path(self, levels: list[tuple[Object, JsonPath]]) -> str:
        """Return the base path, or ""; `levels` go from the operation to the document."""
        if self._base_path == "Ignore":
            return ""
        for level, place in levels:
            if "servers" in level:
                at = (*place, "servers")
                if at not in self._read:
                    self._read[at] = self._of(level["servers"], at)
                return self._read[at]
        return ""

    def _of(self, servers: Any, place: JsonPath) -> str:
        addresses = list(self._addresses(servers, place))
        if {origin for origin, _ in addresses} - self._origins:
            message = (
                "names another host than the document's servers, but every route goes to this service; remove it, "
                "or set spec.api.openAPI.basePath to Ignore"
            )
            self._document.wrong(place, message)
            return ""
        paths = sorted({path for _, path in addresses})
        if not any(paths):
            return ""
        if self._base_path is None:
            message = (
                f"has the base path {paths[-1][:200]}; set spec.api.openAPI.basePath to Prepend if the service"
                " receives it in requests, otherwise to Ignore"
            )
            self._document.wrong(place, message)
        elif len(paths) > 1:
            listed = ", ".join(path or "/" for path in paths)[:200]
            self._document.wrong(place, f"has the base paths {listed}; keep one of them")
        return paths[-1]

    def _addresses(self, servers: Any, place: JsonPath) -> Iterator[Address]:
        if not isinstance(servers, list):
            self._document.wrong(place, "must be a list of servers")
            return
        for index, server in enumerate(servers):
            at = (*place, index)
            url = server.get("url") if isinstance(server, Mapping) else None
            if not isinstance(url, str):
                self._document.wrong(at, "must be a server with a url")
                continue
            written = _written(url, server.get("variables")) if len(url) <= LENGTH_LIMIT else []
            addresses = [address for each in written if (address := _address(each))]
            if addresses and len(addresses) == len(written):
                yield from addresses
            else:
                message = "is not an address of a server; write one such as https://api.example/v2, or /v2"
                self._document.wrong((*at, "url"), message)


def _written(url: str, variables: Any) -> list[str]:
    """Return the URL with the defaults of its variables, and with each other value; nothing if there are too many."""
    named = variables if isinstance(variables, Mapping) else {}
    known = {name: of for name, of in named.items() if isinstance(of, Mapping) and f"{{{name}}}" in url}
    defaults = {name: str(of["default"]) for name, of in known.items() if isinstance(of.get("default"), str | int)}
    enums = {name: of["enum"] for name, of in known.items() if isinstance(of.get("enum"), list)}
    if sum(map(len, enums.values())) > ALTERNATIVES_LIMIT:
        return []
    others = [_filled(url, {**defaults, name: str(value)}) for name, values in enums.items() for value in values]
    return [_filled(url, defaults), *others]


def _filled(url: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        url = url.replace(f"{{{name}}}", value)
    return url


def _address(url: str) -> Address | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if "{" in url or "}" in url or parts.query or parts.fragment or "\\" in url:
        return None
    origin = f"{parts.scheme}://{parts.netloc}".lower() if parts.scheme or parts.netloc else ""
    path = "" if parts.path in (".", "./") else parts.path.rstrip("/")
    return (origin, path) if not path or path.startswith("/") else None
