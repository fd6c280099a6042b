"""PURE: determines the base path of an operation ("Server Object" in the OpenAPI specification).

The gateway's own address replaces the hosts that a document names. A base path is different: it is part of the URL that
callers use and of the path that the service receives. A document does not say whether something in front of the service
removes it; the Microservice does, in `spec.api.openAPI.basePath`, with the values of API Gateway's import.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from .document import Document, JsonPath, Object, listed

ADDRESS_LIMIT = 10_000  # of all servers of a document, with each value of their variables
ALTERNATIVES_LIMIT = 100  # values of all variables in one URL
LENGTH_LIMIT = 2000  # of a URL, of a value of a variable, and of the URL with the values
_VARIABLE = re.compile(r"\{([^{}]+)\}")
Address = tuple[str, str]  # origin, "" if it is relative; base path, "" if it is /


class _BadServer(Exception):
    """A server that cannot be read; the message continues a sentence about its URL."""


class Servers:
    """Reads the servers of one document."""

    def __init__(self, document: Document, base_path: str | None) -> None:
        """Read the servers of the document's root."""
        self._document = document
        self._base_path = base_path
        self._read: dict[JsonPath, str] = {}
        self._origins = {""}
        self._count = 0  # of addresses
        if base_path != "Ignore" and "servers" in document.root:
            self._origins |= {origin for origin, _ in self._addresses(document.root["servers"], ("servers",))}

    def base_path(self, levels: list[tuple[Object, JsonPath]]) -> str:
        """Return the base path, or ""; `levels` go from the operation to the document."""
        if self._base_path == "Ignore":
            return ""
        for level, place in levels:
            if "servers" in level:
                servers_place = (*place, "servers")
                if servers_place not in self._read:
                    self._read[servers_place] = self._of(level["servers"], servers_place)
                return self._read[servers_place]
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
            several = listed((path or "/" for path in paths), ", ")
            self._document.wrong(place, f"has the base paths {several}; keep one of them")
        return paths[-1]

    def _addresses(self, servers: Any, place: JsonPath) -> Iterator[Address]:
        if not isinstance(servers, list):
            self._document.wrong(place, "must be a list of servers")
            return
        for index, server in enumerate(servers):
            if self._count > ADDRESS_LIMIT or self._document.hopeless:
                return
            server_place = (*place, index)
            url = server.get("url") if isinstance(server, Mapping) else None
            if not isinstance(url, str):
                self._document.wrong(server_place, "must be a server with a url")
                continue
            try:
                addresses = [_address(each) for each in _written(url, server.get("variables"))]
            except _BadServer as error:
                self._document.wrong((*server_place, "url"), str(error))
                continue
            self._count += len(addresses)
            if self._count > ADDRESS_LIMIT:
                message = (
                    f"is beyond the {ADDRESS_LIMIT} addresses that the servers of a document may have; remove some, or"
                    " set spec.api.openAPI.basePath to Ignore"
                )
                self._document.wrong(server_place, message)
                return
            yield from addresses


def _written(url: str, variables: Any) -> Iterator[str]:
    """Yield the URL with the defaults of its variables, and with each other value.

    A value is not searched for variables: values that name each other would make a URL of any length. Raises _BadServer
    if a limit is exceeded, before anything is written.
    """
    if len(url) > LENGTH_LIMIT:
        raise _BadServer(f"has more than {LENGTH_LIMIT} characters; shorten it")
    parts = _VARIABLE.split(url)  # each second one is the name of a variable
    named = variables if isinstance(variables, Mapping) else {}
    declared = {name: named[name] for name in parts[1::2] if isinstance(named.get(name), Mapping)}
    defaults = {name: _value(of["default"], name) for name, of in declared.items() if "default" in of}
    enums = {name: of["enum"] for name, of in declared.items() if isinstance(of.get("enum"), list)}
    if sum(map(len, enums.values())) > ALTERNATIVES_LIMIT:
        raise _BadServer(f"has variables with more than {ALTERNATIVES_LIMIT} values; use fewer")
    others = [{**defaults, name: _value(value, name)} for name, values in enums.items() for value in values]
    for values in (defaults, *others):
        yield _filled(parts, values)


def _value(value: Any, name: str) -> str:
    if not isinstance(value, str | int):
        raise _BadServer(f"has the variable {name[:60]} with a value that is not text; put it in quotes")
    if isinstance(value, str) and len(value) > LENGTH_LIMIT:
        raise _BadServer(
            f"has the variable {name[:60]} with a value of more than {LENGTH_LIMIT} characters; shorten it"
        )
    return str(value)


def _filled(parts: list[str], values: Mapping[str, str]) -> str:
    filled = [values.get(part, f"{{{part}}}") if index % 2 else part for index, part in enumerate(parts)]
    if sum(map(len, filled)) > LENGTH_LIMIT:
        raise _BadServer(f"has more than {LENGTH_LIMIT} characters with the values of its variables; shorten them")
    return "".join(filled)


def _address(url: str) -> Address:
    """Split an address; raises _BadServer if it is not one."""
    wrong = _BadServer("is not an address of a server; write one such as https://api.example/v2, or /v2")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise wrong from None
    origin = f"{parts.scheme}://{parts.netloc}".lower() if parts.scheme or parts.netloc else ""
    path = "" if parts.path in (".", "./") else parts.path.rstrip("/")
    relative = path and not path.startswith("/")
    if "{" in url or "}" in url or parts.query or parts.fragment or "\\" in url or relative:
        raise wrong
    return origin, path
