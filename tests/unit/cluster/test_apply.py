"""Races, overrides and their reports: `cluster.apply` against an API server in memory."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from microservice_operator.cluster.api_client import APPLY_PATCH, JSON_PATCH, ApiError
from microservice_operator.cluster.api_errors import changed_meanwhile, is_another
from microservice_operator.cluster.apply import Cluster
from microservice_operator.cluster.child_cache import Children
from microservice_operator.cluster.kinds import CHILDREN
from microservice_operator.desired import children as desired_children
from microservice_operator.desired.context import Context
from microservice_operator.errors import Gone, NotYet
from microservice_operator.facts import Part, Reason, State
from tests.unit.desired.builders import IMAGE, context
from tests.unit.support.additions import Object, laid
from tests.unit.support.api_server import ApiServer, refusal

OF = context()
UID_CAUSE = {"reason": "FieldValueInvalid", "field": "metadata.uid", "message": "field is immutable"}
PORT_CAUSE = {"reason": "FieldValueDuplicate", "field": "spec.ports[1].name", "message": "Duplicate value"}
FAILED_TEST = "the server rejected our request due to an error in our request"


class Service:
    """One Microservice with written children; `edit` is a change by another client, seen by a watch."""

    def __init__(self, of: Context = OF) -> None:
        self.of, self.server = of, ApiServer()
        writer: Any = self.server
        self.children = Children(lambda _: None)
        self.cluster = Cluster(writer, self.children)

    async def applied(self, of: Context | None = None) -> dict[str, Part]:
        parts = await self.cluster.apply(self.of.microservice.identity, desired_children(of or self.of))
        return {part.kind: part for part in parts if part.name == "order"}

    def edit(self, kind: str, patch: Object) -> None:
        object_path = path(kind)
        self.server.put(object_path, laid(self.server.objects[object_path], patch))
        self.children.saw(kind, copy.deepcopy(self.server.objects[object_path]))

    def there(self, kind: str) -> Any:
        return self.server.objects[path(kind)]


def path(kind: str) -> str:
    return CHILDREN[kind].path("shop", "order")


REFUSALS: dict[str, tuple[ApiError, str, bool, bool]] = {
    # the refusal, of which patch, whether somebody was quicker, whether it is another object
    "a failed test of a JSON patch": (refusal(422, "Invalid", FAILED_TEST), JSON_PATCH, True, False),
    "an old resourceVersion": (refusal(409, "Conflict", 'on deployments "druid": modified'), APPLY_PATCH, True, False),
    "another UID": (refusal(422, "Invalid", "immutable", UID_CAUSE), APPLY_PATCH, True, True),
    "another UID of a JSON patch": (refusal(422, "Invalid", "immutable", UID_CAUSE), JSON_PATCH, True, True),
    "a UID of what is not there": (refusal(409, "Conflict", "uid mismatch", UID_CAUSE), APPLY_PATCH, True, True),
    "not there": (refusal(404, "NotFound"), APPLY_PATCH, True, True),
    "an invalid field": (refusal(422, "Invalid", "Duplicate value", PORT_CAUSE), APPLY_PATCH, False, False),
    "an invalid field of a JSON patch": (refusal(422, "Invalid", "Duplicate", PORT_CAUSE), JSON_PATCH, False, False),
    "a policy": (refusal(422, "Invalid", "policy fluid-uid denied it"), APPLY_PATCH, False, False),
    "a right": (refusal(403, "Forbidden", "is forbidden: User druid cannot"), APPLY_PATCH, False, False),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_is_read_from_the_status_object(case: str) -> None:
    error, content_type, quicker, another = REFUSALS[case]
    assert changed_meanwhile(error, content_type) is quicker
    assert is_another(error) is another


@pytest.mark.parametrize("name", ["druid", "fluid-service", "guid-api", "order"])
async def test_a_conflict_over_a_microservice_of_any_name_is_tried_again(name: str) -> None:
    of = Service()

    def conflict(*_: str) -> None:
        raise refusal(409, "Conflict", f'Operation cannot be fulfilled on microservices "{name}": modified')

    of.server.refuse = conflict
    with pytest.raises(NotYet):
        await of.cluster.patch(of.of.microservice.identity, {"metadata": {"finalizers": []}})


@pytest.mark.parametrize("answer", [refusal(404, "NotFound"), refusal(422, "Invalid", "immutable", UID_CAUSE)])
async def test_another_microservice_of_the_name_is_not_patched(answer: ApiError) -> None:
    of = Service()

    def another(*_: str) -> None:
        raise answer

    of.server.refuse = another
    with pytest.raises(Gone):
        await of.cluster.patch(of.of.microservice.identity, {"status": {}}, "status")


@pytest.mark.parametrize(
    ("content_type", "answer"),
    [
        (JSON_PATCH, refusal(422, "Invalid", FAILED_TEST)),
        (APPLY_PATCH, refusal(409, "Conflict")),
        (APPLY_PATCH, refusal(404, "NotFound")),
        (APPLY_PATCH, refusal(422, "Invalid", "immutable", UID_CAUSE)),
    ],
)
@pytest.mark.parametrize("edit", [{"spec": {"replicas": 7}}, {"metadata": {"labels": {"example.com/a": "b"}}}])
async def test_a_lost_race_is_looked_at_again_at_once(content_type: str, answer: ApiError, edit: Object) -> None:
    """This holds for repairs and for our changes; no message asks for a change of the spec."""
    of = Service()
    await of.applied()
    of.edit("Deployment", edit)

    def lost(method: str, at: str, of_type: str) -> None:
        if method == "PATCH" and at == path("Deployment") and of_type == content_type:
            raise answer

    of.server.refuse = lost
    changed = context({"image": IMAGE + "-next"})
    part = (await of.applied(changed))["Deployment"]
    assert (part.state, part.failed, part.after) == (State.PROGRESSING, True, 0.2)
    assert part.message == "Deployment order has just changed; retried automatically"
    of.server.refuse = lambda *_: None
    assert (await of.applied(changed))["Deployment"].state is State.READY
    assert of.there("Deployment")["spec"]["template"]["spec"]["containers"][0]["image"] == IMAGE + "-next"


async def test_a_refusal_of_a_field_of_ours_alone_replaces_nothing() -> None:
    of = Service()
    await of.applied()
    of.edit("Service", {"spec": {"type": "NodePort"}})

    def refuse(method: str, at: str, content_type: str) -> None:
        if method == "PATCH" and at == path("Service") and content_type == APPLY_PATCH:
            raise refusal(422, "Invalid", "spec.ports[0].port: Invalid value", PORT_CAUSE)

    of.server.refuse = refuse
    before = len(of.server.asked)
    part = (await of.applied())["Service"]
    assert (part.state, part.reason) == (State.STALLED, Reason.REJECTED)
    sent = [content_type for method, _, content_type in of.server.asked[before:] if method == "PATCH"]
    assert sent == [JSON_PATCH, APPLY_PATCH]  # the upgrade of our managed fields, and the apply


async def test_a_repair_names_the_field_and_tells_it_once() -> None:
    of = Service()
    await of.applied()
    of.edit("Deployment", {"spec": {"replicas": 7}})
    part = (await of.applied())["Deployment"]
    assert [event.message for event in part.events] == [
        "Deployment order was changed outside the operator (spec.replicas); the operator restored it"
    ]
    assert of.there("Deployment")["spec"]["replicas"] == 2
    assert not (await of.applied())["Deployment"].events


async def test_an_addition_is_taken_out_by_a_patch_of_that_field_alone() -> None:
    of = Service()
    await of.applied()
    annotation = {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}
    of.edit("Deployment", {"spec": laid(annotation, {"template": {"spec": {"hostPID": True}}})})
    before = len(of.server.asked)
    part = (await of.applied())["Deployment"]
    assert [event.reason for event in part.events] == [Reason.CHILD_UPDATED]
    assert of.server.asked[before:] == [("PATCH", path("Deployment"), JSON_PATCH)]
    template = of.there("Deployment")["spec"]["template"]
    assert "hostPID" not in template["spec"]
    assert template["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] == "now"


def _sets(patch: Object) -> Callable[[Object], None]:
    """A policy that changes each Deployment that is written."""

    def admit(item: Object) -> None:
        if item["kind"] == "Deployment":
            item.update(laid(item, patch))

    return admit


OVERRIDES: dict[str, Object] = {
    "spec.template.spec.hostPID": {"spec": {"template": {"spec": {"hostPID": True}}}},
    "spec.revisionHistoryLimit": {"spec": {"revisionHistoryLimit": 9}},
}


@pytest.mark.parametrize("field", OVERRIDES)
async def test_a_field_that_an_admission_policy_sets_is_reported_and_not_corrected(field: str) -> None:
    of = Service()
    of.server.admission = _sets(OVERRIDES[field])
    made = (await of.applied())["Deployment"]
    said = f"something in the API server, such as an admission policy, changes {field} from its declared value"
    assert (made.state, made.message) == (State.READY, said)
    assert [(event.type, event.reason, event.message) for event in made.events] == [
        ("Warning", Reason.OVERRIDDEN, f"Deployment order: {said}")
    ]
    before = len(of.server.asked)
    again = (await of.applied())["Deployment"]
    assert (again.message, again.events, len(of.server.asked)) == (said, (), before)
    of.children.saw("Deployment", copy.deepcopy(of.there("Deployment")))
    assert (await of.applied())["Deployment"].message == said
    assert len(of.server.asked) == before


async def test_an_override_is_reported_once_whatever_else_changes() -> None:
    of = Service()
    of.server.admission = _sets(OVERRIDES["spec.revisionHistoryLimit"])
    assert (await of.applied())["Deployment"].events
    of.edit("Deployment", {"metadata": {"annotations": {"deployment.kubernetes.io/revision": "1"}}})
    again = (await of.applied())["Deployment"]
    assert "an admission policy" in again.message
    assert not again.events


@pytest.mark.parametrize("field", OVERRIDES)
async def test_after_a_restart_one_attempt_tells_a_policy_from_a_hand(field: str) -> None:
    of = Service()
    of.server.admission = _sets(OVERRIDES[field])
    await of.applied()
    anew = Service()
    anew.server = of.server
    writer: Any = of.server
    anew.cluster = Cluster(writer, anew.children)
    anew.children.saw("Deployment", copy.deepcopy(of.there("Deployment")))
    part = (await anew.applied())["Deployment"]
    assert [event.reason for event in part.events] == [Reason.OVERRIDDEN]
    before = len(of.server.asked)
    assert not (await anew.applied())["Deployment"].events
    assert len(of.server.asked) == before


async def test_a_fight_is_reported_and_costs_fewer_and_fewer_writes() -> None:
    of = Service()
    await of.applied()
    before, reasons = len(of.server.writes()), []
    for _ in range(50):
        of.edit("Deployment", {"spec": {"replicas": 7}})
        part = (await of.applied())["Deployment"]
        reasons += [event.reason for event in part.events]
    assert (part.state, part.reason) == (State.STALLED, Reason.CONFLICT)
    assert part.after is not None
    assert "spec.replicas" in part.message
    assert reasons == [Reason.CHILD_UPDATED] * 3
    assert len(of.server.writes()) - before == 5  # four repairs, and once the upgrade of managed fields


async def test_a_fight_ends_with_the_wish_for_the_field() -> None:
    of = Service()
    await of.applied()
    for _ in range(5):
        of.edit("Deployment", {"spec": {"replicas": 7}})
        await of.applied()
    assert (await of.applied())["Deployment"].state is State.STALLED
    left = context({"replicasManagedBy": "External"})
    assert (await of.applied(left))["Deployment"].state is State.READY
    assert of.there("Deployment")["spec"]["replicas"] == 7
