"""PURE: finds what AWS would refuse in resources that the API server accepts, as far as files show it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..api.arns import account_in_arn
from ..api.environment import AWS
from ..api.messaging import AWSSource, Queue, Subscription, Topic
from ..api.microservice import MicroserviceSpec
from ..api.parsing import Environment, Microservice
from ..ownership import overridden_tags, shared_tags, too_many_tags
from ..partitions import partition
from .validation import Finding


def findings(
    service: Microservice, environment: Environment | None, services: Mapping[tuple[str, str], Microservice]
) -> Iterator[Finding]:
    """Yield what AWS would refuse, which becomes `Stalled`, and warnings.

    `services` are all in the files, by namespace and name.
    """
    yield from _tags(service, environment)
    yield from _sources(service, environment)
    for index, subscription in enumerate(service.spec.subscriptions or []):
        field = f"spec.subscriptions[{index}]"
        yield from _ends(service, subscription, services, field)
        yield from _filter(subscription.filter_policy or {}, f"{field}.filterPolicy", subscription.filter_policy_scope)


def environment_findings(environment: Environment) -> Iterator[Finding]:
    """Yield keys that services of AWS cannot use in the Environment's partition, and warnings about other accounts."""
    aws = environment.spec.aws
    if aws is None:
        return
    keys = {"messagingKeyARN": aws.messaging_key_arn, "tableKeyARN": aws.table_key_arn}
    keys["databaseKeyARN"] = aws.database_key_arn
    for name, arn in keys.items():
        if arn is None:
            continue
        yield from _partition(arn, aws, f"spec.aws.{name}")
        account = account_in_arn(arn)
        if account != aws.account_id:
            message = (
                f"is a key of account {account}, not of spec.aws.accountID {aws.account_id}; correct it, or allow its "
                "use in the key policy and in the operator's own policy"
            )
            yield Finding(f"spec.aws.{name}", message, warning=True)


def _partition(arn: str, aws: AWS, field: str) -> Iterator[Finding]:
    named, wanted = arn.split(":")[1], partition(aws.region)
    if named != wanted:
        message = f"is in the partition {named}, but region {aws.region} is in {wanted}; correct the ARN"
        yield Finding(field, message)


def aws_sources(spec: MicroserviceSpec) -> Iterator[tuple[str, Topic | Queue, AWSSource]]:
    """Yield each source of `awsSources` with its path in the resource, and the topic or queue that receives from it."""
    sections: dict[str, Sequence[Topic | Queue]] = {"topics": spec.topics or [], "queues": spec.queues or []}
    for section, items in sections.items():
        for index, item in enumerate(items):
            for number, source in enumerate(item.aws_sources or []):
                yield f"spec.{section}[{index}].awsSources[{number}]", item, source


def _sources(service: Microservice, environment: Environment | None) -> Iterator[Finding]:
    """Check that AWS sources are in the Environment's partition: no other can reach its topics and queues."""
    aws = environment.spec.aws if environment else None
    if aws is None:
        return
    for field, _, source in aws_sources(service.spec):
        yield from _partition(source.source_arn, aws, f"{field}.sourceARN")


def _tags(service: Microservice, environment: Environment | None) -> Iterator[Finding]:
    """Check the tags together with those of the Environment.

    IAM ignores case in keys ("TagRole" in the IAM API Reference). A role has only the Environment's tags.
    """
    spec = service.spec
    shared = shared_tags(environment)
    if message := too_many_tags(shared, spec.tags):
        yield Finding("spec.tags", message)
    for field, message in overridden_tags(shared, spec.tags):
        yield Finding(field, message, warning=True)
    if not (spec.tables or spec.table_refs or spec.topics or spec.queues):
        return
    by_lowercase: dict[str, str] = {}
    for key in shared:
        twin = by_lowercase.setdefault(key.lower(), key)
        if twin != key:
            message = f"has the tags {twin} and {key} that differ only in case, which IAM refuses on a role"
            yield Finding("spec.environment", f"{message}; keep one of them")


def _ends(
    service: Microservice, subscription: Subscription, services: Mapping[tuple[str, str], Microservice], field: str
) -> Iterator[Finding]:
    """Check both ends: a FIFO queue accepts only a FIFO topic ("Fanout to Amazon SQS queues", SNS Developer Guide).

    A dead-letter queue is FIFO exactly if the topic is ("Amazon SNS dead-letter queues", the same guide).
    """
    owner = services.get((service.namespace, subscription.topic.microservice))
    topics = (owner.spec.topics or []) if owner else []
    topic = next((topic for topic in topics if topic.name == subscription.topic.name), None)
    queue = next((queue for queue in service.spec.queues or [] if queue.name == subscription.queue), None)
    if owner and topic is None:
        yield Finding(
            f"{field}.topic", f"Microservice {owner.name} does not declare topic {subscription.topic.name}; add it"
        )
    dead = next((queue for queue in service.spec.queues or [] if queue.name == subscription.dead_letter_queue), None)
    if topic and dead and dead.fifo != topic.fifo:
        kinds = ("FIFO", "not FIFO") if dead.fifo else ("not FIFO", "FIFO")
        message = f"queue {dead.name} is {kinds[0]} but topic {topic.name} is {kinds[1]}; name a queue like the topic"
        yield Finding(f"{field}.deadLetterQueue", message)
    if topic and queue and queue.fifo and not topic.fifo:
        message = (
            f"queue {queue.name} is FIFO but topic {topic.name} is not, which AWS refuses; make both FIFO, or neither"
        )
        yield Finding(field, message)


def _filter(policy: Mapping[str, Any], field: str, scope: str) -> Iterator[Finding]:
    """Check that values are lists and only bodies nest ("Amazon SNS subscription filter policies")."""
    for key, value in policy.items():
        path = f"{field}.{key}"
        if isinstance(value, Mapping) and scope == "MessageBody":
            yield from _filter(value, path, scope)
        elif isinstance(value, Mapping):
            yield Finding(path, "is nested, but only bodies nest; set filterPolicyScope to MessageBody, or flatten it")
        elif not isinstance(value, list):
            yield Finding(path, f"must be a list of accepted values; write [{value}]")
