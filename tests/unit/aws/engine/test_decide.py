"""The decision as a table: desired state, observed state, next step."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microservice_operator import names
from microservice_operator.api.parsing import Identity
from microservice_operator.aws.dynamodb.fields import TABLE
from microservice_operator.aws.engine.decide import (
    Create,
    Decision,
    Delete,
    Desired,
    Keep,
    Modify,
    Observed,
    Phase,
    Refuse,
    Step,
    Wait,
    decide,
    decide_removal,
)
from microservice_operator.aws.engine.fields import Field, Reasons, ResourceSchema, differences
from microservice_operator.aws.engine.rules import (
    Bounds,
    Effect,
    at_least,
    disable_before_change,
    exact,
    ignore_after_create,
    immutable,
    one_at_a_time,
    recreate_to_change,
    settings,
    within,
)
from microservice_operator.aws.engine.tags import Tag, desired_tags, owned_tags
from microservice_operator.aws.iam.roles import ASSOCIATION, ROLE
from microservice_operator.aws.messaging.fields import DEAD_LETTER_QUEUE, QUEUE, TOPIC
from microservice_operator.aws.rds.fields import INSTANCE, PARAMETER_GROUP, SECURITY_GROUP, SUBNET_GROUP
from microservice_operator.facts import Reason
from microservice_operator.ownership import Owner
from microservice_operator.resources import Consent, Removal

OWNER = Owner("cluster", Identity("shop", "order", "uid-1"))
THING = ResourceSchema(
    "Thing",
    (
        Field("engine", immutable("restore it"), "engine"),
        Field("tags", owned_tags, "tags"),
        Field("size", exact, "size", step="hardware"),
        Field("units", within, "capacity", step="hardware"),
        Field("storage", at_least, "storage.size"),
        Field("mode", disable_before_change, "mode"),
        Field("zone", ignore_after_create, "zone"),
    ),
    Reasons(
        creating=Reason.TABLE_CREATING,
        created=Reason.TABLE_CREATED,
        updating=Reason.TABLE_UPDATING,
        deleting=Reason.TABLE_DELETING,
        deleted=Reason.TABLE_DELETED,
        retained=Reason.TABLE_RETAINED,
        lost=Reason.TABLE_LOST,
        unusable=Reason.TABLE_UNUSABLE,
    ),
)
WANTED: dict[str, Any] = {
    "engine": "postgres",
    "tags": desired_tags(OWNER, {}),
    "size": "small",
    "units": (Bounds(2, 5),),
    "storage": 20,
    "mode": "A",
    "zone": None,
}
THERE: dict[str, Any] = {**WANTED, "units": (3,), "storage": 25, "zone": "b"}
DESIRED = Desired("orders", OWNER, WANTED, at="spec.things[0]")
MARKS = OWNER.marks
RESTORED = replace(DESIRED, source="backup b")
TAKING = replace(DESIRED, adoption=Consent(allowed=True, item="shop/order:things/old"))
NOT_ALLOWED = replace(TAKING, adoption=Consent(allowed=False, item="shop/order:things/old"))
RETAINED = {**MARKS, names.TAG_UID: "uid-0", names.TAG_RETAINED: "true"}


def observed(**differing: Any) -> Observed:
    attributes = {
        key: differing.pop(key) for key in ("phase", "tags", "pending_fields", "restored") if key in differing
    }
    tags = attributes.pop("tags", MARKS)
    observed = Observed("arn", Phase.READY, {**THERE, **differing, "tags": tags or {}}, tags)
    return replace(observed, **attributes)


def step(name: str, **changes: Any) -> Modify:
    return Modify(Step(name, changes))


OURS_AGAIN = step("tags", tags=Tag({names.TAG_UID: "uid-1"}))
WANTED_CASES: dict[str, tuple[Desired, Observed | None, Decision | Reason]] = {
    "absent": (DESIRED, None, Create()),
    "absent, though we knew it": (replace(DESIRED, known_id="arn"), None, Reason.TABLE_LOST),
    "absent, and a person said so": (replace(DESIRED, known_id="arn", recreate=True), None, Create()),
    "absent, and to be restored": (RESTORED, None, Create("backup b")),
    "lost, and to be restored": (replace(RESTORED, known_id="arn"), None, Reason.TABLE_LOST),
    "lost, to be restored, and a person said so": (
        replace(RESTORED, known_id="arn", recreate=True),
        None,
        Create("backup b"),
    ),
    "restored, and without tags yet": (RESTORED, observed(tags={}, restored=True), step("tags", tags=Tag(MARKS))),
    "restored, and being made": (RESTORED, Observed("arn", Phase.CREATING), Wait()),
    "there, and from another source": (RESTORED, observed(tags={}), Reason.CONFLICT),
    "there, and from no source": (RESTORED, observed(), Keep()),
    "as wanted": (DESIRED, observed(), Keep()),
    "being made": (DESIRED, Observed("arn", Phase.CREATING), Wait()),
    "going": (DESIRED, Observed("arn", Phase.DELETING), Wait()),
    "a change under way": (DESIRED, observed(phase=Phase.CHANGING, size="big"), Wait()),
    "no marks": (DESIRED, observed(tags={}), Reason.CONFLICT),
    "another cluster's": (DESIRED, observed(tags={**MARKS, names.TAG_CLUSTER: "other"}), Reason.CONFLICT),
    "another one's of the name": (DESIRED, observed(tags={**MARKS, names.TAG_UID: "uid-0"}), Reason.CONFLICT),
    "another name, retained": (DESIRED, observed(tags={**RETAINED, names.TAG_NAME: "user"}), Reason.CONFLICT),
    "a foreign one, broken": (DESIRED, observed(tags={}, phase=Phase.UNUSABLE), Reason.CONFLICT),
    "broken": (DESIRED, observed(phase=Phase.UNUSABLE), Reason.TABLE_UNUSABLE),
    "retained": (DESIRED, observed(tags=RETAINED), OURS_AGAIN),
    "retained, but of another engine": (DESIRED, observed(tags=RETAINED, engine="mysql"), Reason.CHANGE_REFUSED),
    "set once": (DESIRED, observed(engine="mysql"), Reason.CHANGE_REFUSED),
    "refused before anything is changed": (DESIRED, observed(engine="mysql", size="big"), Reason.CHANGE_REFUSED),
    "exact": (DESIRED, observed(size="big"), step("hardware", size="small")),
    "below the range": (DESIRED, observed(units=(1,)), step("hardware", units=(2,))),
    "above the range": (DESIRED, observed(units=(9,)), step("hardware", units=(5,))),
    "one call for one step": (DESIRED, observed(size="big", units=(9,)), step("hardware", size="small", units=(5,))),
    "below the floor": (DESIRED, observed(storage=10), step("storage", storage=20)),
    "above the floor": (DESIRED, observed(storage=1000), Keep()),
    "first off": (DESIRED, observed(mode="B"), step("mode", mode=None)),
    "then on": (DESIRED, observed(mode=None), step("mode", mode="A")),
    "AWS chose another zone": (DESIRED, observed(zone="c"), Keep()),
    "the most urgent first": (DESIRED, observed(mode="B", size="big"), step("hardware", size="small")),
    "a busy field lets others pass": (
        DESIRED,
        observed(size="big", mode="B", pending_fields=frozenset({"size"})),
        step("mode", mode=None),
    ),
    "taken over, marks first": (TAKING, observed(tags={"a": "b"}, size="big"), step("tags", tags=Tag(MARKS))),
    "taken over once AWS is done with it": (TAKING, replace(observed(tags={}), locked=True), Wait()),
    "taken over, and there is no consent": (NOT_ALLOWED, observed(tags={}), Reason.ADOPTION_REFUSED),
    "taken over, and another's": (TAKING, observed(tags={names.TAG_UID: "x"}), Reason.ADOPTION_REFUSED),
    "taken over, and absent": (TAKING, None, Reason.ADOPTION_REFUSED),
    "taken over, and of another engine": (TAKING, observed(tags={}, engine="mysql"), Reason.ADOPTION_REFUSED),
    "taken over, and broken": (TAKING, observed(tags={}, phase=Phase.UNUSABLE), Reason.TABLE_UNUSABLE),
    "taken over, and being made": (TAKING, Observed("arn", Phase.CREATING), Wait()),
    "was taken over": (NOT_ALLOWED, observed(), Keep()),
    "was taken over and retained": (
        NOT_ALLOWED,
        observed(tags=RETAINED),
        OURS_AGAIN,
    ),
    "was taken over, and is lost": (replace(TAKING, known_id="arn"), None, Reason.TABLE_LOST),
    "only a busy one": (DESIRED, observed(mode="B", pending_fields=frozenset({"mode"})), Wait()),
}


@pytest.mark.parametrize("case", WANTED_CASES)
def test_wanted(case: str) -> None:
    desired, found, expected = WANTED_CASES[case]
    _assert(decide(THING, desired, found), expected)


MIXED = ResourceSchema(
    "Thing",
    (
        *(row for row in THING.fields if row.name != "size"),
        Field("size", exact, "size", step="hardware", effect=Effect.RESTART),
        Field("stream", recreate_to_change, "stream"),
        Field("indexes", one_at_a_time("restore it"), "indexes"),
        Field("values", settings, "values"),
    ),
    THING.reasons,
)
ALIKE = {"stream": None, "indexes": {"a": 1}, "values": {}}
EFFECTS: dict[str, tuple[dict[str, Any], dict[str, Any], list[tuple[str, Effect, str]]]] = {
    "nothing differs": ({}, {}, []),
    "in place, by default": (
        {"storage": 30},
        {},
        [("storage.size", Effect.IN_PLACE, "changing storage.size from 25 to 30")],
    ),
    "as its row says": ({"size": "big"}, {}, [("size", Effect.RESTART, "changing size from small to big")]),
    "switched on": ({"stream": "A"}, {}, [("stream", Effect.IN_PLACE, "changing stream from nothing to A")]),
    "switched to another": (
        {"stream": "A"},
        {"stream": "B"},
        [("stream", Effect.REPLACE, "changing stream from B to A")],
    ),
    "one more": ({"indexes": {"a": 1, "b": 2}}, {}, [("indexes", Effect.IN_PLACE, "adding b")]),
    "one for another": ({"indexes": {"b": 2}}, {}, [("indexes", Effect.REPLACE, "adding b, then removing a")]),
    "one goes": ({"indexes": {}}, {}, [("indexes", Effect.REPLACE, "removing a")]),
    "set and reset": (
        {"values": {"a": "1"}},
        {"values": {"b": "2"}},
        [("values", Effect.IN_PLACE, "setting a, then resetting b")],
    ),
    "refused, and not alone": (
        {"engine": "mysql", "size": "big"},
        {},
        [
            ("engine", Effect.REFUSED, "is immutable (current postgres, requested mysql); restore it"),
            ("size", Effect.RESTART, "changing size from small to big"),
        ],
    ),
}


@pytest.mark.parametrize("case", EFFECTS)
def test_every_change_says_what_it_does(case: str) -> None:
    wanted, there, expected = EFFECTS[case]
    desired, found = {**WANTED, **ALIKE, **wanted}, {**THERE, **ALIKE, **there, "tags": MARKS}
    actual = [(each.field.spec, each.effect, each.what) for each in differences(MIXED, desired, found)]
    assert actual == expected


CLEARING = Step("units", {}, "clearing it")
RETAIN = Removal("orders", "Retain")
DELETE = Removal("orders", "Delete")
LEFT = {**MARKS, names.TAG_RETAINED: "true"}
LEAVING_CASES: dict[str, tuple[Removal, Observed | None, Decision | Reason]] = {
    "gone": (DELETE, None, Keep()),
    "gone, was to be retained": (RETAIN, None, Keep()),
    "being made": (DELETE, Observed("arn", Phase.CREATING), Wait()),
    "going": (DELETE, Observed("arn", Phase.DELETING), Wait()),
    "foreign": (DELETE, observed(tags={}), Reason.CONFLICT),
    "retained by an earlier one": (DELETE, observed(tags=RETAINED), Reason.CONFLICT),
    "retain": (RETAIN, observed(), step("tags", tags=Tag({names.TAG_RETAINED: "true"}))),
    "is retained": (RETAIN, observed(tags=LEFT), Keep()),
    "delete": (DELETE, observed(), Delete()),
    "delete what was retained": (DELETE, observed(tags=LEFT), Delete()),
    "delete what is protected": (DELETE, replace(observed(), protected=True), step("protection", protection=False)),
    "delete what something hangs on": (
        DELETE,
        replace(observed(), pre_delete_step=CLEARING),
        step("units"),
    ),
    "protection is lifted last": (
        DELETE,
        replace(observed(), protected=True, pre_delete_step=CLEARING),
        step("units"),
    ),
    "retain what something hangs on": (
        RETAIN,
        replace(observed(tags=LEFT), pre_delete_step=CLEARING),
        Keep(),
    ),
    "delete what is broken": (DELETE, observed(phase=Phase.UNUSABLE), Delete()),
    "delete while an index is made": (DELETE, observed(phase=Phase.CHANGING), Delete()),
    "delete what is locked": (DELETE, replace(observed(phase=Phase.CHANGING), locked=True), Wait()),
}


@pytest.mark.parametrize("case", LEAVING_CASES)
def test_leaving(case: str) -> None:
    leaving, found, expected = LEAVING_CASES[case]
    _assert(decide_removal(THING, OWNER, leaving, found), expected)


def _assert(decision: Decision, expected: Decision | Reason) -> None:
    if isinstance(expected, Reason):
        assert isinstance(decision, Refuse)
        assert decision.reason is expected
        assert "orders" in decision.message or "arn" in decision.message
    elif isinstance(expected, Modify):
        assert isinstance(decision, Modify)
        assert (decision.step.name, decision.step.changes) == (expected.step.name, expected.step.changes)
        assert decision.step.what
    else:
        assert decision == expected


sides = st.fixed_dictionaries(
    {
        "size": st.sampled_from(["small", "big"]),
        "units": st.tuples(st.integers(0, 9)),
        "storage": st.integers(0, 50),
        "mode": st.sampled_from([None, "A", "B"]),
        "zone": st.sampled_from("abc"),
    }
)


@given(sides, st.sampled_from([None, "A", "B"]))
def test_steps_lead_to_keep_and_stay_there(found: dict[str, Any], mode: str | None) -> None:
    desired = replace(DESIRED, fields={**WANTED, "mode": mode})
    world = observed(**found)
    for _ in range(6):
        decision = decide(THING, desired, world)
        if not isinstance(decision, Modify):
            break
        world = replace(world, fields={**world.fields, **decision.step.changes})
    assert decision == Keep()
    assert decide(THING, desired, world) == Keep()


@given(sides)
def test_keep_means_that_every_rule_is_content(found: dict[str, Any]) -> None:
    world = observed(**found)
    content = all(row.rule(WANTED[row.name], world.fields[row.name]) is None for row in THING.fields)
    assert (decide(THING, DESIRED, world) == Keep()) == content


EARLIER = {**MARKS, names.TAG_UID: "uid-0"}
NEW = replace(OWNER, namespace_uid="ns-2")
INHERITED: dict[str, tuple[Owner, Mapping[str, str], bool]] = {
    "in this very namespace": (NEW, {**EARLIER, names.TAG_RETAINED: "ns-2"}, True),
    "in a former namespace of the name": (NEW, {**EARLIER, names.TAG_RETAINED: "ns-1"}, False),
    "by an operator that did not note in which": (NEW, {**EARLIER, names.TAG_RETAINED: "true"}, False),
    "in a former one, and consented": (replace(NEW, heir=True), {**EARLIER, names.TAG_RETAINED: "ns-1"}, True),
    "not noted, and consented": (replace(NEW, heir=True), {**EARLIER, names.TAG_RETAINED: "true"}, True),
    "by another name, and consented": (
        replace(NEW, heir=True),
        {**EARLIER, names.TAG_NAME: "other", names.TAG_RETAINED: "ns-2"},
        False,
    ),
    "not at all, and consented": (replace(NEW, heir=True), EARLIER, False),
}


@pytest.mark.parametrize("case", INHERITED)
@pytest.mark.parametrize("adopts", [None, Consent(allowed=True, item="x")])
def test_what_was_left_behind_is_for_one_of_the_name_in_the_same_namespace(case: str, adopts: Consent | None) -> None:
    owner, marks, inherits = INHERITED[case]
    desired = replace(DESIRED, owner=owner, adoption=adopts)
    decision = decide(THING, desired, observed(tags=marks))
    assert isinstance(decision, Refuse) is not inherits
    if owner.left_by_namesake(marks) and not inherits:
        assert isinstance(decision, Refuse)
        assert f"add {owner.inheritance} to the Environment's annotation {names.ANNOTATION_ADOPT}" in decision.message


def test_what_is_left_behind_says_in_which_namespace() -> None:
    tag = Tag({names.TAG_RETAINED: "ns-2"})
    _assert(decide_removal(THING, NEW, RETAIN, observed()), step("tags", tags=tag))
    _assert(decide_removal(THING, NEW, RETAIN, observed(tags=LEFT)), step("tags", tags=tag))


KINDS = (
    TABLE,
    TOPIC,
    QUEUE,
    DEAD_LETTER_QUEUE,
    ROLE,
    ASSOCIATION,
    INSTANCE,
    SECURITY_GROUP,
    SUBNET_GROUP,
    PARAMETER_GROUP,
)
IN_THE_SPEC = {"table", "topic", "queue", "database"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_conflict_asks_for_what_a_person_can_do(kind: ResourceSchema) -> None:
    decision = decide(kind, replace(DESIRED, adoption=None), observed(tags={}))
    assert isinstance(decision, Refuse)
    asked = re.search(r"rename the (.+?) in the spec", decision.message)
    assert asked is None or asked[1] in IN_THE_SPEC
    assert asked or "give the Microservice another name" in decision.message
