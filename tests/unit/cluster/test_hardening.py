"""Which fields nobody may add manually, field by field, and which may stay."""

import copy
from typing import Any

import pytest

from microservice_operator.cluster.hardening import addition
from microservice_operator.desired import children
from tests.golden.cases import Case, cases
from tests.unit.desired.builders import body, context
from tests.unit.support.additions import DESIRED, POD, POLICY, STAYS, Object, laid, pod_patches

DEPLOYMENT, NETWORK_POLICY = DESIRED["Deployment"], DESIRED["NetworkPolicy"]


def placed(found: Object, pointer: tuple[str, ...], value: Any) -> Object:
    """The object with a field replaced, as a JSON patch does it."""
    item = copy.deepcopy(found)
    holder = item
    for key in pointer[:-1]:
        holder = holder[key]
    holder[pointer[-1]] = value
    return item


@pytest.mark.parametrize("path", pod_patches())
def test_an_addition_to_the_pod_is_found_and_taken_out(path: str) -> None:
    edited = laid(DEPLOYMENT, {"spec": {"template": {"spec": pod_patches()[path]}}})
    edited = laid(edited, {"spec": STAYS["rollout restart"]})
    added = addition("Deployment", DEPLOYMENT, edited)
    assert added is not None
    assert path.startswith(added.path)  # where nothing of the kind is declared, the whole field is theirs
    mended = placed(edited, added.pointer, added.value)
    assert addition("Deployment", DEPLOYMENT, mended) is None
    assert mended["spec"]["template"]["metadata"] == edited["spec"]["template"]["metadata"]


@pytest.mark.parametrize("path", sorted(POD.keys() - {"volumes[files]"}))  # this one is of a declared volume
def test_the_pod_of_a_scheduled_job_is_held_to_the_same(path: str) -> None:
    job = {"name": "cleanup", "schedule": "@daily", "command": ["clean"]}
    desired = body(context({"jobs": [job]}), "CronJob", "order-cleanup")
    edited = laid(desired, {"spec": {"jobTemplate": {"spec": {"template": {"spec": POD[path]}}}}})
    added = addition("CronJob", desired, edited)
    assert added is not None
    assert added.path.startswith(".spec.jobTemplate.spec.template.spec.")
    assert addition("CronJob", desired, placed(edited, added.pointer, added.value)) is None


def test_all_at_once_are_taken_out_at_once() -> None:
    edited = DEPLOYMENT
    for patch in pod_patches().values():
        edited = laid(edited, {"spec": {"template": {"spec": patch}}})
    added = addition("Deployment", DEPLOYMENT, edited)
    assert added is not None
    assert addition("Deployment", DEPLOYMENT, placed(edited, added.pointer, added.value)) is None


@pytest.mark.parametrize("what", STAYS)
def test_what_breaks_no_promise_stays(what: str) -> None:
    assert addition("Deployment", DEPLOYMENT, laid(DEPLOYMENT, {"spec": STAYS[what]})) is None


@pytest.mark.parametrize("path", POLICY)
def test_a_network_policy_is_exactly_what_is_declared(path: str) -> None:
    edited = copy.deepcopy(NETWORK_POLICY)
    POLICY[path](edited["spec"])
    added = addition("NetworkPolicy", NETWORK_POLICY, edited)
    assert added is not None
    assert added.path == path
    assert placed(edited, added.pointer, added.value)["spec"] == NETWORK_POLICY["spec"]


def test_what_the_server_makes_of_a_policy_is_no_difference() -> None:
    stored = copy.deepcopy(NETWORK_POLICY)
    assert stored["spec"]["ingress"]
    closed = laid(NETWORK_POLICY, {"spec": {"ingress": [], "egress": [{"ports": [{"port": 1}]}]}})
    stored = {**closed, "spec": {**closed["spec"], "egress": [{"ports": [{"port": 1, "protocol": "TCP"}]}]}}
    del stored["spec"]["ingress"]
    assert addition("NetworkPolicy", closed, stored) is None


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.name)
def test_nothing_of_ours_is_an_addition(case: Case) -> None:
    for child in children(case.context):
        if child.body is not None:
            assert addition(child.kind, child.body, child.body) is None


@pytest.mark.parametrize("declared", [{}, {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/own"}])
@pytest.mark.parametrize("key", ["eks.amazonaws.com/role-arn", "eks.amazonaws.com/audience"])
def test_a_service_account_takes_on_no_other_role(declared: Object, key: str) -> None:
    desired = {"metadata": {"annotations": {"hash": "1", **declared}}}
    edited = laid(desired, {"metadata": {"annotations": {"note": "of a person", key: "another", **declared}}})
    added = addition("ServiceAccount", desired, edited)
    if key in declared:
        assert added is None  # what is declared and differs is for drift to see
        return
    assert added is not None
    assert added.path == f".metadata.annotations[{key}]"
    assert added.value == {"hash": "1", "note": "of a person", **declared}
