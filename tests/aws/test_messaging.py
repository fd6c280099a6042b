"""Topics, queues and subscriptions of one Microservice: created, changed, retained, lost and deleted."""

import json
from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.api.messaging import Queue, Subscription, Topic
from microservice_operator.facts import Reason, State
from tests.aws.conftest import ACCOUNT, REGION
from tests.aws.messaging_world import Shop, messaging_clients, shop

__all__ = ["messaging_clients", "shop"]  # fixtures
QUEUE = {"name": "events"}
TOPIC = {"name": "created"}
BUCKET = {"service": "s3.amazonaws.com", "sourceARN": "arn:aws:s3:::uploads"}
RULE = {"service": "events.amazonaws.com", "sourceARN": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/nightly"}


def subscription(shop: Shop, **more: Any) -> dict[str, Any]:
    return {"topic": {"microservice": shop.name, "name": "created"}, "queue": "events", **more}


def whole(shop: Shop, **filtering: Any) -> dict[str, Any]:
    return {
        "tags": {"team": "shop"},
        "topics": [TOPIC],
        "queues": [{**QUEUE, "deadLetter": {"maxReceiveCount": 3}, "deletionPolicy": "Delete"}],
        "subscriptions": [subscription(shop, **filtering)],
    }


async def test_from_nothing_to_ready_and_back(shop: Shop) -> None:
    spec = whole(shop)
    parts = await shop.drive(spec)
    assert {key: part.state for key, part in parts.items()} == {
        ("Topic", "created"): State.READY,
        ("DeadLetterQueue", "events"): State.READY,
        ("Queue", "events"): State.READY,
        ("Subscription", f"events/{shop.name}/created"): State.READY,
    }
    await shop.quiet(spec)
    made = shop.world.proxy.writes()
    assert sorted(made) == ["CreateQueue", "CreateQueue", "CreateTopic", "Subscribe"]
    assert made[-1] == "Subscribe"
    seen = await shop.leave()
    gone = shop.world.proxy.writes()[len(made) :]
    assert gone[0] == "Unsubscribe"
    assert set(gone) == {"Unsubscribe", "DeleteTopic", "DeleteQueue"}
    assert (shop.queues(), shop.topics()) == (set(), set())
    happened = [event.reason for parts in seen for part in parts for event in part.events]
    assert happened.count(Reason.MESSAGING_DELETED) == 4


async def test_what_is_made(shop: Shop) -> None:
    parts = await shop.drive(whole(shop))
    queue = shop.attributes("events")
    assert queue["SqsManagedSseEnabled"] == "true"
    assert queue["QueueArn"] == parts["Queue", "events"].id
    assert json.loads(queue["RedrivePolicy"]) == {
        "deadLetterTargetArn": shop.attributes("events_dead")["QueueArn"],
        "maxReceiveCount": 3,
    }
    assert shop.attributes("events_dead")["MessageRetentionPeriod"] == str(14 * 86400)
    deny, allow = json.loads(queue["Policy"])["Statement"]
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert allow["Principal"] == {"Service": "sns.amazonaws.com"}
    assert allow["Condition"] == {"ArnEquals": {"aws:SourceArn": [parts["Topic", "created"].id]}}
    [listed] = shop.subscriptions(parts["Topic", "created"].id)
    attributes = shop.sns.get_subscription_attributes(SubscriptionArn=listed["SubscriptionArn"])["Attributes"]
    assert attributes["RawMessageDelivery"] == "true"
    url = shop.sqs.get_queue_url(QueueName=shop.named("events"))["QueueUrl"]
    marks = {names.TAG_NAME: shop.name, names.TAG_NAMESPACE: "shop", "team": "shop"}
    assert marks.items() <= shop.sqs.list_queue_tags(QueueUrl=url)["Tags"].items()


def redriven(shop: Shop, dead: str = "undelivered") -> dict[str, Any]:
    """A subscription with a dead-letter queue, which is a queue like any other."""
    return {"topics": [TOPIC], "queues": [QUEUE, {"name": "undelivered"}, {"name": "other"}]} | {
        "subscriptions": [subscription(shop, **({"deadLetterQueue": dead} if dead else {}))]
    }


def redrive_of(shop: Shop, topic: str) -> str:
    """Name of the dead-letter queue of the only subscription, "" without one."""
    [listed] = shop.subscriptions(topic)
    attributes = shop.sns.get_subscription_attributes(SubscriptionArn=listed["SubscriptionArn"])["Attributes"]
    policy = json.loads(attributes.get("RedrivePolicy") or "{}")
    return str(policy.get("deadLetterTargetArn", "")).rpartition(":")[2]


def allowed_topics(shop: Shop, queue: str) -> list[str]:
    """ARNs of the topics that a queue's policy allows to send."""
    statements = json.loads(shop.attributes(queue)["Policy"])["Statement"]
    found = [each for each in statements if each.get("Sid") == "SubscribedTopics"]
    return [arn for each in found for arn in each["Condition"]["ArnEquals"]["aws:SourceArn"]]


async def test_what_a_subscription_cannot_deliver_goes_to_its_dead_letter_queue(shop: Shop) -> None:
    spec = redriven(shop)
    parts = await shop.drive(spec)
    topic = parts["Topic", "created"].id
    assert {part.state for part in parts.values()} == {State.READY}
    assert redrive_of(shop, topic) == shop.named("undelivered")
    assert (allowed_topics(shop, "undelivered"), allowed_topics(shop, "other")) == ([topic], [])
    assert shop.world.proxy.writes().count("SetSubscriptionAttributes") == 0  # it comes with the subscription
    await shop.quiet(spec)


async def test_a_dead_letter_queue_comes_later_moves_and_goes(shop: Shop) -> None:
    topic = (await shop.drive(redriven(shop, "")))["Topic", "created"].id
    assert redrive_of(shop, topic) == ""
    for dead, expected in (
        ("undelivered", ["SetQueueAttributes", "SetSubscriptionAttributes"]),
        ("other", ["SetQueueAttributes", "SetQueueAttributes", "SetSubscriptionAttributes"]),
        ("", ["SetQueueAttributes", "SetSubscriptionAttributes"]),
    ):
        before = len(shop.world.proxy.writes())
        await shop.drive(redriven(shop, dead))
        assert sorted(shop.world.proxy.writes()[before:]) == expected
        assert redrive_of(shop, topic) == (shop.named(dead) if dead else "")
        assert allowed_topics(shop, dead or "undelivered") == ([topic] if dead else [])
        await shop.quiet(redriven(shop, dead))


async def test_a_dead_letter_queue_goes_with_its_queue(shop: Shop) -> None:
    """Both leave the spec in one edit, as is usual."""
    topic = (await shop.drive(redriven(shop)))["Topic", "created"].id
    spec = redriven(shop, "")
    await shop.drive({**spec, "queues": [QUEUE, {"name": "other"}]})
    assert redrive_of(shop, topic) == ""


async def test_a_dead_letter_queue_that_somebody_else_set_stays(shop: Shop) -> None:
    topic = (await shop.drive(redriven(shop, "")))["Topic", "created"].id
    [listed] = shop.subscriptions(topic)
    policy = json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:of-the-platform"})
    shop.sns.set_subscription_attributes(
        SubscriptionArn=listed["SubscriptionArn"], AttributeName="RedrivePolicy", AttributeValue=policy
    )
    await shop.quiet(redriven(shop, ""))
    assert redrive_of(shop, topic) == "of-the-platform"


async def test_a_dead_letter_queue_of_the_wrong_kind_is_refused_before_aws_does(shop: Shop) -> None:
    spec = redriven(shop)
    spec["queues"] = [QUEUE, {"name": "undelivered", "fifo": True}]
    parts = await shop.drive(spec)
    refused = parts["Subscription", f"events/{shop.name}/created"]
    assert (refused.state, refused.reason) == (State.STALLED, Reason.REJECTED)
    assert refused.field == "spec.subscriptions[0].deadLetterQueue"
    assert refused.message.startswith(
        "deadLetterQueue undelivered must not be FIFO, because topic created is not; name"
    )
    assert "Subscribe" not in shop.world.proxy.writes()


async def test_aws_sources_may_send_for_exactly_these_resources_and_to_no_dead_letter_queue(shop: Shop) -> None:
    fed = {"awsSources": [BUCKET, RULE]}
    parts = await shop.drive(
        {"topics": [{**TOPIC, **fed}], "queues": [{**QUEUE, **fed, "deadLetter": {"maxReceiveCount": 3}}]}
    )
    topic = parts["Topic", "created"].id
    of_queue = json.loads(shop.attributes("events")["Policy"])["Statement"]
    of_topic = json.loads(shop.sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])["Statement"]
    for (deny, bucket, rule), action in ((of_queue, "sqs:SendMessage"), (of_topic, "sns:Publish")):
        assert deny["Effect"] == "Deny"
        assert {bucket["Action"], rule["Action"]} == {action}
        assert bucket["Principal"] == {"Service": "s3.amazonaws.com"}
        # the ARN of a bucket names no account, and the bucket may be anybody's some day
        assert bucket["Condition"] == {
            "ArnEquals": {"aws:SourceArn": BUCKET["sourceARN"]},
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
        }
        assert rule["Principal"] == {"Service": "events.amazonaws.com"}
        assert rule["Condition"] == {"ArnEquals": {"aws:SourceArn": RULE["sourceARN"]}}
    (alone,) = json.loads(shop.attributes("events_dead")["Policy"])["Statement"]
    assert alone["Effect"] == "Deny"


