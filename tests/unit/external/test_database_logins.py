"""Passwords in Secrets: of a service's Secret the operator accepts only what it generates, however it was written."""

import time
from base64 import b64encode
from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.api.parsing import Identity
from microservice_operator.database_connection import Login
from microservice_operator.desired.connection_secret import data_hash
from microservice_operator.errors import NeedsPerson
from microservice_operator.external.databases import Admins, _login
from microservice_operator.postgres.passwords import password


def encoded(**data: str) -> dict[str, str]:
    return {key: b64encode(value.encode()).decode() for key, value in data.items()}


class Clients:
    """A cluster with one Secret."""

    resync = 60.0

    def __init__(self, **data: str) -> None:
        annotations = {names.ANNOTATION_DATA_HASH: data_hash(encoded(**data))}
        self._secret = {"metadata": {"annotations": annotations}, "data": encoded(**data)}
        self.cluster = self.connection = self

    async def secret(self, _owner: Identity, _name: str) -> dict[str, Any]:
        return self._secret

    async def send(self, _verb: str, _path: str) -> dict[str, Any]:
        return self._secret


async def login(clear: str) -> Login | None:
    return _login(await Clients(username="role", password=clear).secret(Identity("shop", "order", "uid"), "order-db"))


async def test_a_generated_password_is_accepted() -> None:
    for _ in range(100):
        clear = password()
        assert await login(clear) == Login("role", clear)


@pytest.mark.parametrize(
    "clear",
    [
        "",
        "\0",
        "surprise",
        password() + "\n",
        password() + "x",
        password()[1:],
        password()[1:] + "é",
        password()[1:] + "٣",
        password()[1:] + "=",
        "é" + "a" * 700_000,
        "あ" * 230_000,
    ],
    ids=range(11),
)
async def test_any_other_password_counts_as_edited(clear: str) -> None:
    """Also if its author has written the hash of the content that the operator expects."""
    began = time.process_time()
    assert await login(clear) is None
    assert time.process_time() - began < 0.2


@pytest.mark.parametrize("key", ["username", "password"])
async def test_an_admin_login_has_a_bound(key: str) -> None:
    longest = {"username": "admin", "password": "p" * 1024}
    read = ("username", "password"), "the admin login of the shared PostgreSQL server"
    ref: Any = type("Ref", (), {"namespace": "platform", "name": "postgres"})
    assert await Admins(Clients(**longest))._secret(ref, *read) == longest  # type: ignore[arg-type]
    with pytest.raises(NeedsPerson) as refused:
        await Admins(Clients(**longest | {key: "é" * 513}))._secret(ref, *read)  # type: ignore[arg-type]
    assert f"has more than 1024 bytes under {key}; shorten it" in str(refused.value)
