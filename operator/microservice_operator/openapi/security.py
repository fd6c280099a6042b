"""PURE: who may call an operation, as far as one JWT authorizer of API Gateway can tell.

A route names one authorizer and up to ten scopes, of which a token needs one ("AuthorizationScopes" in the API Gateway
V2 API Reference). "Security Requirement Object" in the OpenAPI specification: requirements are alternatives, what one
of them names is asked for together. What a route cannot keep exactly is refused, never weakened.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from .document import Document, JsonPath, Object
from .routes import Checks

SCOPE_LIMIT = 10  # "Scopes per route" in "Quotas for configuring and running an HTTP API in API Gateway"
SCOPE_LENGTH = 64
Who = tuple[bool, tuple[str, ...]]  # public; scopes, of which one is needed

_SCOPED = ("oauth2", "openIdConnect")
_TYPES = ("apiKey", "http", "mutualTLS", *_SCOPED)
_AUTHORIZERS = ("x-amazon-apigateway-authorizer", "x-amazon-apigateway-authtype")
_NO_WORD: Who = (False, ())  # a gateway that checks tokens asks for one


class Security:
    """The security of the operations of one document."""

    def __init__(self, document: Document, checks: Checks) -> None:
        """Look at the document's own requirements when an operation asks for them."""
        self._document = document
        self._checks = checks
        self._read: dict[JsonPath, Who] = {}
        self._scheme: JsonPath | None = None

    def of(self, operation: Object, place: JsonPath) -> Who:
        """Who may call an operation; the document's security counts where it has none of its own."""
        if "security" in operation:
            asked, at = operation["security"], (*place, "security")
        elif "security" in self._document.root:
            asked, at = self._document.root["security"], ("security",)
        else:
            return _NO_WORD
        if at not in self._read:
            self._read[at] = self._of(asked, at)
        return self._read[at]

    def _of(self, asked: Any, place: JsonPath) -> Who:
        if not isinstance(asked, list) or not all(isinstance(choice, Mapping) for choice in asked):
            self._document.wrong(place, "must be a list of security requirements, empty for a public operation")
            return _NO_WORD
        choices = [list(self._schemes(choice, (*place, at))) for at, choice in enumerate(asked)]
        if not all(asked) or not asked or self._checks is Checks.NOTHING:
            return True, ()
        if self._checks is Checks.UNSAID:
            message = (
                "asks for security, and without spec.api.auth the gateway would let everybody pass; set auth.jwt, "
                "or auth.none where the service itself checks"
            )
            self._document.wrong(place, message)
            return _NO_WORD
        scopes = [self._scopes(choice, (*place, at)) for at, choice in enumerate(choices)]
        together = tuple(sorted({scope for each in scopes for scope in each})) if all(scopes) else ()
        if len(together) > SCOPE_LIMIT:
            self._document.wrong(
                place, f"names more than {SCOPE_LIMIT} scopes, which is what one route of AWS takes; name fewer"
            )
        return False, together

    def _schemes(self, choice: Object, place: JsonPath) -> Iterator[tuple[str, Object, JsonPath, list[str]]]:
        """What is asked for together: name, scheme, where the scheme is written, scopes."""
        components = self._document.root.get("components")
        schemes = components.get("securitySchemes") if isinstance(components, Mapping) else None
        for name, scopes in choice.items():
            if not isinstance(schemes, Mapping) or name not in schemes:
                message = "names a scheme that components.securitySchemes does not have; add it there"
                self._document.wrong((*place, name), message)
                continue
            at: JsonPath = ("components", "securitySchemes", name)
            found = self._document.object_at(schemes[name], at, "a security scheme")
            if found is None:
                continue
            scheme, at = found
            if scheme.get("type") not in _TYPES:
                self._document.wrong((*at, "type"), f"must be one of {', '.join(_TYPES)}")
            elif not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
                self._document.wrong((*place, name), "must be a list of scopes")
            else:
                yield name, scheme, at, scopes

    def _scopes(self, choice: list[tuple[str, Object, JsonPath, list[str]]], place: JsonPath) -> tuple[str, ...]:
        """The scope that one alternative asks for, if it does."""
        if len(choice) > 1:
            names = " and ".join(name for name, *_ in choice)[:200]
            message = f"asks for {names} together, and API Gateway checks one token; ask for one of them"
            self._document.wrong(place, message)
            return ()
        for name, scheme, at, scopes in choice:
            self._check_scheme(scheme, at, (*place, name))
            self._check_scopes(scheme, scopes, (*place, name))
            return tuple(scopes)
        return ()

    def _check_scheme(self, scheme: Object, at: JsonPath, place: JsonPath) -> None:
        kind = scheme["type"]
        if kind == "http":
            kind = f"http {str(scheme.get('scheme'))[:40]}"
        authorizers = [name for name in _AUTHORIZERS if name in scheme]
        if kind not in _SCOPED and kind.lower() != "http bearer":
            message = (
                f"asks for a scheme of type {kind}, which a JWT authorizer of API Gateway does not check; ask for "
                "oauth2, openIdConnect or http bearer, or set spec.api.auth.none where the service itself checks"
            )
            self._document.wrong(place, message)
        elif authorizers:
            message = "names an authorizer, and the operator makes that of spec.api.auth; remove it"
            self._document.wrong((*at, authorizers[0]), message)
        elif self._scheme not in (None, at):
            message = (
                "asks for another scheme than other operations do, and one JWT authorizer cannot tell their tokens "
                "apart; ask for one scheme everywhere, and for scopes"
            )
            self._document.wrong(place, message)
        else:
            self._scheme = at

    def _check_scopes(self, scheme: Object, scopes: list[str], place: JsonPath) -> None:
        if scopes and scheme["type"] not in _SCOPED:
            message = "names roles, which API Gateway does not check; use a scheme oauth2 or openIdConnect, with scopes"
            self._document.wrong(place, message)
        elif len(scopes) > 1:
            names = " and ".join(scopes)[:200]
            message = (
                f"asks for {names} together, and API Gateway admits a token with either; ask for one scope that stands "
                "for all of them"
            )
            self._document.wrong(place, message)
        for scope in scopes:
            if not 1 <= len(scope) <= SCOPE_LENGTH or len(scope.split()) != 1 or scope.strip() != scope:
                message = f"names a scope that is no word of 1 to {SCOPE_LENGTH} characters; rename it"
                self._document.wrong(place, message)