async def test_a_message_arrives_as_it_was_published(shop: Shop) -> None:
    parts = await shop.drive(whole(shop))
    shop.sns.publish(TopicArn=parts["Topic", "created"].id, Message='{"order": 1}')
    url = shop.sqs.get_queue_url(QueueName=shop.named("events"))["QueueUrl"]
    [message] = shop.sqs.receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == '{"order": 1}'


CHANGES: list[tuple[str, dict[str, Any], str]] = [
    ("queues", {"visibilityTimeoutSeconds": 60}, "SetQueueAttributes"),
    ("queues", {"retention": "12h"}, "SetQueueAttributes"),
    ("queues", {"deadLetter": {"maxReceiveCount": 9}}, "SetQueueAttributes"),
    ("queues", {"delaySeconds": 900}, "SetQueueAttributes"),
    ("queues", {"receiveWaitTimeSeconds": 20}, "SetQueueAttributes"),
    ("queues", {"awsSources": [BUCKET, RULE]}, "SetQueueAttributes"),
    ("topics", {"awsSources": [BUCKET, RULE]}, "SetTopicAttributes"),
    ("queues", {"fifo": True, "contentBasedDeduplication": True}, "SetQueueAttributes"),
    ("topics", {"fifo": True, "contentBasedDeduplication": True}, "SetTopicAttributes"),
]


