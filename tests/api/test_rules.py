"""Every rule in the API server: it refuses the bad object with the rule's message, and accepts the good one."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.server import Refused, Server
from tests.unit.api.examples import ChangeExample, RuleExample, change_examples, resource, rule_examples
from tests.unit.api.test_networks import METADATA, NETWORK, NETWORKS
from tests.unit.api.test_networks import resource as calling

Create = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.mark.parametrize("example", rule_examples(), ids=lambda example: example.message[:50])
def test_rule_at_creation(server: Server, example: RuleExample) -> None:
    server.create(example.good, dry_run=True)
    with pytest.raises(Refused) as refused:
        server.create(example.bad, dry_run=True)
    assert example.message in str(refused.value)


@pytest.mark.parametrize(
    "example",
    [example for example in rule_examples() if example.bad["metadata"] == example.good["metadata"]],
    ids=lambda example: example.message[:50],
)
def test_rule_at_update(server: Server, stored: Create, example: RuleExample) -> None:
    version = stored(example.good)["metadata"]["resourceVersion"]
    with pytest.raises(Refused) as refused:
        server.replace(at_version(example.bad, version))
    assert example.message in str(refused.value)


def at_version(body: dict[str, Any], version: str) -> dict[str, Any]:
    """The object as a replacement of the one that has this version."""
    return {**body, "metadata": {**body["metadata"], "resourceVersion": version}}


@pytest.mark.parametrize("example", change_examples(), ids=lambda example: example.message[:50])
def test_change(server: Server, stored: Create, example: ChangeExample) -> None:
    stored(example.old)
    with pytest.raises(Refused) as refused:
        server.merge(example.bad, {"spec": example.bad["spec"]})
    assert example.message in str(refused.value)
    server.merge(example.good, {"spec": {"tables": None, **example.good["spec"]}})


@pytest.mark.parametrize("example", change_examples(), ids=lambda example: example.message[:50])
def test_writing_the_whole_spec_anew_does_not_walk_around_a_change_rule(
    server: Server, stored: Create, example: ChangeExample
) -> None:
    version = stored(example.old)["metadata"]["resourceVersion"]
    with pytest.raises(Refused) as refused:
        server.replace(at_version(example.bad, version))
    assert example.message in str(refused.value)


def test_a_table_may_be_removed_and_declared_again(server: Server, stored: Create) -> None:
    """CEL sees only the previous object; afterwards the reconciler compares the spec with the existing table."""
    first = resource({"tables": [{"name": "products", "partitionKey": {"name": "id"}}]})
    stored(first)
    assert "tables" not in server.merge(first, {"spec": {"tables": None}})["spec"]
    server.merge(first, {"spec": {"tables": [{"name": "products", "partitionKey": {"name": "number"}}]}})


def test_the_keys_of_maps_are_checked(server: Server) -> None:
    for bad in ({"tags": {"a#b": "x"}}, {"tags": {"k" * 128: "x"}}, {"nodeSelector": {"k" * 254: "x"}}):
        with pytest.raises(Refused, match="a key is too long"):
            server.create(resource(bad), dry_run=True)


def test_networks(server: Server) -> None:
    for cidr, wrong in NETWORKS.items():
        if not wrong:
            server.create(calling(cidr), dry_run=True)
            continue
        with pytest.raises(Refused, match=wrong if wrong in (NETWORK, METADATA) else "should match"):
            server.create(calling(cidr), dry_run=True)
