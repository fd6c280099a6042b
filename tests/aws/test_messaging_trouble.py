"""SNS and SQS throttle, fail, deny or lose responses: the operator waits or reports it, and creates nothing twice."""

from typing import Any

import pytest

from microservice_operator.facts import Part, Reason, State
from tests.aws.messaging_world import DONE, Shop, messaging_clients, shop
from tests.fakes.aws.proxy import Answer, Fault, refusal, xml_refusal

__all__ = ["messaging_clients", "shop"]  # fixtures
SQS = ("GetQueueUrl", "GetQueueAttributes", "ListQueueTags", "CreateQueue")
SNS = ("GetTopicAttributes", "ListTagsForResource", "CreateTopic", "ListSubscriptionsByTopic", "Subscribe")
LATER_SNS = ("GetSubscriptionAttributes",)
EFFECTS: list[tuple[str, str, int]] = [
    ("throttled", "ThrottlingException", 400),
    ("failing", "InternalError", 500),
    ("down", "ServiceUnavailable", 503),
]


def spec(shop: Shop) -> dict[str, Any]:
    return {
        "topics": [{"name": "created"}],
        "queues": [{"name": "events", "deadLetter": {}, "deletionPolicy": "Delete"}],
        "subscriptions": [{"topic": {"microservice": shop.name, "name": "created"}, "queue": "events"}],
    }


def refused(action: str, code: str, status: int = 400) -> Answer:
    return (refusal if action in (*SQS, "DeleteQueue") else xml_refusal)(code, "no", status)


async def until_ready(shop: Shop) -> list[Part]:
    """All parts of all reconciliations until everything is ready; none is Stalled."""
    seen: list[Part] = []
    for _ in range(40):
        provided = await shop.step(spec(shop))
        seen += provided.parts
        if all(part.state is State.READY for part in provided.parts):
            return seen
        assert {part.state for part in provided.parts} <= {State.READY, State.PROGRESSING, State.UNKNOWN}
    raise AssertionError(provided.parts)


def made(shop: Shop) -> dict[str, int]:
    """Creations that AWS answered, by action."""
    creations = ("CreateQueue", "CreateTopic", "Subscribe")
    answered = [action for _, action, code in shop.world.heard if code == "OK"]
    return {action: answered.count(action) for action in creations}


@pytest.mark.parametrize("action", [*SQS, *SNS, *LATER_SNS])
@pytest.mark.parametrize(("_name", "code", "status"), EFFECTS)
async def test_trouble_at_each_call_is_waited_for(shop: Shop, action: str, _name: str, code: str, status: int) -> None:
    shop.world.proxy.faults = [Fault(action, refused(action, code, status), times=2)]
    seen = await until_ready(shop)
    assert {Reason.AWS_THROTTLED, Reason.AWS_UNAVAILABLE} & {part.reason for part in seen}
    assert made(shop) == {"CreateQueue": 2, "CreateTopic": 1, "Subscribe": 1}


@pytest.mark.parametrize("action", [*SQS, *SNS])
@pytest.mark.parametrize("effect", ["drop-before", "drop-after"])
async def test_a_lost_answer_makes_no_second_one(shop: Shop, action: str, effect: str) -> None:
    shop.world.proxy.faults = [Fault(action, effect, times=1)]
    await until_ready(shop)
    await shop.quiet(spec(shop))
    assert len(shop.queues()) == 2
    assert len(shop.topics()) == 1
    assert len(shop.subscriptions(shop.topic_arn("created"))) == 1


@pytest.mark.parametrize("action", [*SQS, *SNS])
async def test_a_denied_call_names_itself_and_recovers_once_granted(shop: Shop, action: str) -> None:
    code = "AccessDeniedException" if action in SQS else "AuthorizationError"
    fault = Fault(action, refused(action, code, 403))
    shop.world.proxy.faults = [fault]
    for _ in range(8):
        provided = await shop.step(spec(shop))
    denied = [part for part in provided.parts if part.state is State.STALLED]
    assert {(part.reason, part.after) for part in denied} == {(Reason.ACCESS_DENIED, 300)}
    assert all(f":{action} on " in part.message for part in denied)
    fault.times = 0
    await until_ready(shop)


async def test_one_service_that_is_down_leaves_the_other_alone(shop: Shop) -> None:
    shop.world.proxy.faults = [Fault(action, "drop-before") for action in SNS]
    for _ in range(6):
        provided = await shop.step(spec(shop))
    states = {part.kind: part.state for part in provided.parts}
    assert (states["Queue"], states["DeadLetterQueue"]) == (State.READY, State.READY)
    assert states["Topic"] is State.UNKNOWN
    shop.world.proxy.faults = []
    await until_ready(shop)


async def test_what_is_known_stays_known_while_aws_is_down(shop: Shop) -> None:
    await until_ready(shop)
    ids = dict(shop.known[shop.name])
    shop.world.proxy.faults = [Fault("*", "drop-before")]
    provided = await shop.step(spec(shop))
    assert {(part.kind, part.name): part.id for part in provided.parts} == ids
    assert {part.state for part in provided.parts} == {State.UNKNOWN}
    leaving = shop.outside.everything(shop.specs[shop.name], shop.environment, ids)
    parts = await shop.outside.delete(shop.identity(shop.name), shop.environment, leaving, shop.lookup)
    assert {(part.kind, part.name): part.id for part in parts} == ids
    assert all(part.state is State.DELETING and part.message for part in parts)


async def test_not_found_for_a_while_after_create_makes_no_second_one(shop: Shop) -> None:
    shop.strict_sns.absent_looks = shop.strict_sqs.absent_looks = 3
    await until_ready(shop)
    assert (len(shop.queues()), len(shop.topics())) == (2, 1)


@pytest.mark.parametrize("action", ["DeleteQueue", "DeleteTopic", "Unsubscribe", "GetQueueUrl", "GetTopicAttributes"])
@pytest.mark.parametrize("effect", ["500", "drop-after"])
async def test_deletion_gets_over_trouble(shop: Shop, action: str, effect: str) -> None:
    await until_ready(shop)
    said = refused(action, "InternalError", 500) if effect == "500" else effect
    shop.world.proxy.faults = [Fault(action, said, times=2)]
    await shop.leave()
    assert (shop.queues(), shop.topics()) == (set(), set())


async def test_left_while_it_is_being_made(shop: Shop) -> None:
    for reconciliations in range(1, 6):
        for _ in range(reconciliations):
            await shop.step(spec(shop))
        await shop.leave()
        assert (shop.queues(), shop.topics()) == (set(), set())
        shop.strict_sqs._recent.clear()


async def test_the_wrong_account_writes_nothing(shop: Shop) -> None:
    shop.aws["accountID"] = "210987654321"
    for _ in range(3):
        provided = await shop.step(spec(shop))
    stalled = [part for part in provided.parts if part.state in DONE]
    assert {part.reason for part in stalled} == {Reason.ACCOUNT_MISMATCH}
    assert shop.world.proxy.writes() == []