@pytest.mark.parametrize(("section", "change", "action"), CHANGES)
async def test_each_field_alone_is_made_changed_and_reset(
    shop: Shop, section: str, change: dict[str, Any], action: str
) -> None:
    bare: dict[str, Any] = {section: [{"name": "events", **({"fifo": True} if "fifo" in change else {})}]}
    full = {section: [{"name": "events", **change}]}
    await shop.drive(bare)
    await shop.quiet(bare)
    before = len(shop.world.proxy.writes())
    await shop.drive(full)
    await shop.quiet(full)
    assert action in shop.world.proxy.writes()[before:]
    before = len(shop.world.proxy.writes())
    await shop.drive(bare)
    await shop.quiet(bare)
    assert action in shop.world.proxy.writes()[before:]


@pytest.mark.parametrize(("section", "change"), [row[:2] for row in CHANGES])
async def test_each_field_alone_from_the_start(shop: Shop, section: str, change: dict[str, Any]) -> None:
    spec = {section: [{"name": "events", **change}]}
    await shop.drive(spec)
    await shop.quiet(spec)


async def test_tags_follow_the_spec_and_foreign_ones_stay(shop: Shop) -> None:
    await shop.drive(whole(shop))
    url = shop.sqs.get_queue_url(QueueName=shop.named("events"))["QueueUrl"]
    shop.sqs.tag_queue(QueueUrl=url, Tags={"backup": "none"})
    shop.sns.tag_resource(ResourceArn=shop.topic_arn("created"), Tags=[{"Key": "backup", "Value": "none"}])
    spec = {**whole(shop), "tags": {"unit": "sales"}}
    await shop.drive(spec)
    await shop.quiet(spec)
    plain = {key: value for key, value in shop.sqs.list_queue_tags(QueueUrl=url)["Tags"].items() if "/" not in key}
    assert plain == {"unit": "sales", "backup": "none"}
    listed = shop.sns.list_tags_for_resource(ResourceArn=shop.topic_arn("created"))["Tags"]
    assert {t["Key"]: t["Value"] for t in listed if "/" not in t["Key"]} == plain


