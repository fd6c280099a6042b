"""PURE: determines who may call an operation, as far as one JWT authorizer of API Gateway can check it.

A route has one authorizer and up to ten scopes, of which a token needs one ("AuthorizationScopes" in the API Gateway V2
API Reference). In OpenAPI, requirements are alternatives, and one requirement may need several schemes ("Security
Requirement Object"). What a route cannot express exactly is refused, never weakened.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from .document import Document, JsonPath, Object, listed
from .routes import Checks

SCOPE_LIMIT = 10  # "Scopes per route" in "Quotas for configuring and running an HTTP API in API Gateway"
SCOPE_LENGTH = 64
CHOICE_LIMIT = 100  # alternatives of one operation
WORD_LIMIT = 100  # schemes of one alternative, and scopes of one scheme
Who = tuple[bool, tuple[str, ...]]  # whether it is public; scopes, of which one is needed

_SCOPED = ("oauth2", "openIdConnect")
_TYPES = ("apiKey", "http", "mutualTLS", *_SCOPED)
_AUTHORIZERS = ("x-amazon-apigateway-authorizer", "x-amazon-apigateway-authtype")
_NO_WORD: Who = (False, ())  # a gateway that checks tokens requires one


class Security:
    """Reads the security of the operations of one document."""

    def __init__(self, document: Document, checks: Checks) -> None:
        """Prepare; the document's own requirements are read when an operation needs them."""
        self._document = document
        self._checks = checks
        self._read: dict[JsonPath, Who] = {}
        self._scheme: JsonPath | None = None

    def of(self, operation: Object, place: JsonPath) -> Who:
        """Return who may call an operation, by its own security or else the document's."""
        if "security" in operation:
            requirements, security_place = operation["security"], (*place, "security")
        elif "security" in self._document.root:
            requirements, security_place = self._document.root["security"], ("security",)
        else:
            return _NO_WORD
        if security_place not in self._read:
            self._read[security_place] = self._of(requirements, security_place)
        return self._read[security_place]

    def _of(self, requirements: Any, place: JsonPath) -> Who:
        if not isinstance(requirements, list) or not all(isinstance(choice, Mapping) for choice in requirements):
            self._document.wrong(place, "must be a list of security requirements, empty for a public operation")
            return _NO_WORD
        if len(requirements) > CHOICE_LIMIT:
            self._document.wrong(place, f"has more than {CHOICE_LIMIT} alternatives; use fewer")
            return _NO_WORD
        choices = [list(self._schemes(choice, (*place, index))) for index, choice in enumerate(requirements)]
        if not requirements or self._checks is Checks.NOTHING:
            return True, ()
        if not all(requirements):
            message = (
                "makes the token optional with {}, but a route of API Gateway requires a token or checks none; remove"
                " {}, or write security: [] for a public operation"
            )
            self._document.wrong(place, message)
            return _NO_WORD
        if self._checks is Checks.UNSAID:  # the operation is refused anyway
            return _NO_WORD
        scopes = [self._scopes(choice, (*place, index)) for index, choice in enumerate(choices)]
        together = tuple(sorted({scope for each in scopes for scope in each})) if all(scopes) else ()
        if len(together) > SCOPE_LIMIT:
            self._document.wrong(place, f"has more than {SCOPE_LIMIT} scopes, the limit of one route in AWS; use fewer")
        return False, together

    def _schemes(self, choice: Object, place: JsonPath) -> Iterator[tuple[str, Object, JsonPath, list[str]]]:
        """Yield the schemes of one requirement: name, scheme, place of the scheme, scopes."""
        components = self._document.root.get("components")
        schemes = components.get("securitySchemes") if isinstance(components, Mapping) else None
        if len(choice) > WORD_LIMIT:
            self._document.wrong(place, f"requires more than {WORD_LIMIT} schemes; use fewer")
            return
        for name, scopes in choice.items():
            if not isinstance(schemes, Mapping) or name not in schemes:
                message = "is not in components.securitySchemes; add it there"
                self._document.wrong((*place, name), message)
                continue
            scheme_place: JsonPath = ("components", "securitySchemes", name)
            resolved = self._document.object_at(schemes[name], scheme_place, "a security scheme")
            if resolved is None:
                continue
            scheme, scheme_place = resolved
            if scheme.get("type") not in _TYPES:
                self._document.wrong((*scheme_place, "type"), f"must be one of {', '.join(_TYPES)}")
            elif not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
                self._document.wrong((*place, name), "must be a list of scopes")
            elif len(scopes) > WORD_LIMIT:
                self._document.wrong((*place, name), f"has more than {WORD_LIMIT} scopes; use fewer")
            else:
                yield name, scheme, scheme_place, scopes

    def _scopes(self, choice: list[tuple[str, Object, JsonPath, list[str]]], place: JsonPath) -> tuple[str, ...]:
        """Return the scopes that one alternative requires."""
        if len(choice) > 1:
            names = listed((name for name, *_ in choice), " and ")
            message = f"requires {names} together, but API Gateway checks only one token; require one of them"
            self._document.wrong(place, message)
            return ()
        for name, scheme, scheme_place, scopes in choice:
            self._check_scheme(scheme, scheme_place, (*place, name))
            self._check_scopes(scheme, scopes, (*place, name))
            return tuple(scopes)
        return ()

    def _check_scheme(self, scheme: Object, scheme_place: JsonPath, place: JsonPath) -> None:
        kind = scheme["type"]
        if kind == "http":
            kind = f"http {str(scheme.get('scheme'))[:40]}"
        authorizers = [name for name in _AUTHORIZERS if name in scheme]
        if kind not in _SCOPED and kind.lower() != "http bearer":
            message = (
                f"requires a scheme of type {kind}, which a JWT authorizer of API Gateway does not check; use "
                "oauth2, openIdConnect or http bearer, or set spec.api.auth.none if the service itself checks"
            )
            self._document.wrong(place, message)
        elif authorizers:
            message = "names an authorizer, but the operator creates the one of spec.api.auth; remove it"
            self._document.wrong((*scheme_place, authorizers[0]), message)
        elif self._scheme not in (None, scheme_place):
            message = (
                "requires another scheme than other operations, but one JWT authorizer cannot distinguish their"
                " tokens; use one scheme everywhere, with scopes"
            )
            self._document.wrong(place, message)
        else:
            self._scheme = scheme_place

    def _check_scopes(self, scheme: Object, scopes: list[str], place: JsonPath) -> None:
        if scopes and scheme["type"] not in _SCOPED:
            message = "has roles, which API Gateway does not check; use a scheme oauth2 or openIdConnect, with scopes"
            self._document.wrong(place, message)
        elif len(scopes) > 1:
            names = listed(scopes, " and ")
            message = (
                f"requires {names} together, but API Gateway accepts a token with either; require one scope that "
                "includes all of them"
            )
            self._document.wrong(place, message)
        for scope in scopes:
            if not 1 <= len(scope) <= SCOPE_LENGTH or len(scope.split()) != 1 or scope.strip() != scope:
                message = f"has a scope that is not one word of 1 to {SCOPE_LENGTH} characters; rename it"
                self._document.wrong(place, message)
