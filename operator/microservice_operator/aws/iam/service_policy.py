"""PURE: declarations → the permissions of a Microservice's role, action by action.

The table of actions is closed. It contains no action that creates, changes or deletes a resource: a service works with
the items of its tables and can never delete a table. Resources are exact; only an index and a stream end in `*`,
because AWS chooses their names or they change while the table stays. "Actions, resources, and condition keys" for
Amazon DynamoDB, SNS and SQS in the AWS Service Authorization Reference say which action applies to which resource.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...api.microservice import MicroserviceSpec
from ...api.stores import Table, TableRef
from ...partitions import dns_suffix
from ..engine.arns import MESSAGING_KEY, TABLE_KEY
from ..engine.policy_documents import Document, normalised, same_policy, text
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
# "How Amazon DynamoDB uses AWS KMS", key policy of a customer managed key, without CreateGrant, which only the operator
# needs: DynamoDB uses the key with the rights of who reads or writes an item (aws/aws-cdk#10010: PutItem needs Decrypt)
TABLE_KEY_ACTIONS = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
_KEY = re.compile(r"arn:[a-z-]+:kms:([a-z0-9-]+):[0-9]{12}:key/[A-Za-z0-9-]+")
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
    """Actions on one resource, and the declaration that grants them; with `through`, only through that AWS service."""

    actions: tuple[str, ...]
    resource: str
    at: str
    because: str
    through: str = ""


@dataclass(frozen=True)
class GrantedTable:
    """A table of another Microservice that allows access to this one."""

    table: Table
    arn: str


@dataclass(frozen=True)
class Granting:
    """The certain permissions of a role, and the ARNs on which it keeps its current permissions.

    It keeps those on `unsure` ARNs, because their ownership cannot be determined now. It keeps those on `former` ARNs,
    because pods of the previous declaration may still use them.
    """

    grants: tuple[Grant, ...] = ()
    unsure: frozenset[str] = frozenset()
    former: frozenset[str] = frozenset()

    def kept(self, granted: Document | None) -> tuple[Grant, ...]:
        """Return the current permissions that the role keeps; only actions of the closed table."""
        on = self.unsure | self.former
        return tuple(
            Grant(actions, resource, "", "")
            for statement in (granted or {}).get("Statement", ())
            if statement.get("Effect") == "Allow" and "Condition" not in statement
            for resource in _listed(statement.get("Resource", ()))
            if resource.removesuffix("/index/*").removesuffix("/stream/*") in on
            for actions in [tuple(sorted(CLOSED.intersection(_listed(statement.get("Action", ())))))]
            if actions
        )


GrantedTables = Mapping[
    tuple[str, str], GrantedTable
]  # (Microservice, table) of a ref → the table, only if the owner allows it


def table_grants(table: Table, arn: str, field: str) -> tuple[Grant, ...]:
    """Return the permissions of a declared table: its items, and its indexes and stream if it has any."""
    taken = ", after its adoption" if table.adopt else ""
    return _granted(GrantedTable(table, arn), table.access, field, f"table {table.name}: access {table.access}{taken}")


def ref_grants(ref: TableRef, lent: GrantedTable, field: str) -> tuple[Grant, ...]:
    """Return the permissions of a ref to another Microservice's table: the same, by the ref's access."""
    because = f"table {ref.table} of Microservice {ref.microservice}, which allows this one: access {ref.access}"
    return _granted(lent, ref.access, field, because)


def _granted(lent: GrantedTable, access: str, field: str, because: str) -> tuple[Grant, ...]:
    table, arn = lent.table, lent.arn
    permissions = [Grant(TABLE_ACTIONS[access], arn, field, because)]
    if table.global_secondary_indexes or table.local_secondary_indexes:
        permissions.append(Grant(INDEX_ACTIONS[access], f"{arn}/index/*", field, f"{because}, indexes"))
    if table.stream_view_type:
        stream = f"{because}, streamViewType {table.stream_view_type}"
        permissions.append(Grant(STREAM_ACTIONS[access], f"{arn}/stream/*", field, stream))
    return tuple(grant for grant in permissions if grant.actions)


def grants(
    spec: MicroserviceSpec, arns: Mapping[tuple[str, str], str], lending: GrantedTables | None = None
) -> tuple[Grant, ...]:
    """Return all permissions of a Microservice's role; `arns` contains the exact ARN of each declared (kind, name).

    A resource without an ARN is not the service's, or its ownership is not known yet.
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
    tables = (*own, *others)
    return (*tables, *_table_key_grants(tables, arns.get(TABLE_KEY, "")), *message_grants(spec, arns))