FILTERS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"filterPolicy": {"kind": ["created"]}}),
    (
        {"filterPolicy": {"kind": ["created"]}},
        {"filterPolicy": {"kind": ["created", {"prefix": "re"}], "n": [1, True]}},
    ),
    ({}, {"filterPolicy": {"kind": ["created"]}, "filterPolicyScope": "MessageBody"}),
    ({}, {"filterPolicy": {"o": {"k": ["a"]}}, "filterPolicyScope": "MessageBody"}),
    ({"filterPolicy": {"kind": ["a"]}}, {"filterPolicy": {"o": {"k": ["a"]}}, "filterPolicyScope": "MessageBody"}),
    ({"filterPolicy": {"o": {"k": ["a"]}}, "filterPolicyScope": "MessageBody"}, {"filterPolicy": {"kind": ["a"]}}),
    ({"filterPolicy": {"o": {"k": ["a"]}}, "filterPolicyScope": "MessageBody"}, {}),
]


@pytest.mark.parametrize(("first", "second"), FILTERS)
async def test_a_filter_follows_the_spec(shop: Shop, first: dict[str, Any], second: dict[str, Any]) -> None:
    await shop.drive(whole(shop, **first))
    await shop.quiet(whole(shop, **first))
    await shop.drive(whole(shop, **second))
    await shop.quiet(whole(shop, **second))
    assert shop.world.proxy.writes().count("Subscribe") == 1


async def test_a_filter_in_another_order_is_no_change(shop: Shop) -> None:
    await shop.drive(whole(shop, filterPolicy={"kind": ["a", "b"], "total": [{"numeric": [">", 0, "<", 9]}]}))
    await shop.quiet(whole(shop, filterPolicy={"total": [{"numeric": [">", 0, "<", 9]}], "kind": ["b", "a"]}))


async def test_what_was_edited_elsewhere_is_put_right(shop: Shop) -> None:
    spec = whole(shop, filterPolicy={"kind": ["a"]})
    parts = await shop.drive(spec)
    url = shop.sqs.get_queue_url(QueueName=shop.named("events"))["QueueUrl"]
    edited = {"VisibilityTimeout": "1", "Policy": "", "RedrivePolicy": "", "SqsManagedSseEnabled": "false"}
    shop.sqs.set_queue_attributes(QueueUrl=url, Attributes=edited)
    arn = parts["Subscription", f"events/{shop.name}/created"].id
    for name, value in (("RawMessageDelivery", "false"), ("FilterPolicy", "{}")):
        shop.sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue=value)
    shop.sns.set_topic_attributes(
        TopicArn=shop.topic_arn("created"), AttributeName="Policy", AttributeValue='{"Statement": []}'
    )
    await shop.drive(spec)
    await shop.quiet(spec)
    queue = shop.attributes("events")
    assert (queue["VisibilityTimeout"], queue["SqsManagedSseEnabled"]) == ("30", "true")
    assert "Policy" in queue
    assert "RedrivePolicy" in queue


async def test_a_key_of_the_environment_encrypts_both(shop: Shop) -> None:
    spec = whole(shop)
    await shop.drive(spec)
    key = "arn:aws:kms:us-east-1:123456789012:key/1234"
    shop.aws["messagingKeyARN"] = key
    before = len(shop.world.proxy.writes())
    await shop.drive(spec)
    await shop.quiet(spec)
    assert shop.attributes("events")["KmsMasterKeyId"] == key
    assert shop.attributes("events")["SqsManagedSseEnabled"] == "false"
    # one call for each queue, the dead letter queue is one too: at no time is a queue without encryption
    switched = shop.world.proxy.writes()[before:]
    assert sorted(switched) == ["SetQueueAttributes", "SetQueueAttributes", "SetTopicAttributes"]
    topic = shop.sns.get_topic_attributes(TopicArn=shop.topic_arn("created"))["Attributes"]
    assert topic["KmsMasterKeyId"] == key
    del shop.aws["messagingKeyARN"]
    before = len(shop.world.proxy.writes())
    await shop.drive(spec)
    await shop.quiet(spec)
    assert not shop.attributes("events").get("KmsMasterKeyId")
    assert shop.attributes("events")["SqsManagedSseEnabled"] == "true"
    assert sorted(shop.world.proxy.writes()[before:]) == sorted(switched)
    sent = [call.body["Attributes"] for call in shop.world.proxy.calls if call.action == "SetQueueAttributes"][-2:]
    assert sent == [{"KmsMasterKeyId": "", "SqsManagedSseEnabled": "true"}] * 2


