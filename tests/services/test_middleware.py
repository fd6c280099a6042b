"""The behaviour that all services share: problem details, limits, metrics."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.services.customer import Shop


@pytest.fixture(params=["user", "product", "order"])
def url(request: pytest.FixtureRequest, shop: Shop) -> str:
    service: str = request.param
    return str(getattr(shop, service).url) + f"/{service}s"


@pytest.mark.parametrize(
    ("request_line", "body", "status", "kind"),
    [
        ("GET /no/such/path", b"", 404, "not-found"),
        ("DELETE ", b"", 405, "method-not-allowed"),
        ("GET /not-a-uuid", b"", 422, "invalid-request"),
        ("POST ", b"", 422, "invalid-request"),
        ("POST ", b"{", 400, "bad-request"),
        ("POST ", b"null", 422, "invalid-request"),
        ("POST ", b'{"name": "\\ud800", "email": "\\ud800@a.b"}', 422, "invalid-request"),
        ("POST ", b'{"name": "\x80"}', 400, "bad-request"),
        ("POST ", b" " * 70_000, 413, "content-too-large"),
    ],
)
async def test_an_error_is_a_problem(
    request_line: str, body: bytes, status: int, kind: str, url: str, http: httpx2.AsyncClient
) -> None:
    method, path = request_line.split(" ")
    answer = await http.request(method, url + path, content=body, headers={"content-type": "application/json"})

    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:shop:problem:{kind}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["detail"]
    assert len(answer.json()["traceId"]) == 32


@pytest.mark.parametrize("path", ["/ganymede", "?cursor=ganymede", "?limit=ganymede"])
async def test_a_problem_never_quotes_the_client(path: str, url: str, http: httpx2.AsyncClient) -> None:
    read = await http.get(url + path)
    written = await http.post(url, json={"name": "ganymede\u202e", "email": "ganymede", "price": "ganymede", "g m": 1})
    assert (read.status_code, written.status_code) == (422, 422)
    for answer in (read, written):
        assert "ganymede" not in answer.text
        assert "found `" not in answer.text
        assert "g m" not in answer.text
        assert "pattern" not in answer.text


@pytest.mark.parametrize("body", [b"x" * 70_000, None])
async def test_a_too_long_body_has_one_type(body: bytes | None, url: str, http: httpx2.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(70):
            yield b"x" * 1_000

    answer = await http.post(url, content=body or chunks(), headers={"content-type": "application/json"})
    shown = (answer.status_code, answer.json()["type"], answer.json()["title"])
    assert shown == (413, "urn:shop:problem:content-too-large", "Content Too Large")


async def test_head_is_answered_like_get(url: str, http: httpx2.AsyncClient) -> None:
    query = {"customerId": "00000000-0000-0000-0000-000000000000"}
    answer = await http.head(url, params=query)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


async def test_a_long_body_of_unknown_length_is_rejected(url: str, http: httpx2.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(80):
            yield b" " * 1_000

    answer = await http.post(url, content=chunks(), headers={"content-type": "application/json"})

    assert answer.status_code == 413
    assert "65536 bytes" in answer.json()["detail"]


async def test_metrics_count_requests_by_route(url: str, http: httpx2.AsyncClient) -> None:
    await http.get(f"{url}/00000000-0000-0000-0000-000000000000")
    metrics = (await http.get(str(httpx2.URL(url).join("/metrics")))).text
    assert 'http_requests_total{handler="/' in metrics
    assert "00000000-0000" not in metrics
    assert 'handler="/metrics"' not in metrics


async def test_the_openapi_document_contains_problems_and_no_probes(url: str, http: httpx2.AsyncClient) -> None:
    contract = (await http.get(str(httpx2.URL(url).join("/openapi.json")))).json()
    for path, operations in contract["paths"].items():
        assert path not in {"/health", "/ready", "/metrics"}
        for operation in operations.values():
            assert list(operation["responses"]["422"]["content"]) == ["application/problem+json"]
