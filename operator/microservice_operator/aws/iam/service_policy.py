"""PURE: declarations → what the role of a Microservice may do, action by action.

The table of actions is closed and holds none that makes, changes or drops a resource: a service works with the items
of its tables and can never lose a table. Resources are exact; only an index and a stream end in `*`, because their
names are AWS's or change while the table stays. "Actions, resources, and condition keys" for Amazon DynamoDB, SNS and
SQS in the AWS Service Authorization Reference say which action goes with which resource.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...api.microservice import MicroserviceSpec
from ...api.stores import Table, TableRef
from ..engine.arns import MESSAGING_KEY
from ..engine.policy_documents import Document, same_policy, text
from ..engine.rules import Outcome

SIZE_LIMIT = 10_240  # characters of all inline policies of one role: "IAM and AWS STS quotas"

_INDEX_READS = ("dynamodb:PartiQLSelect", "dynamodb:Query", "dynamodb:Scan")
_READS = ("dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:GetItem", *_INDEX_READS)
_WRITES = (
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
)
_DESCRIPTION = ("dynamodb:DescribeTable",)
TABLE_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "ReadWrite": (*_DESCRIPTION, *_READS, *_WRITES),
    "ReadOnly": (*_DESCRIPTION, *_READS),
    "WriteOnly": (*_DESCRIPTION, *_WRITES),
}
INDEX_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "ReadWrite": _INDEX_READS,
    "ReadOnly": _INDEX_READS,
    "WriteOnly": (),
}
TOPIC_ACTIONS = ("sns:Publish",)
QUEUE_ACTIONS = (
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
)
KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")  # "Key management" in the SQS and SNS guides: to send and receive
_STREAM_READS = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")
STREAM_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "ReadWrite": _STREAM_READS,
    "ReadOnly": _STREAM_READS,
    "WriteOnly": (),
}


CLOSED = frozenset(
    action
    for actions in (
        *TABLE_ACTIONS.values(),
        *INDEX_ACTIONS.values(),
        *STREAM_ACTIONS.values(),
        TOPIC_ACTIONS,
        QUEUE_ACTIONS,
        KEY_ACTIONS,
    )
    for action in actions
)


@dataclass(frozen=True)
class Grant:
    """Actions on one resource, and the declaration that they come from."""

    actions: tuple[str, ...]
    resource: str
    at: str
    because: str


@dataclass(frozen=True)
class GrantedTable:
    """A table of another Microservice that admits this one."""

    table: Table
    arn: str


@dataclass(frozen=True)
class Granting:
    """What a role is to be granted for certain, and the ARNs on which it keeps what it was granted before.

    On `unsure` ones, because nobody can tell at the moment whether they are the service's; on `former` ones, because
    pods of the former declaration may use them still.
    """

    grants: tuple[Grant, ...] = ()
    unsure: frozenset[str] = frozenset()
    former: frozenset[str] = frozenset()

    def kept(self, granted: Document | None) -> tuple[Grant, ...]:
        """What a role that is granted this keeps of it; nothing that no declaration could have asked for."""
        on = self.unsure | self.former
        return tuple(
            Grant(actions, resource, "", "")
            for statement in (granted or {}).get("Statement", ())
            for resource in _listed(statement.get("Resource", ()))
            if resource.removesuffix("/index/*").removesuffix("/stream/*") in on
            for actions in [tuple(sorted(CLOSED.intersection(_listed(statement.get("Action", ())))))]
            if actions
        )


GrantedTables = Mapping[
    tuple[str, str], GrantedTable
]  # (Microservice, table) of a ref → the table, only where the owner admits


def table_grants(table: Table, arn: str, at: str) -> tuple[Grant, ...]:
    """What a table's declaration grants: its items, its indexes and its stream, where there are any."""
    taken = ", once it has been taken over" if table.adopt else ""
    return _granted(GrantedTable(table, arn), table.access, at, f"table {table.name}: access {table.access}{taken}")


def ref_grants(ref: TableRef, lent: GrantedTable, at: str) -> tuple[Grant, ...]:
    """What a ref to another's table grants: the same, by the ref's access."""
    because = f"table {ref.table} of Microservice {ref.microservice}, which admits this one: access {ref.access}"
    return _granted(lent, ref.access, at, because)