async def test_first_in_first_out(shop: Shop) -> None:
    spec = {
        "topics": [{**TOPIC, "fifo": True}],
        "queues": [{**QUEUE, "fifo": True, "deadLetter": {}, "deletionPolicy": "Delete"}],
        "subscriptions": [subscription(shop)],
    }
    parts = await shop.drive(spec)
    await shop.quiet(spec)
    assert {part.id[-5:] for key, part in parts.items() if key[0] != "Subscription"} == {".fifo"}
    await shop.leave()
    assert (shop.queues(), shop.topics()) == (set(), set())


async def test_what_was_made_before_a_crash_leaves_too(shop: Shop) -> None:
    """The status has no record of it."""
    spec = {
        "topics": [{**TOPIC, "fifo": True}],
        "queues": [{**QUEUE, "fifo": True, "deadLetter": {}, "deletionPolicy": "Delete"}],
        "subscriptions": [subscription(shop)],
    }
    await shop.drive(spec)
    shop.known.clear()
    await shop.leave()
    assert (shop.queues(), shop.topics()) == (set(), set())


async def test_fifo_is_set_once(shop: Shop) -> None:
    await shop.drive({"queues": [QUEUE], "topics": [TOPIC]})
    before = shop.world.proxy.writes()
    parts = await shop.drive({"queues": [{**QUEUE, "fifo": True}], "topics": [{**TOPIC, "fifo": True}]})
    assert {(part.state, part.reason) for part in parts.values()} == {(State.STALLED, Reason.CHANGE_REFUSED)}
    assert shop.world.proxy.writes() == before


async def test_queues_and_topics_stay_when_they_are_no_longer_declared(shop: Shop) -> None:
    """The consent to delete them is gone with their declaration."""
    await shop.drive({**whole(shop), "topics": [TOPIC, {"name": "kept", "deletionPolicy": "Retain"}]})
    topics = shop.topics()
    await shop.drive({})
    await shop.drive({})
    assert (shop.topics(), len(topics)) == (topics, 2)
    assert shop.queues() == {shop.named("events"), shop.named("events_dead")}
    url = shop.sqs.get_queue_url(QueueName=shop.named("events"))["QueueUrl"]
    assert shop.sqs.list_queue_tags(QueueUrl=url)["Tags"][names.TAG_RETAINED] == "true"
    await shop.drive(whole(shop))
    assert names.TAG_RETAINED not in shop.sqs.list_queue_tags(QueueUrl=url)["Tags"]


async def test_a_dead_letter_queue_is_let_go_of_before_it_is_left(shop: Shop) -> None:
    await shop.drive(whole(shop))
    await shop.drive({**whole(shop), "queues": [QUEUE]})
    assert "RedrivePolicy" not in shop.attributes("events")
    assert shop.named("events_dead") in shop.queues()


async def test_retained_with_the_microservice_and_found_again(shop: Shop) -> None:
    spec = {"queues": [QUEUE], "topics": [{**TOPIC, "deletionPolicy": "Retain"}]}
    await shop.drive(spec)
    await shop.leave()
    assert shop.queues() == {shop.named("events")}
    assert len(shop.topics()) == 1
    made = shop.world.proxy.writes().count("CreateQueue")
    await shop.drive(spec)
    assert shop.world.proxy.writes().count("CreateQueue") == made
    await shop.quiet(spec)


async def test_a_queue_that_is_wanted_again_within_a_minute_waits(shop: Shop) -> None:
    spec = {"queues": [{**QUEUE, "deletionPolicy": "Delete"}]}
    await shop.drive(spec)
    await shop.leave()
    shop.strict_sqs.recent_attempts = 3
    shop.strict_sqs._recent[shop.named("events")] = 3
    seen = [(await shop.step(spec)).parts[0] for _ in range(3)]
    assert {(part.state, part.reason) for part in seen} == {(State.PROGRESSING, Reason.PROGRESSING)}
    assert "60 seconds" in seen[0].message
    assert (await shop.drive(spec))["Queue", "events"].state is State.READY


