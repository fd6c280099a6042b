"""The gateway's pure functions: routing, route tables, CORS, and the storefront's forms and status."""

from typing import Any

import pytest

from gateway_service import header_mapping
from gateway_service.cors import Cors, preflight, with_cors_headers
from gateway_service.messages import ProxyRequest, ProxyResponse
from gateway_service.route_table import SERVICE_PARAMETER, TAG_CLUSTER, TAG_ENVIRONMENT, build_route_table, select_api
from gateway_service.routing import Route, has_dot_segments, match
from gateway_service.storefront.forms import InvalidQuantity, entered
from gateway_service.storefront.system_status import TAG_NAME as NAME
from gateway_service.storefront.system_status import TAG_NAMESPACE as NAMESPACE
from gateway_service.storefront.system_status import Breaker, Queue, parse_breakers, parse_queues
from microservice_operator import names
from microservice_operator.aws.apigateway.integrations import HEADER
from shop_shared.tokens import Trust

# The first block is the example of "Routing API requests" in the AWS documents.
KEYS = (
    "GET /pets/dog/1",
    "GET /pets/dog/{id}",
    "GET /pets/{proxy+}",
    "ANY /{proxy+}",
    "$default",
)
SHOP = (
    "GET /orders",
    "POST /orders",
    "GET /orders/{orderId}",
    "ANY /orders/{orderId}/notes",
    "GET /a%20b/{x}",
    "GET /",
)


@pytest.mark.parametrize(
    ("keys", "request_line", "expected"),
    [
        (KEYS, "GET /pets/dog/1", "GET /pets/dog/1"),
        (KEYS, "GET /pets/dog/2", "GET /pets/dog/{id}"),
        (KEYS, "GET /pets/cat/1", "GET /pets/{proxy+}"),
        (KEYS, "POST /test/5", "ANY /{proxy+}"),
        (KEYS, "POST /", "$default"),
        (SHOP, "GET /orders", "GET /orders"),
        (SHOP, "POST /orders", "POST /orders"),
        (SHOP, "DELETE /orders", None),
        (SHOP, "HEAD /orders", None),
        (SHOP, "GET /orders/", None),
        (SHOP, "GET /orders/1", "GET /orders/{orderId}"),
        (SHOP, "GET /orders/a%2Fb", "GET /orders/{orderId}"),
        (SHOP, "GET /orders/1/notes", "ANY /orders/{orderId}/notes"),
        (SHOP, "GET /orders/1/2/3", None),
        (SHOP, "GET /a b/1", "GET /a%20b/{x}"),
        (SHOP, "GET /", "GET /"),
        (SHOP, "GET //orders", None),
        (("GET /a/{x+}",), "GET /a/", None),
        (("GET /a/{x+}",), "GET /a", None),
        (("GET /{x}/b", "GET /a/{x}"), "GET /a/b", "GET /a/{x}"),
        (("ANY /a", "GET /{x}"), "GET /a", "ANY /a"),
        (("ANY /a", "GET /a"), "GET /a", "GET /a"),
        ((), "GET /", None),
    ],
)
def test_the_most_specific_route_is_selected(keys: tuple[str, ...], request_line: str, expected: str | None) -> None:
    method, path = request_line.split(" ", 1)
    for order in (keys, tuple(reversed(keys))):
        found = match([Route(key, "order.shop") for key in order], method, path)
        assert (found.key if found else None) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/a/../b", True), ("/a/%2e%2E/b", True), ("/.", True), ("/a/..b", False), ("/a.b/c", False), ("/...", False)],
)
def test_dot_segments_are_detected_in_any_encoding(path: str, expected: bool) -> None:
    assert has_dot_segments(path) is expected


def test_tags_and_headers_equal_those_of_the_operator() -> None:
    """The gateway's image does not contain the operator, so it defines its own constants."""
    assert (TAG_CLUSTER, TAG_ENVIRONMENT) == (names.TAG_CLUSTER, names.TAG_ENVIRONMENT)
    assert (NAMESPACE, NAME) == (names.TAG_NAMESPACE, names.TAG_NAME)
    assert SERVICE_PARAMETER == HEADER


