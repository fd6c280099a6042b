"""PURE: which resources the role of a Microservice may use: only those that are proven to be its own.

For each table, topic and queue there are three answers. It is owned by the service when AWS shows our tags on it, when
status remembers that it did, or when this process has just created it. It certainly is not when it has other tags, or
may not be adopted: then its grant is revoked at once. Otherwise the answer is unknown, and an existing grant stays.
"""

from collections.abc import Iterator, Mapping

from ..aws.dynamodb.fields import TABLE
from ..aws.engine.arns import MESSAGING_KEY, TABLE_KEY, arns
from ..aws.engine.scope import AwsScope
from ..aws.engine.scope import site as site_of
from ..aws.iam.service_policy import Granting, grants
from ..aws.messaging.fields import QUEUE, TOPIC
from ..facts import Part, Reason
from .adoption import adopted_tables
from .desired import messaging_key, table_key
from .graph import Key
from .resource import ReconcileInput
from .table_grants import borrowed

GRANTED_KINDS = (TABLE.name, TOPIC.name, QUEUE.name)
_CREATED = (Reason.TABLE_CREATED, Reason.MESSAGING_CREATED)
_NOT_OURS = (Reason.CONFLICT, Reason.ADOPTION_REFUSED, Reason.RESTORE_REFUSED)


def made(part: Part) -> bool:
    """Whether this reconciliation has created the resource."""
    return any(event.reason in _CREATED for event in part.events)


def owned(part: Part) -> bool | None:
    """Whether the resource is owned by the service; `None` when that is unknown."""
    if part.reason in _NOT_OURS:
        # status remembers it as ours, and all its tags were removed: running pods keep their rights
        return None if part.unmarked and part.id else False
    return True if part.id or made(part) else None


def granting(scope: AwsScope, declared: ReconcileInput, just_made: frozenset[Key]) -> Granting:
    """The grants of the role; `just_made` are resources that this process created and AWS does not show yet."""
    service, site = declared.service, site_of(scope)
    known_arns = {key: arn for key, arn in declared.remembered.items() if key[0] in GRANTED_KINDS and arn}
    key = messaging_key(declared.environment)
    keys = {MESSAGING_KEY: key, TABLE_KEY: table_key(declared.environment)}
    named = arns(site, service, keys, adopted_tables(scope, declared)) | {
        resource_key: arn for resource_key, arn in known_arns.items() if resource_key in _granted(declared)
    }
    answers = {
        resource_key: _owned(resource_key, declared.before, just_made)
        for resource_key in named
        if resource_key[0] in GRANTED_KINDS
    }
    ours = {resource_key: arn for resource_key, arn in named.items() if answers.get(resource_key, True)}
    lent = borrowed(scope.owner, site, service, declared.lookup)
    never = {arn for resource_key, arn in named.items() if answers.get(resource_key) is False} | lent.refused
    unsure = {arn for resource_key, arn in named.items() if answers.get(resource_key, True) is None} | lent.unsure
    former = frozenset[str]() if declared.rolled_out else {*named.values(), *known_arns.values(), *lent.former}
    # a queue whose ownership is unknown, or that is being deleted, cannot be read without the key
    unsure |= {key} if key and any(_is_message(arn) for arn in unsure | former) else set()
    return Granting(grants(service.spec, ours, lent.tables), frozenset(unsure - never), frozenset(former - never))


def _granted(declared: ReconcileInput) -> frozenset[Key]:
    spec = declared.service.spec
    return frozenset(
        (kind, item.name)
        for kind, items in zip(GRANTED_KINDS, (spec.tables, spec.topics, spec.queues), strict=True)
        for item in items or []
    )


def _owned(key: Key, before: Mapping[Key, Part], just_made: frozenset[Key]) -> bool | None:
    part = before.get(key)
    answer = owned(part) if part else None
    return True if answer is None and key in just_made else answer


def _is_message(arn: str) -> bool:
    return arn.split(":")[2:3] in (["sns"], ["sqs"])


def noted(uid: str, before: Mapping[Key, Part]) -> Iterator[tuple[tuple[str, Key], bool]]:
    """For each resource: created and not shown yet (True), or known by now (False); by UID and key."""
    for key, part in before.items():
        if made(part):
            yield (uid, key), True
        elif owned(part) is not None:
            yield (uid, key), False
