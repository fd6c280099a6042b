"""Who may call an operation: its security, the authorization that applies, and whether it may be public."""

import json
from itertools import product
from typing import Any

import pytest

from microservice_operator.api.routes import API, APIGateway
from microservice_operator.errors import NeedsPerson
from microservice_operator.facts import Reason
from microservice_operator.openapi import routes, settings

from .rows import SCHEMES

Auth = dict[str, Any] | None
LISTENER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/a/b"
JWT: Auth = {"jwt": {"issuer": "https://login.example", "audiences": ["shop"]}}
NONE: Auth = {"none": True}
PUBLIC, ANY, SCOPE = "public", "any token", "a token with scope read"
NO_TOKENS = "GET /a must have a token, but neither spec.api.auth nor aws.apiGateway.auth of the Environment says"
NOT_ALLOWED = "GET /a may be public (security: []) only if spec.api.allowAnonymous is true; set it, or remove"

# Own authorization, the Environment's, and which of them applies.
EFFECTIVE: list[tuple[Auth, Auth, str]] = [
    (None, None, "missing"),
    (None, JWT, "jwt"),
    (None, NONE, "none"),
    (JWT, None, "jwt"),
    (JWT, JWT, "jwt"),
    (JWT, NONE, "jwt"),
    (NONE, None, "none"),
    (NONE, JWT, "none"),
    (NONE, NONE, "none"),
]

# Security of the operation and of the document, which authorization applies, whether anonymous callers are allowed, and
# who may call the route, or the message of a document that is refused.
CASES: list[tuple[Any, Any, str, bool, str]] = [
    (None, None, "missing", False, NO_TOKENS),
    (None, None, "missing", True, NO_TOKENS),
    (None, None, "jwt", False, ANY),
    (None, None, "jwt", True, ANY),
    (None, None, "none", False, PUBLIC),
    (None, None, "none", True, PUBLIC),
    ([], None, "missing", False, NOT_ALLOWED),
    ([], None, "missing", True, PUBLIC),
    ([], None, "jwt", False, NOT_ALLOWED),
    ([], None, "jwt", True, PUBLIC),
    ([], None, "none", False, PUBLIC),
    ([], None, "none", True, PUBLIC),
    ([{"oidc": []}], None, "missing", False, NO_TOKENS),
    ([{"oidc": []}], None, "missing", True, NO_TOKENS),
    ([{"oidc": []}], None, "jwt", False, ANY),
    ([{"oidc": []}], None, "jwt", True, ANY),
    ([{"oidc": []}], None, "none", False, PUBLIC),
    ([{"oidc": []}], None, "none", True, PUBLIC),
    ([{"oidc": ["read"]}], None, "missing", False, NO_TOKENS),
    ([{"oidc": ["read"]}], None, "missing", True, NO_TOKENS),
    ([{"oidc": ["read"]}], None, "jwt", False, SCOPE),
    ([{"oidc": ["read"]}], None, "jwt", True, SCOPE),
    ([{"oidc": ["read"]}], None, "none", False, PUBLIC),
    ([{"oidc": ["read"]}], None, "none", True, PUBLIC),
    # the document's own security is that of operations without any
    (None, [], "jwt", False, NOT_ALLOWED),
    (None, [], "jwt", True, PUBLIC),
    (None, [], "missing", False, NOT_ALLOWED),
    (None, [{"oidc": ["read"]}], "jwt", True, SCOPE),
    (None, [{"oidc": ["read"]}], "missing", True, NO_TOKENS),
    ([], [{"oidc": ["read"]}], "jwt", False, NOT_ALLOWED),
    ([], [{"oidc": ["read"]}], "jwt", True, PUBLIC),
    ([{"oidc": ["read"]}], [], "jwt", False, SCOPE),
    ([{"oidc": ["read"]}], [], "missing", True, NO_TOKENS),
]


def declared(own: Auth, environment: Auth, *, anonymous: bool) -> Any:
    """The settings of a Microservice."""
    ref = {"openAPI": {"configMapKeyRef": {"name": "openapi"}}}
    api = API.model_validate({**ref, "allowAnonymous": anonymous, **({"auth": own} if own else {})})
    gateway = {"name": "shop", "vpcLinkID": "abc", "listenerARN": LISTENER}
    return settings(api, APIGateway.model_validate({**gateway, **({"auth": environment} if environment else {})}))


def document(security: Any, of_the_document: Any) -> str:
    operation = {} if security is None else {"security": security}
    root = {} if of_the_document is None else {"security": of_the_document}
    paths: dict[str, Any] = {"/a": {"get": operation}}
    return json.dumps({"openapi": "3.1.0", "components": {"securitySchemes": SCHEMES}, "paths": paths, **root})


@pytest.mark.parametrize(
    ("case", "auth"),
    [(case, auth) for case, auth in product(CASES, EFFECTIVE) if case[2] == auth[2]],
    ids=lambda value: json.dumps(value)[:80],
)
def test_who_may_call(case: tuple[Any, Any, str, bool, str], auth: tuple[Auth, Auth, str]) -> None:
    security, of_the_document, _, anonymous, expected = case
    own, environment, _ = auth
    text, asked = document(security, of_the_document), declared(own, environment, anonymous=anonymous)
    if expected in (PUBLIC, ANY, SCOPE):
        (route,) = routes(text, asked)
        assert route.callers == expected
    else:
        with pytest.raises(NeedsPerson, match="GET /a") as refused:
            routes(text, asked)
        assert refused.value.reason == Reason.AUTH_MISSING
        assert str(refused.value).startswith(expected)


def test_without_an_environment_there_is_no_default() -> None:
    api = API.model_validate({"openAPI": {"configMapKeyRef": {"name": "openapi"}}})
    with pytest.raises(NeedsPerson, match="must have a token"):
        routes(document(None, None), settings(api, None))


def test_one_sentence_names_the_operations_of_each_kind() -> None:
    paths: dict[str, Any] = {f"/{name}": {"get": {}, "put": {"security": []}} for name in "ab"}
    with pytest.raises(NeedsPerson) as refused:
        routes(json.dumps({"openapi": "3.1.0", "paths": paths}), declared(None, None, anonymous=False))
    first, second, *rest = str(refused.value).split("; GET")[0].split("PUT /a, PUT /b")
    assert first.startswith("GET /a, GET /b must have a token")
    assert second.startswith(" may be public")
    assert rest == []
    many: dict[str, Any] = {f"/{number}": {"get": {}} for number in range(25)}
    with pytest.raises(NeedsPerson, match=r"GET /19 and 5 more must have a token"):
        routes(json.dumps({"openapi": "3.1.0", "paths": many}), declared(None, None, anonymous=False))


def test_other_offences_are_told_with_it() -> None:
    paths: dict[str, Any] = {"/a": {"get": {}}, "/b": {"trace": {}}}
    with pytest.raises(NeedsPerson) as refused:
        routes(json.dumps({"openapi": "3.1.0", "paths": paths}), declared(None, None, anonymous=False))
    assert refused.value.reason == Reason.INVALID_DOCUMENT
    assert "#/paths/~1a/get must have a token" in str(refused.value)
    assert "#/paths/~1b/trace" in str(refused.value)