def test_the_older_api_with_the_environments_tags_is_selected() -> None:
    def api(id_: str, made: str, environment: str = "local", cluster: str = "c1") -> dict[str, Any]:
        return {"ApiId": id_, "CreatedDate": made, "Tags": {TAG_ENVIRONMENT: environment, TAG_CLUSTER: cluster}}

    listed = [api("young", "2026-02"), api("old", "2026-01"), api("other", "2025-01", "prod"), {"ApiId": "bare"}]
    assert (select_api(listed, "local", "") or {})["ApiId"] == "old"
    assert (select_api(listed, "local", "c1") or {})["ApiId"] == "old"
    assert select_api(listed, "local", "c2") is None
    assert select_api([], "local", "") is None


def test_a_route_table_contains_services_and_authorizers() -> None:
    integrations: list[dict[str, Any]] = [
        {"IntegrationId": "i1", "RequestParameters": {SERVICE_PARAMETER: "order.shop"}},
        {"IntegrationId": "i2", "RequestParameters": {SERVICE_PARAMETER: "evil.example.com/x?"}},
        {"IntegrationId": "i3"},
    ]
    authorizers = [
        {"AuthorizerId": "a1", "JwtConfiguration": {"Issuer": "https://i.example", "Audience": ["shop", "admin"]}}
    ]
    asks = {"AuthorizationType": "JWT", "AuthorizerId": "a1", "AuthorizationScopes": ["orders:write"]}
    routes: list[dict[str, Any]] = [
        {"RouteKey": "POST /orders", "Target": "integrations/i1", **asks},
        {"RouteKey": "GET /orders", "Target": "integrations/i1", "AuthorizationType": "NONE"},
        {"RouteKey": "GET /a", "Target": "integrations/i2"},
        {"RouteKey": "GET /b", "Target": "integrations/i3"},
        {"RouteKey": "GET /c"},
        {"RouteKey": "GET /d", "Target": "integrations/i1", "AuthorizationType": "JWT", "AuthorizerId": "gone"},
        {"RouteKey": "GET /e", "Target": "integrations/i1", "AuthorizationType": "AWS_IAM"},
    ]
    cors = {"AllowOrigins": ["https://shop.example"], "MaxAge": 60}
    found = build_route_table({"ApiId": "api", "CorsConfiguration": cors}, routes, integrations, authorizers)

    by_key = {route.key: route for route in found.routes}
    accepts = Trust("https://i.example", frozenset({"shop", "admin"}))
    assert by_key["POST /orders"] == Route("POST /orders", "order.shop", True, accepts, frozenset({"orders:write"}))
    assert by_key["GET /orders"] == Route("GET /orders", "order.shop")
    assert [by_key[f"GET /{letter}"].service for letter in "abc"] == ["", "", ""]
    assert [(by_key[f"GET /{letter}"].requires_token, by_key[f"GET /{letter}"].authorizer) for letter in "de"] == [
        (True, None),
        (True, None),
    ]
    assert found.cors == Cors(origins=("https://shop.example",), max_age=60)
    assert found.audiences("https://i.example") == frozenset({"shop", "admin"})
    assert found.audiences("https://other.example") == frozenset()


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [
        (("*",), "https://a.example", "*"),
        (("https://*",), "https://a.example", "https://a.example"),
        (("https://*",), "http://a.example", None),
        (("https://a.example",), "https://A.example", "https://A.example"),
        (("https://a.example",), "https://a.example.evil", None),
        (("https://a.example:8443",), "https://a.example", None),
        (("*",), "", None),
    ],
)
def test_cors_headers_depend_on_the_origin(origins: tuple[str, ...], origin: str, allowed: str | None) -> None:
    cors = Cors(origins, ("GET", "POST"), ("authorization",), max_age=60)
    headers = (("origin", origin), ("access-control-request-method", "POST")) if origin else ()
    answer = ProxyResponse(200, (("access-control-allow-origin", "https://of-the-service"), ("etag", "1")))

    shown = dict(with_cors_headers(cors, ProxyRequest("GET", "/", headers=headers), answer).headers)
    assert shown.get("access-control-allow-origin") == allowed
    assert shown["etag"] == "1"
    if origin:
        asked = preflight(cors, ProxyRequest("OPTIONS", "/", headers=headers))
        assert asked
        assert asked.status == 204
        assert dict(asked.headers).get("access-control-allow-methods") == ("GET,POST" if allowed else None)


def test_without_cors_configuration_responses_are_unchanged() -> None:
    call = ProxyRequest("OPTIONS", "/", headers=(("origin", "https://a"), ("access-control-request-method", "GET")))
    assert preflight(None, call) is None
    answer = ProxyResponse(200, (("access-control-allow-origin", "*"),))
    assert with_cors_headers(None, call, answer) == answer


