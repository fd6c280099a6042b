"""The gateway as a process: routes that the operator's code creates, tokens, limits and errors."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
import yaml

from tests.services.aws_resources import ENVIRONMENT, ClusterlessOperator, clusterless_operator
from tests.services.conftest import CREDENTIALS, REGION
from tests.services.issuer import Issuer, running_issuer
from tests.services.processes import Service

LOCAL = "https://gateway.shop.test"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
Start = Callable[..., Service]


@dataclass
class Echo:
    """A service that returns each request. The path selects its behaviour."""

    url: str = ""
    received: list[dict[str, Any]] = field(default_factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with_body = await _request(reader)
        self.received.append(with_body)
        path = with_body["target"].partition("?")[0]
        if path == "/things/hangs":
            await reader.read()  # until the caller closes the connection
        if path in {"/things/hangs", "/things/breaks-off"}:
            writer.close()
            return
        body = b"x" * 11_000_000 if path == "/things/huge" else json.dumps(with_body).encode()
        head = (
            "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n"
            "access-control-allow-origin: *\r\nx-private: 1\r\nconnection: close, x-private\r\n"
            f"content-length: {len(body)}\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\nserver: echo\r\n"
        )
        sent_back = dict(with_body["headers"]).get("x-bytes", "")
        writer.write(head.encode() + b"x-bytes: " + sent_back.encode("latin-1") + b"\r\n\r\n")
        writer.write(b"" if with_body["method"] == "HEAD" else body)
        await writer.drain()
        writer.close()


async def _request(reader: asyncio.StreamReader) -> dict[str, Any]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = [(name.lower(), value) for name, value in (line.split(": ", 1) for line in lines)]
    length = int(dict(headers).get("content-length", "0"))
    body = (await reader.readexactly(length)).decode()
    return {"method": method, "target": target, "headers": headers, "body": body}


@pytest.fixture(scope="module")
async def echo() -> AsyncIterator[Echo]:
    served = Echo()
    server = await asyncio.start_server(served, "127.0.0.1", 0)
    served.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield served
    server.close()


@pytest.fixture(scope="module")
async def operator(aws_url: str) -> AsyncIterator[ClusterlessOperator]:
    with clusterless_operator(aws_url) as side:
        yield side


@pytest.fixture(scope="module")
async def issuer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Issuer]:
    async with running_issuer(tmp_path_factory.mktemp("issuer")) as running:
        yield running


THINGS: dict[str, Any] = {
    "/things": {"get": {}, "post": {}, "head": {}},
    "/things/{thingId}": {"get": {}},
    "/files/{path+}": {"get": {}},
}
SECRETS: dict[str, Any] = {
    "/secrets": {"get": {}, "post": {"security": [{"oidc": ["secrets:write"]}, {"oidc": ["admin"]}]}},
    "/secrets/open": {"get": {"security": []}},
}


def document(paths: dict[str, Any]) -> str:
    schemes = {"oidc": {"type": "openIdConnect", "openIdConnectUrl": "https://unused.example"}}
    return yaml.safe_dump({"openapi": "3.1.0", "components": {"securitySchemes": schemes}, "paths": paths})


def spec(name: str, issuer: str = "") -> dict[str, Any]:
    jwt = {"jwt": {"issuer": issuer, "audiences": ["shop", "admin"]}} if issuer else {"none": True}
    api = {"openAPI": {"configMapKeyRef": {"name": f"{name}-openapi"}}, "auth": jwt, "allowAnonymous": True}
    return {"image": f"{name}:1", "api": api}


@pytest.fixture(scope="module")
async def gateway(aws_url: str, echo: Echo, issuer: Issuer, operator: ClusterlessOperator, start: Start) -> Service:
    await operator.provide("things", spec("things"), document(THINGS))
    await operator.provide("secrets", spec("secrets", issuer.url), document(SECRETS))
    local = {path.replace("secrets", "local"): item for path, item in SECRETS.items()}
    await operator.provide("local", spec("local", LOCAL), document(local))
    await operator.provide("lost", spec("lost"), document({"/lost": {"get": {}}}))
    addresses = {f"{name}.shop": echo.url for name in ("things", "secrets", "local")}
    addresses["lost.shop"] = "http://127.0.0.1:9"
    return start(
        "gateway",
        ENVIRONMENT=ENVIRONMENT,
        AWS_REGION=REGION,
        AWS_ENDPOINT_URL=aws_url,
        LOCAL_ISSUER=LOCAL,
        SSL_CERT_FILE=str(issuer.authority),
        SERVICE_ADDRESSES=json.dumps(addresses),
        REQUEST_TIMEOUT_SECONDS="2",
        REFRESH_SECONDS="0.2",
        **CREDENTIALS,
    ).wait_until("/ready")


async def until(found: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(600):
        if await found():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("not within 30 seconds")


async def test_a_request_is_forwarded_unchanged(http: httpx2.AsyncClient, gateway: Service, echo: Echo) -> None:
    answer = await http.post(
        f"{gateway.url}/things?a=1&b=%20x&a=2",
        content=b'{"n": 1}',
        headers={
            "content-type": "application/json",
            "idempotency-key": "k",
            "connection": "close, x-hop",
            "x-hop": "1",
            "te": "trailers",
            "x-microservice": "forged.shop",
            "x-request-timeout-ms": "999999",
            "accept-encoding": "identity",
            "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01",
        },
    )

    received = answer.json()
    headers = dict(received["headers"])
    assert (received["method"], received["target"], received["body"]) == ("POST", "/things?a=1&b=%20x&a=2", '{"n": 1}')
    assert headers["idempotency-key"] == "k"
    assert headers["host"] == echo.url.removeprefix("http://")
    assert headers["x-microservice"] == "things.shop"
    assert headers["accept-encoding"] == "identity"
    assert headers["traceparent"].split("-")[1] == TRACE
    assert 0 < int(headers["x-request-timeout-ms"]) <= 2000
    assert (headers["x-forwarded-for"], headers["x-forwarded-proto"]) == ("127.0.0.1", "http")
    assert headers["x-forwarded-host"] == gateway.url.removeprefix("http://")
    assert not {"x-hop", "te"} & headers.keys()
    assert len(headers) == len(received["headers"])


async def test_a_response_is_returned_unchanged(http: httpx2.AsyncClient, gateway: Service) -> None:
    answer = await http.get(f"{gateway.url}/things/a%2Fb")
    assert answer.status_code == 201
    assert answer.json()["target"] == "/things/a%2Fb"
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert not {"x-private", "access-control-allow-origin"} & answer.headers.keys()
    greedy = await http.get(f"{gateway.url}/files/a/b%20c/d")
    assert greedy.json()["target"] == "/files/a/b%20c/d"
    head = await http.head(f"{gateway.url}/things")
    assert (head.status_code, head.content) == (201, b"")
    assert int(head.headers["content-length"]) > 0


@pytest.mark.parametrize("byte", [*range(0x21, 0x7F), *range(0x80, 0x100)])
async def test_every_byte_of_a_header_reaches_the_service_and_the_caller(
    byte: int, http: httpx2.AsyncClient, gateway: Service
) -> None:
    value = bytes([byte, 0x20, byte])
    answer = await http.get(f"{gateway.url}/things", headers=[(b"x-bytes", value)])
    assert answer.status_code == 201
    assert dict(answer.json()["headers"])["x-bytes"] == value.decode("latin-1")
    assert [sent for name, sent in answer.headers.raw if name.lower() == b"x-bytes"] == [value]


async def test_a_header_with_a_del_byte_is_the_same_through_the_gateway(
    http: httpx2.AsyncClient, gateway: Service
) -> None:
    """0x7F is no part of a header value (RFC 9110, 5.5): it must not become a 500."""
    answer = await http.get(f"{gateway.url}/things", headers=[(b"x-bytes", b"a\x7fb")])
    assert answer.status_code in {201, 400}


async def test_an_answer_has_one_date_and_no_server(http: httpx2.AsyncClient, gateway: Service) -> None:
    answer = await http.get(f"{gateway.url}/things")
    assert len(answer.headers.get_list("date")) == 1
    assert "1970" not in answer.headers["date"]
    assert "server" not in answer.headers


async def test_probes_and_metrics_have_a_port_of_their_own(http: httpx2.AsyncClient, gateway: Service) -> None:
    for path in ("/health", "/ready", "/metrics"):
        assert (await http.get(gateway.management_url + path)).status_code == 200
    assert 'http_requests_total{handler="' in (await http.get(f"{gateway.management_url}/metrics")).text
    for path in ("/health", "/ready", "/metrics", "/openapi.json"):
        answer = await http.get(gateway.url + path)
        assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})
    assert (await http.get(f"{gateway.management_url}/things")).status_code == 404


async def test_a_route_may_have_the_path_of_a_probe(
    http: httpx2.AsyncClient, gateway: Service, operator: ClusterlessOperator
) -> None:
    async def routed() -> bool:
        return (await http.get(f"{gateway.url}/health")).status_code == 201

    await operator.provide("things", spec("things"), document({**THINGS, "/health": {"get": {}}}))
    await until(routed)
    assert (await http.get(f"{gateway.management_url}/health")).json() == {"status": "alive"}
    await operator.provide("things", spec("things"), document(THINGS))


async def test_a_service_that_hangs_leaves_connections_to_the_others(
    http: httpx2.AsyncClient, gateway: Service, aws_url: str, echo: Echo, start: Start
) -> None:
    assert gateway  # has the routes
    addresses = {"things.shop": echo.url, "local.shop": echo.url}
    second = start(
        "gateway",
        ENVIRONMENT=ENVIRONMENT,
        AWS_REGION=REGION,
        AWS_ENDPOINT_URL=aws_url,
        SERVICE_ADDRESSES=json.dumps(addresses),
        MAX_CALLS_PER_SERVICE="2",
        REQUEST_TIMEOUT_SECONDS="30",
        **CREDENTIALS,
    )
    await asyncio.to_thread(second.wait_until, "/ready")
    before = len(echo.received)
    hanging = [asyncio.create_task(http.get(f"{second.url}/things/hangs")) for _ in range(2)]
    while len(echo.received) < before + 2:  # noqa: ASYNC110  (the echo changes it)
        await asyncio.sleep(0.02)
    refused = await http.get(f"{second.url}/things")
    other = await http.get(f"{second.url}/local/open")
    assert (refused.status_code, refused.json()) == (503, {"message": "Service Unavailable"})
    assert other.status_code == 201
    second.stop()
    await asyncio.gather(*hanging, return_exceptions=True)


async def test_the_gateway_starts_a_trace_if_the_caller_has_none(http: httpx2.AsyncClient, gateway: Service) -> None:
    trace = dict((await http.get(f"{gateway.url}/things")).json()["headers"])["traceparent"].split("-")[1]
    lines = [line for line in gateway.log_lines if line["traceId"] == trace]
    (forwarded,) = [line for line in lines if line["message"] == "request forwarded"]
    assert (forwarded["routeKey"], forwarded["to"], forwarded["status"]) == ("GET /things", "things.shop", 201)


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("GET /nothing", 404),
        ("DELETE /things", 404),
        ("GET /things/", 404),
        ("GET /things/a/b", 404),
        ("GET /files/%2e%2e/things", 400),
        ("GET /lost", 502),
        ("GET /things/breaks-off", 502),
        ("GET /things/hangs", 504),
        ("GET /things/huge", 500),
        ("GET /secrets", 401),
    ],
)
async def test_a_gateway_error_has_api_gateways_wording(
    request_line: str, status: int, http: httpx2.AsyncClient, gateway: Service
) -> None:
    method, path = request_line.split(" ")
    answer = await http.request(method, gateway.url + path)
    assert (answer.status_code, answer.json()) == (status, {"message": httpx2.codes.get_reason_phrase(status)})
    assert answer.headers["content-type"] == "application/json"


async def test_a_too_long_body_is_not_forwarded(http: httpx2.AsyncClient, gateway: Service, echo: Echo) -> None:
    before = len(echo.received)
    answer = await http.post(f"{gateway.url}/things", content=b"x" * 10_485_761)
    assert answer.status_code == 413
    assert len(echo.received) == before
    longest = await http.post(f"{gateway.url}/things", content=b"x" * 9_000_000)
    assert longest.status_code == 201


async def test_cors_headers_follow_the_api_configuration(http: httpx2.AsyncClient, gateway: Service) -> None:
    asks = {"origin": "https://shop.example", "access-control-request-method": "POST"}
    preflight = await http.options(f"{gateway.url}/secrets", headers=asks)
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (204, "https://shop.example")
    assert "idempotency-key" in preflight.headers["access-control-allow-headers"]
    for status, path in ((201, "/things"), (401, "/secrets")):
        answer = await http.get(gateway.url + path, headers={"origin": "https://shop.example"})
        shown = (answer.status_code, answer.headers["access-control-allow-origin"])
        assert shown == (status, "https://shop.example")
    elsewhere = await http.get(f"{gateway.url}/things", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in elsewhere.headers


GOOD = {"aud": "shop", "scope": "secrets:write other"}


@pytest.mark.parametrize(
    ("changes", "method", "status"),
    [
        ({}, "GET", 201),
        ({}, "POST", 201),
        ({"aud": ["other", "admin"]}, "GET", 201),
        ({"aud": None, "client_id": "shop"}, "GET", 201),
        ({"aud": None}, "GET", 401),
        ({"aud": "other"}, "GET", 401),
        ({"aud": "other", "client_id": "shop"}, "GET", 401),
        ({"iss": "https://other.example"}, "GET", 401),
        ({"exp": -1}, "GET", 401),
        ({"exp": None}, "GET", 401),
        ({"nbf": 60}, "GET", 401),
        ({"iat": 60}, "GET", 401),
        ({"scope": None}, "GET", 201),
        ({"scope": None}, "POST", 403),
        ({"scope": "secrets"}, "POST", 403),
        ({"scope": None, "scp": ["admin"]}, "POST", 201),
    ],
)
async def test_a_token_is_checked_point_by_point(
    changes: dict[str, Any], method: str, status: int, http: httpx2.AsyncClient, gateway: Service, issuer: Issuer
) -> None:
    headers = {"authorization": f"Bearer {issuer.token(**{**GOOD, **changes})}"}
    answer = await http.request(method, f"{gateway.url}/secrets", headers=headers)
    assert answer.status_code == status
    if status >= 400:
        assert answer.json() == {"message": httpx2.codes.get_reason_phrase(status)}
        assert answer.headers["www-authenticate"].startswith("Bearer")
    else:
        assert dict(answer.json()["headers"])["authorization"] == headers["authorization"]


async def test_claims_replace_the_headers_that_a_caller_sent(
    http: httpx2.AsyncClient, gateway: Service, issuer: Issuer
) -> None:
    """The mappings are those of the operator's integrations: one for routes with a token, one for those without."""
    sent = {"x-caller-subject": "forged", "X-Caller-Scopes": "shop:admin"}
    token = {"authorization": f"Bearer {issuer.token(**GOOD, sub='ada')}"}

    async def received(path: str, headers: dict[str, str]) -> dict[str, str]:
        return dict((await http.get(gateway.url + path, headers=headers)).json()["headers"])

    with_token = await received("/secrets", sent | token)
    assert (with_token["x-caller-subject"], with_token["x-caller-scopes"]) == ("ada", GOOD["scope"])
    without_scopes = {"authorization": f"Bearer {issuer.token(aud='shop', sub='ada')}"}
    assert "x-caller-scopes" not in await received("/secrets", sent | without_scopes)
    for public in ("/things", "/secrets/open"):
        assert not {"x-caller-subject", "x-caller-scopes"} & (await received(public, sent | token)).keys()