def _granted(lent: GrantedTable, access: str, at: str, because: str) -> tuple[Grant, ...]:
    table, arn = lent.table, lent.arn
    found = [Grant(TABLE_ACTIONS[access], arn, at, because)]
    if table.global_secondary_indexes or table.local_secondary_indexes:
        found.append(Grant(INDEX_ACTIONS[access], f"{arn}/index/*", at, f"{because}, indexes"))
    if table.stream_view_type:
        stream = f"{because}, streamViewType {table.stream_view_type}"
        found.append(Grant(STREAM_ACTIONS[access], f"{arn}/stream/*", at, stream))
    return tuple(grant for grant in found if grant.actions)


def grants(
    spec: MicroserviceSpec, arns: Mapping[tuple[str, str], str], lending: GrantedTables | None = None
) -> tuple[Grant, ...]:
    """Everything that a Microservice's role is for; `arns` holds the exact ARN of each declared (kind, name).

    One without is not the service's, or nobody knows yet that it is.
    """
    own = (
        grant
        for index, table in enumerate(spec.tables or [])
        if ("Table", table.name) in arns
        for grant in table_grants(table, arns["Table", table.name], f"spec.tables[{index}]")
    )
    others = (
        grant
        for index, ref in enumerate(spec.table_refs or [])
        if lending and (ref.microservice, ref.table) in lending
        for grant in ref_grants(ref, lending[ref.microservice, ref.table], f"spec.tableRefs[{index}]")
    )
    return (*own, *others, *message_grants(spec, arns))


def message_grants(spec: MicroserviceSpec, arns: Mapping[tuple[str, str], str]) -> Iterable[Grant]:
    """What topics and queues grant: to publish, to send and receive, and the use of the key that encrypts them."""
    topics = [(at, topic.name) for at, topic in enumerate(spec.topics or []) if ("Topic", topic.name) in arns]
    queues = [(at, queue.name) for at, queue in enumerate(spec.queues or []) if ("Queue", queue.name) in arns]
    for index, name in topics:
        yield Grant(TOPIC_ACTIONS, arns["Topic", name], f"spec.topics[{index}]", f"topic {name}")
    for index, name in queues:
        yield Grant(QUEUE_ACTIONS, arns["Queue", name], f"spec.queues[{index}]", f"queue {name}")
    if MESSAGING_KEY in arns and (topics or queues):
        at = "spec.topics" if topics else "spec.queues"
        yield Grant(KEY_ACTIONS, arns[MESSAGING_KEY], at, "the Environment's aws.messagingKeyARN encrypts messages")


def document(granted: Iterable[Grant]) -> Document | None:
    """The policy that grants exactly this; None where nothing is granted. Equal actions share a statement."""
    resources: dict[tuple[str, ...], set[str]] = {}
    for grant in granted:
        resources.setdefault(tuple(sorted(grant.actions)), set()).add(grant.resource)
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": list(actions), "Resource": sorted(on)}
        for actions, on in sorted(resources.items(), key=lambda entry: (sorted(entry[1]), entry[0]))
    ]
    return {"Version": "2012-10-17", "Statement": statements} if statements else None


def granted(desired: Granting, observed: Document | None) -> Outcome:
    """A rule: the policy grants what is certain, and what is to be kept of what it grants.

    Where IAM has no room for all of it, what only the former declaration asked for goes: else the new pods, for whose
    rollout it is kept, would wait for their rights for ever.
    """
    whole = document((*desired.grants, *desired.kept(observed)))
    if excess(whole):
        whole = document((*desired.grants, *replace(desired, former=frozenset()).kept(observed)))
    return same_policy(whole, observed)


def _listed(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def excess(policy: Document | None) -> str:
    """Why IAM would not take the policy, "" if it would."""
    size = len("".join(text(policy).split())) if policy else 0
    if size <= SIZE_LIMIT:
        return ""
    return (
        f"the role's policy needs {size} characters, IAM allows {SIZE_LIMIT}; declare fewer tables, topics and queues "
        "in one Microservice, or give them shorter names"
    )
