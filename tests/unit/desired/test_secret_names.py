"""No two Secrets of a namespace have the same name, and an existing Secret keeps its name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microservice_operator import names
from microservice_operator.api import parsing
from microservice_operator.errors import InvalidSpec
from tests.unit.desired.builders import IMAGE

WORD = st.from_regex(r"[a-c]([-a-c]{0,3}[a-c])?", fullmatch=True)
SPECIAL = st.sampled_from(["database", "owner", "a-database", "database-owner", "b-database-owner"])
NAME = st.one_of(WORD, SPECIAL, st.builds("{}-{}".format, WORD, SPECIAL))
PAIR = st.tuples(NAME, NAME)


def service(name: str, database: str, connection: str = "", there: tuple[str, ...] = (), made: str = "id") -> Any:
    """A Microservice whose status lists Secrets and its database."""
    recorded = [{"kind": "Secret", "name": secret} for secret in there]
    item: dict[str, Any] = {"name": database} | ({"connection": {"secretName": connection}} if connection else {})
    return parsing.microservice(
        {
            "metadata": {"name": name, "namespace": "shop", "uid": "uid"},
            "spec": {"image": IMAGE, "databases": [item]},
            "status": {"resources": [*recorded, {"kind": "Database", "name": database, "id": made}]},
        }
    )


def secrets(of: Any) -> tuple[str, str]:
    (database,) = of.spec.databases
    found: tuple[str, str] = of.database_secrets(database)
    return found


@given(one=PAIR, other=PAIR)
def test_different_databases_have_different_secrets(one: tuple[str, str], other: tuple[str, str]) -> None:
    first, second = names.database_secrets(*one), names.database_secrets(*other)
    assert len(set(first)) == 2
    assert one == other or not set(first) & set(second)


@given(one=PAIR, other=PAIR)
def test_with_a_connection_of_its_own_it_is_in_nobodys_way(one: tuple[str, str], other: tuple[str, str]) -> None:
    _, owner = names.database_secrets(*one, "mine")
    assert one == other or owner not in names.database_secrets(*other)


def test_names_without_a_second_meaning_are_as_they_were() -> None:
    assert secrets(service("a-b", "c")) == ("a-b-c-database", "a-b-c-database-owner")
    assert secrets(service("a", "b-c")) == ("a.b-c-database", "a.b-c-database-owner")


@pytest.mark.parametrize(
    ("connection", "former"),
    [("", ("a-b-c-database", "a-b-c-database-owner")), ("mine", ("mine", "a-b-c-database-owner"))],
)
def test_secrets_that_are_there_keep_their_names(connection: str, former: tuple[str, str]) -> None:
    assert secrets(service("a", "b-c", connection, there=former)) == former


def test_those_of_a_database_that_never_was_made_get_out_of_the_way() -> None:
    stuck = service("a", "b-c", there=("a-b-c-database", "a-b-c-database-owner"), made="")
    assert secrets(stuck) == ("a.b-c-database", "a.b-c-database-owner")


@pytest.mark.parametrize("name", ["order-orders-database-owner", "order.orders-database-owner"])
def test_the_service_is_not_given_the_secret_of_the_owner(name: str) -> None:
    with pytest.raises(InvalidSpec, match=r"connection\.secretName is the name of the schema owner's Secret"):
        service("order", "orders", name)


def test_its_own_default_may_be_written_out() -> None:
    assert secrets(service("order", "orders", "order-orders-database"))[0] == "order-orders-database"