async def test_unsigned_and_forged_tokens_are_rejected(
    http: httpx2.AsyncClient, gateway: Service, issuer: Issuer
) -> None:
    forged = (
        *(issuer.unsigned(**GOOD), issuer.signed_by_another(**GOOD), issuer.with_public_key_as_secret(**GOOD)),
        *("Bearer", "Bearer x", "Basic YTpi", f"Bearer {issuer.token(**GOOD)}x"),
    )
    for given in forged:
        value = given if given.split(" ")[0] in {"Bearer", "Basic"} else f"Bearer {given}"
        answer = await http.get(f"{gateway.url}/secrets", headers={"authorization": value})
        assert answer.status_code == 401, given
    bare = await http.get(f"{gateway.url}/secrets", headers={"authorization": issuer.token(**GOOD)})
    assert bare.status_code == 201
    assert (await http.get(f"{gateway.url}/secrets/open")).status_code == 201


async def test_keys_are_not_fetched_for_every_token(http: httpx2.AsyncClient, gateway: Service, issuer: Issuer) -> None:
    async def status() -> int:
        headers = {"authorization": f"Bearer {issuer.token(**GOOD)}"}
        return (await http.get(f"{gateway.url}/secrets", headers=headers)).status_code

    assert await status() == 201
    fetched = issuer.fetched
    for _ in range(5):
        await status()
        headers = {"authorization": f"Bearer {issuer.signed_by_another(**GOOD)}"}
        await http.get(f"{gateway.url}/secrets", headers=headers)
    assert issuer.fetched - fetched <= 1