def test_circuit_breakers_are_parsed_from_metrics() -> None:
    metrics = (
        "# HELP circuit_breaker_state 0 closed, 1 half-open, 2 open\n# TYPE circuit_breaker_state gauge\n"
        'circuit_breaker_state{upstream="user"} 0.0\ncircuit_breaker_state{upstream="product"} 2.0\n'
        "# TYPE up gauge\nup 1\n"
    )
    assert parse_breakers(metrics) == [Breaker("product", "open"), Breaker("user", "closed")]
    assert parse_breakers("") == []


def test_dead_letters_are_counted_in_their_queue() -> None:
    def queue(name: str, waiting: int, **attributes: str) -> dict[str, Any]:
        counts = {
            "ApproximateNumberOfMessages": str(waiting),
            "ApproximateNumberOfMessagesNotVisible": "2",
            "ApproximateNumberOfMessagesDelayed": "0",
        }
        tags = {NAMESPACE: "shop", NAME: "order"}
        return {"QueueArn": f"arn:aws:sqs:us-east-1:1:{name}", "tags": tags, **counts, **attributes}

    redrive = '{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:1:shop-order-order-events-dead-0000aaaa"}'
    found = parse_queues(
        [
            queue("shop-order-order-events-dead-0000aaaa", 3),
            queue("shop-order-order-events-1234abcd", 7, RedrivePolicy=redrive),
            queue("shop-order-mails-1234abce", 0),
        ]
    )
    assert found == [Queue("order", "mails", 0, 2, 0, None), Queue("order", "order-events", 7, 2, 0, 3)]


A, B = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"


def test_quantities_are_parsed_from_the_form() -> None:
    form = {f"quantity-{A}": "2", f"quantity-{B}": "", "key": "k"}
    assert {str(product): quantity for product, quantity in entered(form).items()} == {A: 2, B: 0}


CLAIM = "$context.authorizer.claims."


@pytest.mark.parametrize(
    ("parameters", "claims", "received"),
    [
        ({"overwrite:header.x-caller": f"{CLAIM}sub"}, {"sub": "ada"}, [("x-caller", "ada")]),
        ({"overwrite:header.X-Caller": f"{CLAIM}sub"}, {"sub": "ada"}, [("x-caller", "ada")]),
        ({"overwrite:header.x-caller": f"{CLAIM}sub"}, {}, []),
        ({"overwrite:header.x-caller": f"{CLAIM}sub"}, {"sub": "a\r\nx-admin: 1"}, []),
        ({"overwrite:header.x-caller": f"{CLAIM}groups"}, {"groups": ["a", "b"]}, [("x-caller", '["a", "b"]')]),
        ({"overwrite:header.x-caller": "fixed"}, {}, [("x-caller", "fixed")]),
        ({"overwrite:header.x-caller": "$request.header.x-other"}, {}, []),
        ({"remove:header.x-caller": "''"}, {"sub": "ada"}, []),
        ({"append:header.x-caller": "more"}, {}, [("x-caller", "forged"), ("x-caller", "twice"), ("x-caller", "more")]),
        ({"append:header.x-caller": f"{CLAIM}sub"}, {}, []),
        ({"overwrite:path": "/other"}, {}, [("x-caller", "forged"), ("x-caller", "twice")]),
    ],
)
def test_a_header_is_mapped_as_the_integration_says(
    parameters: dict[str, str], claims: dict[str, Any], received: list[tuple[str, str]]
) -> None:
    request = ProxyRequest("GET", "/", headers=(("x-caller", "forged"), ("accept", "*/*"), ("x-caller", "twice")))
    headers = header_mapping.apply(header_mapping.parse(parameters), request, claims).headers
    assert [header for header in headers if header[0] == "x-caller"] == received
    assert ("accept", "*/*") in headers


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({f"quantity-{A}": "two"}, "not a whole number"),
        ({"quantity-lamp": "1"}, "not a whole number"),
        ({f"quantity-{A}": "-1"}, "not between 0 and 1000"),
        ({f"quantity-{A}": "1001"}, "not between 0 and 1000"),
    ],
)
def test_an_invalid_form_gives_a_remedy(form: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidQuantity, match=message):
        entered(form)