def _table_key_grants(tables: Sequence[Grant], key: str) -> Iterable[Grant]:
    """Yield the permission to use the Environment's key of tables, if there is one."""
    if key and tables:
        because = "the Environment's aws.tableKeyARN encrypts tables; only through DynamoDB"
        yield Grant(TABLE_KEY_ACTIONS, key, tables[0].at, because, _dynamodb(key))


def table_key_of(granted: Iterable[Grant]) -> str:
    """Return the key of tables that these permissions allow, "" if there is none."""
    return next((grant.resource for grant in granted if grant.actions == TABLE_KEY_ACTIONS), "")


def _dynamodb(key: str) -> str:
    """Return DynamoDB in a key's region as kms:ViaService names it, "" if this is not the ARN of one key."""
    region = _KEY.fullmatch(key)
    return f"dynamodb.{region[1]}.{dns_suffix(region[1])}" if region else ""


def message_grants(spec: MicroserviceSpec, arns: Mapping[tuple[str, str], str]) -> Iterable[Grant]:
    """Yield the permissions of topics and queues: to publish, to send and receive, and to use the encryption key."""
    topics = [(index, topic.name) for index, topic in enumerate(spec.topics or []) if ("Topic", topic.name) in arns]
    queues = [(index, queue.name) for index, queue in enumerate(spec.queues or []) if ("Queue", queue.name) in arns]
    for index, name in topics:
        yield Grant(TOPIC_ACTIONS, arns["Topic", name], f"spec.topics[{index}]", f"topic {name}")
    for index, name in queues:
        yield Grant(QUEUE_ACTIONS, arns["Queue", name], f"spec.queues[{index}]", f"queue {name}")
    if MESSAGING_KEY in arns and (topics or queues):
        field = "spec.topics" if topics else "spec.queues"
        yield Grant(KEY_ACTIONS, arns[MESSAGING_KEY], field, "the Environment's aws.messagingKeyARN encrypts messages")


def document(granted: Iterable[Grant]) -> Document | None:
    """Return the policy that grants exactly this, or None for no grants; equal actions share a statement."""
    resources: dict[tuple[tuple[str, ...], str], set[str]] = {}
    for grant in granted:
        resources.setdefault((tuple(sorted(grant.actions)), grant.through), set()).add(grant.resource)
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": list(actions), "Resource": sorted(on), **_condition(through)}
        for (actions, through), on in sorted(resources.items(), key=lambda entry: (sorted(entry[1]), entry[0]))
    ]
    return {"Version": "2012-10-17", "Statement": statements} if statements else None


def _condition(through: str) -> dict[str, Any]:
    return {"Condition": {"StringEquals": {"kms:ViaService": through}}} if through else {}


def _earlier_table_keys(granted: Iterable[Grant], observed: Document | None) -> tuple[Grant, ...]:
    """Return the keys that the role may use through DynamoDB by now, while it uses tables.

    A table keeps its key if the Environment names none any more, and for a while if it names another.
    """
    if not any(":dynamodb:" in grant.resource for grant in granted):
        return ()
    return tuple(
        Grant(TABLE_KEY_ACTIONS, key, "", "", _dynamodb(key))
        for statement in (observed or {}).get("Statement", ())
        if statement.get("Effect") == "Allow"
        if sorted(_listed(statement.get("Action", ()))) == sorted(TABLE_KEY_ACTIONS)
        for key in _listed(statement.get("Resource", ()))
        if _dynamodb(key)
        and normalised(statement.get("Condition")) == normalised(_condition(_dynamodb(key))["Condition"])
    )


def granted(desired: Granting, observed: Document | None) -> Outcome:
    """Rule: the policy grants the certain permissions, the kept ones, and the earlier keys of tables.

    If IAM has no room for all, permissions of the previous declaration are dropped. Otherwise the new pods would wait
    for their permissions forever, and the old ones are kept only for their rollout.
    """
    whole = _whole(desired, observed)
    if excess(whole):
        whole = _whole(replace(desired, former=frozenset()), observed)
    return same_policy(whole, observed)


def _whole(desired: Granting, observed: Document | None) -> Document | None:
    whole = (*desired.grants, *desired.kept(observed))
    return document((*whole, *_earlier_table_keys(whole, observed)))


def _listed(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def size_of(policy: Document | None) -> int:
    """Return the characters that IAM counts: all but white space."""
    return len("".join(text(policy).split())) if policy else 0


def excess(policy: Document | None) -> str:
    """Return why IAM would refuse the policy, or "" if it would accept it."""
    size = size_of(policy)
    if size <= SIZE_LIMIT:
        return ""
    return (
        f"the role's policy needs {size} characters, but IAM allows {SIZE_LIMIT}; declare fewer tables, topics and "
        "queues in one Microservice, or give them shorter names"
    )
