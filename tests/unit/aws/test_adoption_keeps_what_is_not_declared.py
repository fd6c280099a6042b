"""An adopted resource keeps every field that the spec does not declare."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.api.parsing import Identity
from microservice_operator.api.stores import Database, Table
from microservice_operator.aws.dynamodb.desired import DesiredTable, table_fields
from microservice_operator.aws.dynamodb.desired import unsaid as table_unsaid
from microservice_operator.aws.dynamodb.fields import TABLE
from microservice_operator.aws.dynamodb.scaling import READ, Target, Tracked
from microservice_operator.aws.engine.decide import Desired, Keep, Modify, Observed, Phase, decide
from microservice_operator.aws.engine.fields import ResourceSchema
from microservice_operator.aws.engine.rules import Bounds
from microservice_operator.aws.engine.tags import Tag
from microservice_operator.aws.rds.desired import DesiredInstance, Network, instance_fields
from microservice_operator.aws.rds.desired import unsaid as instance_unsaid
from microservice_operator.aws.rds.fields import INSTANCE
from microservice_operator.aws.rds.responses import Major
from microservice_operator.ownership import Owner
from microservice_operator.resources import Consent

OWNER = Owner("cluster", Identity("shop", "order", "uid"))
ALLOWED = Consent(allowed=True, item="yes")
SCALED = Target("", READ)
OLD_TABLE: Mapping[str, Any] = {
    "name": "legacy",
    "keys": (("id", "S"),),
    "local_indexes": {},
    "global_indexes": {},
    "tags": {"team": "old"},
    "key": None,
    "encryption": "theirs",
    "billing": "PROVISIONED",
    "capacity": (7, 3),
    "index_capacity": {},
    "unscaled": {SCALED: Bounds(7, 70)},
    "scaling": {SCALED: Bounds(7, 70)},
    "tracking": {SCALED: Tracked(50.0, "theirs")},
    "stream": "NEW_IMAGE",
    "time_to_live": "expires",
    "recovery": True,
    "protection": True,
}
OLD_INSTANCE: Mapping[str, Any] = {
    "identifier": "legacy",
    "engine": "postgres",
    "encrypted": True,
    "key": "theirs",
    "vpc": "vpc-1",
    "subnet_group": "theirs",
    "port": 5432,
    "tags": {"team": "old"},
    "public": False,
    "protection": True,
    "managed_password": True,
    "minor_upgrades": True,
    "copy_tags": True,
    "security_groups": frozenset({"sg-1"}),
    "parameter_group": "tuned",
    "retention": 35,
    "backup_window": "07:12-07:42",
    "maintenance_window": "wed:09:11-wed:09:41",
    "max_storage": 1000,
    "lifecycle": "open-source-rds-extended-support",
    "major": Major(16),
    "class": "db.r6g.4xlarge",
    "multi_az": True,
    "storage": 300,
    "storage_type": "io2",
    "waiting": frozenset(),
    "restart": False,
}
# what an author may add to a bare declaration, and what becomes of the thing by it
SAID_OF_TABLES: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...] = (
    ({}, {}),
    (
        {"billingMode": "PayPerRequest"},
        {"billing": "PAY_PER_REQUEST", "unscaled": {}, "scaling": {}, "tracking": {}},
    ),
    ({"streamViewType": "KeysOnly"}, {"stream": "KEYS_ONLY"}),
    ({"timeToLiveAttribute": "ttl"}, {"time_to_live": "ttl"}),
    ({"pointInTimeRecovery": False}, {"recovery": False}),
    ({"deletionProtection": False}, {"protection": False}),
)
SAID_OF_INSTANCES: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...] = (
    ({}, {}),
    ({"size": "small"}, {"class": "db.t4g.small"}),
    ({"highAvailability": False}, {"multi_az": False}),
    ({"backup": {}}, {}),
    ({"backup": {"retentionDays": 7}}, {"retention": 7}),
    ({"backup": {"window": "02:00-03:00"}}, {"backup_window": "02:00-03:00"}),
    ({"storage": {}}, {}),
    ({"storage": {"size": "400Gi"}}, {"storage": 400}),
    ({"storage": {"type": "gp3"}}, {"storage_type": "gp3"}),
    ({"storage": {"maxSize": "500Gi"}}, {"max_storage": 500}),
    ({"extendedSupport": True}, {}),
    ({"extendedSupport": False}, {"lifecycle": "open-source-rds-extended-support-disabled"}),
    ({"parameters": {"work_mem": "1"}}, {"parameter_group": "ours"}),
    ({"maintenance": {"window": "sun:03:00-sun:04:00"}}, {"maintenance_window": "sun:03:00-sun:04:00"}),
)


def table(said: Mapping[str, Any], tags: Mapping[str, str] | None = None) -> Desired:
    adopt = {"name": "products", "partitionKey": {"name": "id"}, "adopt": {"name": "legacy"}}
    spec = Table.model_validate({**adopt, **said})
    fields = table_fields(OWNER, DesiredTable(spec, tags or {}), "legacy")
    return Desired("products", OWNER, fields, adoption=ALLOWED, unsaid=table_unsaid(spec))


def instance(said: Mapping[str, Any], tags: Mapping[str, str] | None = None) -> Desired:
    spec = Database.model_validate({"name": "orders", "adopt": {"identifier": "legacy"}, **said})
    network = Network("vpc-1", frozenset({"subnet-1"}), "sg-pods")
    wanted = DesiredInstance(spec, tags or {}, network=network, instance_class="db.t4g.small")
    fields = instance_fields(OWNER, wanted, "legacy", "snapshot")
    fields |= {"security_groups": frozenset({"sg-ours"}), "parameter_group": "ours"}
    return Desired("orders", OWNER, fields, adoption=ALLOWED, unsaid=instance_unsaid(spec))


def taken_over(kind: ResourceSchema, desired: Desired, there: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """What becomes of a thing, step by step, and what the steps say."""
    fields: dict[str, Any] = dict(there)
    changes: list[str] = []
    for _ in range(20):
        decision = decide(kind, desired, Observed("arn", Phase.READY, fields, fields["tags"]))
        if isinstance(decision, Keep):
            return fields, changes
        assert isinstance(decision, Modify), decision
        changes.append(decision.step.what)
        for name, value in decision.step.changes.items():
            if isinstance(value, Tag):
                fields["tags"] = {**fields["tags"], **value.tags}
            elif name == "unscaled":
                left = {target: bounds for target, bounds in fields["unscaled"].items() if target != value}
                fields |= {"unscaled": left, "scaling": left, "tracking": {}}
            else:
                fields[name] = value
    raise AssertionError(fields)


OURS = {"security_groups": frozenset({"sg-ours"})}  # not for the spec to say: who reaches it


@pytest.mark.parametrize(("said", "becomes"), SAID_OF_TABLES, ids=str)
def test_a_table_changes_by_what_is_said_and_by_nothing_else(
    said: Mapping[str, Any], becomes: Mapping[str, Any]
) -> None:
    after, _ = taken_over(TABLE, table(said), OLD_TABLE)
    assert {**after, "tags": {}} == {**OLD_TABLE, **becomes, "tags": {}}


@pytest.mark.parametrize(("said", "becomes"), SAID_OF_INSTANCES, ids=str)
def test_an_instance_changes_by_what_is_said_and_by_nothing_else(
    said: Mapping[str, Any], becomes: Mapping[str, Any]
) -> None:
    after, _ = taken_over(INSTANCE, instance(said), OLD_INSTANCE)
    assert {**after, "tags": {}} == {**OLD_INSTANCE, **OURS, **becomes, "tags": {}}


def test_what_keeps_data_may_only_grow_by_a_default() -> None:
    bare = {**OLD_TABLE, "recovery": False, "protection": False}
    assert taken_over(TABLE, table({}), bare)[0].items() >= {"recovery": True, "protection": True}.items()
    assert taken_over(INSTANCE, instance({}), {**OLD_INSTANCE, "retention": 1})[0]["retention"] == 7


def test_the_first_step_marks_it_and_tells_what_stays() -> None:
    after, changes = taken_over(TABLE, table({}), OLD_TABLE)
    assert changes[0] == (
        "adopting it; capacity, billingMode, streamViewType, timeToLiveAttribute stays unchanged until it is declared"
    )
    assert after["tags"].items() >= {**OWNER.marks, names.TAG_ADOPTED: "true", "team": "old"}.items()


def test_a_default_that_is_written_out_is_another_word() -> None:
    """Both desired states are equal, but only one spec declares the field, so they share no cached result."""
    bare, said = ({"name": "orders", "adopt": {"identifier": "legacy"}, **more} for more in ({}, {"size": "small"}))
    assert Database.model_validate(bare) == Database.model_validate(said)
    assert instance_unsaid(Database.model_validate(bare)) != instance_unsaid(Database.model_validate(said))


def test_what_was_made_is_as_the_spec_says_or_does_not_say() -> None:
    spec = Table.model_validate({"name": "products", "partitionKey": {"name": "id"}})
    assert table_unsaid(spec) == frozenset()
    assert instance_unsaid(Database.model_validate({"name": "orders"})) == frozenset()
    made = replace(table({}), adoption=None, unsaid=frozenset())
    there = {**OLD_TABLE, "tags": dict(made.fields["tags"])}
    assert taken_over(TABLE, made, there)[0]["stream"] is None
