"""Tags: the operator corrects its own and the declared ones step by step, and never changes others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microservice_operator import names
from microservice_operator.api.parsing import Identity
from microservice_operator.api.tags import TAG_KEY, TAG_VALUE
from microservice_operator.aws.engine.rules import Change
from microservice_operator.aws.engine.tags import Tag, Untag, desired_tags, owned_tags, retained
from microservice_operator.ownership import (
    OWN_TAGS,
    TAGS_OF_A_RESOURCE,
    Owner,
    Ownership,
    combined_tags,
    overridden_tags,
    too_many_tags,
)

OWNER = Owner("cluster", Identity("shop", "order", "uid"))
few = st.dictionaries(st.sampled_from(["team", "cost", "stage", "owner"]), st.sampled_from("xy"))
allowed = st.dictionaries(
    st.from_regex(TAG_KEY.replace("$", r"\Z")).map(lambda key: key[:127].rstrip()),
    st.from_regex(TAG_VALUE.replace("$", r"\Z")).map(lambda value: value[:256].rstrip()),
    max_size=32,
)
declared = st.one_of(few, allowed)
foreign = st.dictionaries(st.sampled_from(["backup", "aws:created", "Team"]), st.sampled_from("xy"))
LONG_KEYS = [f"{number:02}/".ljust(127, "k") for number in range(64)]


@given(declared, declared, foreign, st.booleans())
def test_any_change_converges_and_leaves_foreign_tags(
    before: dict[str, str], after: dict[str, str], others: dict[str, str], retained: bool
) -> None:
    world = {**others, **desired_tags(OWNER, before)}
    if retained:
        world |= {names.TAG_UID: "earlier", names.TAG_RETAINED: "true"}
    wanted = desired_tags(OWNER, after)
    for _ in range(4):
        # a crash after any step leaves it ours, or free to be adopted
        assert OWNER.standing(world) is not Ownership.FOREIGN
        outcome = owned_tags(wanted, world)
        if outcome is None:
            break
        assert isinstance(outcome, Change)
        if isinstance(outcome.to, Tag):
            world |= outcome.to.tags
        else:
            assert isinstance(outcome.to, Untag)
            world = {key: value for key, value in world.items() if key not in outcome.to.keys}
    assert world == {**others, **wanted}


@given(st.sets(st.sampled_from(LONG_KEYS), max_size=43), st.sets(st.sampled_from(LONG_KEYS), max_size=43))
def test_the_record_of_declared_keys_finds_each_of_them(before: set[str], after: set[str]) -> None:
    """However long the keys are: what is no longer declared is removed, what others set is not."""
    observed = {**desired_tags(OWNER, dict.fromkeys(before, "x")), "of others": "y"}
    assert all(len(value) <= 256 for value in observed.values())
    outcome = owned_tags(desired_tags(OWNER, dict.fromkeys(after, "x")), observed)
    removed = set(outcome.to.keys) if isinstance(outcome, Change) and isinstance(outcome.to, Untag) else set()
    assert removed - {names.TAG_DECLARED} == before - after


def test_all_tags_of_a_resource_have_room_on_it() -> None:
    """AWS allows fifty tags of 256 characters each; the last one is the tag of a retained resource."""
    most = {LONG_KEYS[number]: "x" * 256 for number in range(TAGS_OF_A_RESOURCE - OWN_TAGS)}
    assert too_many_tags(most, None) == ""
    assert "has 44 tags together with those of the Environment" in too_many_tags(most, {"one": "more"})
    tags = desired_tags(OWNER, most, adopted=True) | dict(retained(OWNER).tags)
    assert len(tags) == TAGS_OF_A_RESOURCE == 50
    assert max(len(value) for value in tags.values()) <= 256


def test_what_is_not_ours_yet_loses_no_tag() -> None:
    """The operator's role may untag only resources with this cluster's tag."""
    former = desired_tags(OWNER, {"team": "a"})
    handed_over = {key: value for key, value in former.items() if key not in OWNER.marks}
    first = owned_tags(desired_tags(OWNER, {}, adopted=True), handed_over)
    assert isinstance(first, Change)
    assert first.to == Tag(OWNER.marks)


# Tags of the Environment and of the Microservice, and the fields that contradict. Policies ignore the case of keys.
CONTRADICTIONS: dict[str, tuple[dict[str, str], dict[str, str] | None, list[str]]] = {
    "none": ({}, None, []),
    "only the Environment's": ({"team": "a"}, None, []),
    "only the Microservice's": ({}, {"team": "a"}, []),
    "different keys": ({"team": "a"}, {"unit": "a"}, []),
    "the same tag": ({"team": "a"}, {"team": "a"}, []),
    "another value": ({"team": "a"}, {"team": "b"}, ["spec.tags.team"]),
    "another case": ({"team": "a"}, {"Team": "a"}, ["spec.tags.Team"]),
    "another case and the same tag": ({"team": "a"}, {"TEAM": "a", "team": "a"}, ["spec.tags.TEAM"]),
    "two": ({"team": "a", "tier": "1"}, {"tier": "2", "team": "b"}, ["spec.tags.tier", "spec.tags.team"]),
    "twins of the Environment": ({"team": "a", "Team": "b"}, {"team": "a"}, []),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_a_microservice_overrides_no_tag_of_its_environment(case: str) -> None:
    shared, own, fields = CONTRADICTIONS[case]
    assert [field for field, _ in overridden_tags(shared, own)] == fields
    combined = combined_tags(shared, own)
    assert shared.items() <= combined.items()
    without_effect = {field.removeprefix("spec.tags.") for field in fields}
    added = {key: value for key, value in (own or {}).items() if key not in without_effect}
    assert combined == {**shared, **added}


def test_the_advice_about_a_tag_without_effect_replaces_no_pods() -> None:
    own = {"team": "b", "cost:center": "b"}  # only the first has the syntax of a label
    both = dict(overridden_tags({"team": "a", "cost:center": "a"}, own))
    assert both == {
        "spec.tags.team": "has no effect in AWS, because the Environment sets the tag team: a; keep it, because it is "
        "also a label, and a change replaces the pods",
        "spec.tags.cost:center": "has no effect in AWS, because the Environment sets the tag cost:center: a; remove it",
    }