async def test_the_local_issuer_gives_tokens_that_its_routes_accept(http: httpx2.AsyncClient, gateway: Service) -> None:
    document = (await http.get(f"{gateway.url}/.well-known/openid-configuration")).json()
    assert document["issuer"] == LOCAL
    keys = (await http.get(gateway.url + document["jwks_uri"].removeprefix(LOCAL))).json()["keys"]
    assert [key.keys() & {"d", "p", "q"} for key in keys] == [set()]
    where = gateway.url + document["token_endpoint"].removeprefix(LOCAL)
    given = (await http.post(where, data={"subject": "somebody", "scope": "secrets:write"})).json()
    headers = {"authorization": f"{given['token_type']} {given['access_token']}"}
    for method, path, status in (("GET", "/local", 201), ("POST", "/local", 201), ("GET", "/secrets", 401)):
        assert (await http.request(method, gateway.url + path, headers=headers)).status_code == status
    plain = (await http.post(where, data={"subject": "somebody"})).json()["access_token"]
    for method, status in (("GET", 201), ("POST", 403)):
        headers = {"authorization": f"Bearer {plain}"}
        assert (await http.request(method, f"{gateway.url}/local", headers=headers)).status_code == status


async def test_routes_follow_the_operators_changes(
    http: httpx2.AsyncClient, gateway: Service, operator: ClusterlessOperator
) -> None:
    async def status(path: str) -> int:
        return (await http.get(gateway.url + path)).status_code

    async def moved() -> bool:
        return await status("/things/new/place") == 201 and await status("/files/x") == 404

    assert await status("/things/new/place") == 404
    changed = {path: item for path, item in THINGS.items() if not path.startswith("/files")}
    await operator.provide("things", spec("things"), document({**changed, "/things/{thingId}/place": {"get": {}}}))
    await until(moved)
    await operator.provide("things", spec("things"), document(THINGS))


