"""A deleted or edited Secret triggers a reconciliation of its owner, although no watch shows Secrets."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.cluster.api_client import Connection, configuration
from microservice_operator.cluster.child_cache import Children
from microservice_operator.cluster.kinds import SECRET
from microservice_operator.cluster.secret_poll import SecretPoll

from .namespace import Namespace
from .stage import Stage

NAME = "order-orders-database"


def secret(namespace: Namespace, password: str, **labels: str) -> dict[str, Any]:
    data = {"password": base64.b64encode(password.encode()).decode()}
    metadata = {"name": NAME, "namespace": namespace.name, "labels": labels}
    return {"metadata": metadata, "data": data}


@pytest.fixture
async def asked(
    stage: Stage, namespace: Namespace, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[asyncio.Queue[tuple[str, str]]]:
    """Owners that are requeued while a poll runs with the operator's rights."""
    monkeypatch.setenv("KUBECONFIG", str(stage.folder / "operator.kubeconfig"))
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    children = Children(heard.put_nowait)
    label = {names.LABEL_MICROSERVICE: "order"}
    children.wrote(SECRET.kind, stage.api.create(SECRET, secret(namespace, "first", **label)))
    connection = Connection(await configuration(), 1)
    poll = asyncio.create_task(SecretPoll(connection, children, shortest=0.2).run())
    yield heard
    poll.cancel()
    with suppress(asyncio.CancelledError):
        await poll
    await connection.close()


async def test_edited_unlabelled_and_deleted(
    stage: Stage, namespace: Namespace, asked: asyncio.Queue[tuple[str, str]]
) -> None:
    owner = (namespace.name, "order")
    await asyncio.sleep(1)
    assert asked.empty(), "an unchanged Secret enqueues nothing"
    stage.api.merge(SECRET, (namespace.name, NAME), secret(namespace, "edited"))
    assert await asyncio.wait_for(asked.get(), 30) == owner
    # one that loses the label that says whose it is, is its owner's all the same
    stage.api.merge(SECRET, (namespace.name, NAME), {"metadata": {"labels": {names.LABEL_MICROSERVICE: None}}})
    assert await asyncio.wait_for(asked.get(), 30) == owner
    stage.api.delete(SECRET, namespace.name, NAME)
    assert await asyncio.wait_for(asked.get(), 30) == owner
    await asyncio.sleep(1)
    assert asked.empty(), "one that is gone is not looked for any more"