async def test_what_somebody_deleted_is_made_again(shop: Shop) -> None:
    spec = whole(shop)
    parts = await shop.drive(spec)
    shop.sqs.delete_queue(QueueUrl=shop.sqs.get_queue_url(QueueName=shop.named("events"))["QueueUrl"])
    shop.sns.delete_topic(TopicArn=parts["Topic", "created"].id)
    again = await shop.drive(spec)
    await shop.quiet(spec)
    assert {part.state for part in again.values()} == {State.READY}
    name = ("Subscription", f"events/{shop.name}/created")
    assert again[name].id != parts[name].id
    shop.sns.unsubscribe(SubscriptionArn=again[name].id)
    await shop.drive(spec)
    assert len(shop.subscriptions(parts["Topic", "created"].id)) == 1


@pytest.mark.parametrize("how", ["by hand", "with its Microservice"])
async def test_a_topic_that_is_made_anew_is_subscribed_to_anew(shop: Shop, how: str) -> None:
    """The subscription to the old topic still exists, but receives nothing."""
    away = {"microservice": "owner", "name": "created"}
    owner = {"topics": [TOPIC], "access": {"from": [{"microservice": shop.name}]}}
    spec = {"queues": [QUEUE], "subscriptions": [{"topic": away, "queue": "events"}]}
    await shop.drive(owner, "owner")
    await shop.drive(spec)
    topic = shop.topic_arn("created", "owner")
    [former] = shop.subscriptions(topic)
    if how == "by hand":
        shop.sns.delete_topic(TopicArn=topic)
    else:
        await shop.leave("owner")
    await shop.drive(owner, "owner")
    parts = await shop.drive(spec)
    await shop.quiet(spec)
    [heard] = shop.subscriptions(topic)
    assert heard["SubscriptionArn"] != former["SubscriptionArn"]
    assert parts["Subscription", "events/owner/created"].id == heard["SubscriptionArn"]
    await shop.leave("owner")
    # one whose topic is gone for good can be left, although it answers for a while
    await shop.leave()
    assert shop.topics() == set()


async def test_foreign_ones_are_left_alone_for_ever(shop: Shop) -> None:
    url = shop.sqs.create_queue(QueueName=shop.named("events"))["QueueUrl"]
    topic = shop.sns.create_topic(Name=shop.topic_arn("created").rpartition(":")[2])["TopicArn"]
    shop.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=shop.attributes("events")["QueueArn"])
    spec = whole(shop)
    for _ in range(4):
        provided = await shop.step(spec)
    states = {part.kind: (part.state, part.reason) for part in provided.parts}
    assert states["Queue"] == states["Topic"] == (State.STALLED, Reason.CONFLICT)
    assert states["Subscription"] == (State.PROGRESSING, Reason.WAITING)
    await shop.leave()
    assert shop.sqs.get_queue_url(QueueName=shop.named("events"))["QueueUrl"] == url
    assert len(shop.subscriptions(topic)) == 1
    assert shop.sqs.list_queue_tags(QueueUrl=url).get("Tags", {}) == {}


def test_every_optional_field_has_a_row() -> None:
    """A new one cannot be created without it."""
    changed = {(section, name) for section, change, _ in CHANGES for name in change}
    for section, model in (("queues", Queue), ("topics", Topic)):
        fields = {field.alias for field in model.model_fields.values() if not field.is_required()}
        assert {name for at, name in changed if at == section} == fields - {"deletionPolicy"}
    filtered = {name for row in FILTERS for spec in row for name in spec}
    optional = {field.alias for field in Subscription.model_fields.values() if not field.is_required()}
    assert filtered == optional - {"deadLetterQueue"}  # it has tests of its own


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
async def test_a_deletion_policy_alone_is_no_change(shop: Shop, policy: str) -> None:
    await shop.drive({"queues": [QUEUE], "topics": [TOPIC]})
    await shop.quiet({"queues": [{**QUEUE, "deletionPolicy": policy}], "topics": [{**TOPIC, "deletionPolicy": policy}]})