async def test_routes_outlive_an_api_gateway_outage(
    http: httpx2.AsyncClient, aws_url: str, echo: Echo, operator: ClusterlessOperator, start: Start
) -> None:
    await operator.provide("things", spec("things"), document(THINGS))
    target = httpx2.URL(aws_url).port or 0
    open_connections: list[asyncio.StreamWriter] = []

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
        writer.close()

    async def door(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", target)
        open_connections.extend((writer, back))
        await asyncio.gather(pipe(reader, back), pipe(there, writer), return_exceptions=True)

    server = await asyncio.start_server(door, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    second = start(
        "gateway",
        ENVIRONMENT=ENVIRONMENT,
        AWS_REGION=REGION,
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
        SERVICE_ADDRESSES=json.dumps({"things.shop": echo.url}),
        REFRESH_SECONDS="0.1",
        **CREDENTIALS,
    )
    await asyncio.to_thread(second.wait_until, "/ready")
    server.close()
    for connection in open_connections:
        connection.close()

    async def noticed() -> bool:
        return "cannot read the routes" in second.log

    await until(noticed)
    assert (await http.get(f"{second.url}/things")).status_code == 201
    assert (await http.get(f"{second.management_url}/ready")).status_code == 200
    # without LOCAL_ISSUER there is neither an issuer nor a storefront
    for path in ("/.well-known/openid-configuration", "/shop", "/"):
        assert (await http.get(second.url + path)).json() == {"message": "Not Found"}
    second.stop()


async def test_the_gateway_is_unready_before_the_first_refresh(http: httpx2.AsyncClient, start: Start) -> None:
    aws = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_REGION": REGION, **CREDENTIALS}
    blind = await asyncio.to_thread(start("gateway", **aws).wait_until, "/health")
    assert (await http.get(f"{blind.management_url}/ready")).status_code == 503
    answer = await http.get(f"{blind.url}/things")
    assert (answer.status_code, answer.json()) == (503, {"message": "Service Unavailable"})
    blind.stop()


def test_an_invalid_issuer_stops_the_startup_with_a_message(start: Start) -> None:
    wrong = start("gateway", AWS_REGION=REGION, LOCAL_ISSUER="http://plain.example")
    assert wrong.process.wait() != 0
    assert "LOCAL_ISSUER: string should match" in wrong.log
