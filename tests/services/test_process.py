"""Startup and shutdown of a process: messages for invalid settings, and draining on SIGTERM."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from tests.services.customer import Shop
from tests.services.processes import Service, environment


@pytest.mark.parametrize(
    ("service", "variables", "message"),
    [
        ("user", {}, "DATABASE_URL: field required"),
        ("user", {"DATABASE_URL": "mysql://app:hunter2@db/x"}, "DATABASE_URL must look like postgresql://"),
        ("product", {"PRODUCTS_TABLE": "p", "RESERVATIONS_TABLE": "r"}, "AWS_REGION: field required"),
        ("order", {"DATABASE_URL": "postgresql://app:hunter2@db/x", "USER_URL": "hunter2"}, "USER_URL: string should"),
        ("user", {"DATABASE_URL": "postgresql://app:hunter2@db/x", "PORT": "http"}, "PORT: input should be"),
        ("user", {"API_AUTH_ISSUER": ""}, "API_AUTH_ISSUER: value error, set it to the https url of the token issuer"),
        ("order", {"API_AUTH_ISSUER": "http://x"}, "API_AUTH_ISSUER: value error, set it to the https url"),
        ("product", {"API_AUTH_AUDIENCES": " , "}, "API_AUTH_AUDIENCES: value error, set it to the accepted audiences"),
    ],
)
def test_startup_errors_name_the_variable_and_no_secret(
    service: str, variables: dict[str, str], message: str, tmp_path: Path
) -> None:
    started = subprocess.run(
        [sys.executable, "-m", f"{service}_service"],
        cwd=tmp_path,
        env=environment(service, **variables),
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode != 0
    assert message in started.stderr
    assert "hunter2" not in started.stdout + started.stderr
    assert list(tmp_path.iterdir()) == []


async def test_an_active_request_is_answered_after_sigterm(
    http: httpx2.AsyncClient, shop: Shop, start: Callable[..., Service]
) -> None:
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def slow_user_service(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await may_answer.wait()
        writer.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(slow_user_service, "127.0.0.1", 0) as server:
        user_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        calm = {"UPSTREAM_TIMEOUT_SECONDS": "60", "REQUEST_TIMEOUT_SECONDS": "60"}  # a busy machine drains slowly
        urls = {"USER_URL": user_url, "PRODUCT_URL": shop.product.url, **calm}
        order = start("order", DATABASE_URL=shop.orders.url, **urls).wait_until("/ready")
        body = {"customerId": str(uuid4()), "items": [{"productId": str(uuid4()), "quantity": 1}]}
        request = asyncio.create_task(http.post(f"{order.url}/orders", json=body))
        await asked.wait()

        order.process.terminate()
        while await _accepts(order):
            pass
        may_answer.set()

        assert (await request).status_code == 422
        await asyncio.to_thread(order.process.wait)
        assert order.log_lines[-1]["message"] != "service started"
        assert "service stopped" in {line["message"] for line in order.log_lines}
        assert "exception" not in order.log


async def _accepts(service: Service) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", service.port)
    except ConnectionError:  # refused, or reset while the socket closes
        return False
    writer.close()
    return True
