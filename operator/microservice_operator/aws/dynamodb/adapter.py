"""Adapter of DynamoDB tables: translates between fields and the calls of DynamoDB, never decides.

"UpdateTable" and "UpdateTimeToLive" in the DynamoDB API Reference say which changes one call can combine. One index is
created or deleted at a time; a stream or a time to live is disabled before it gets another value. A table that is
billed per request has no scaling: its scalable targets are removed before its billing mode changes.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from ...errors import Gone, NeedsPerson, NotYet
from ...facts import Reason
from ...ownership import OWNER_TAGS
from ...partitions import partition
from ..engine.call import Lane
from ..engine.decide import Desired, Observed, Phase, Step
from ..engine.rules import Bounds
from ..engine.scope import AwsScope
from ..engine.service import AwsService
from ..engine.tags import Tag, tag_list
from .autoscaling_adapter import TableScaling
from .requests import creation, update
from .responses import PROVISIONED, definitions, observed_fields, phase
from .restore import TableRestore
from .scaling import pre_delete_step
from .table_tags import table_tags

_TTL_UNDER_WAY = {"ENABLING", "DISABLING"}
_TTL_TOO_SOON = "modified multiple times within a fixed interval"


class DynamoDBTable:
    """One DynamoDB table, by its name in AWS."""

    def __init__(
        self,
        scope: AwsScope,
        name: str,
        lane: Lane = Lane.MAIN,
        *,
        adopting: bool = False,
        restore: TableRestore | None = None,
    ) -> None:
        """Set the table's name, without a call; before an adoption (`adopting`) the encryption key is read too.

        `restore` creates it in place of an empty table.
        """
        self._name = name
        self._restore = restore
        self._arn = f"arn:{partition(scope.region)}:dynamodb:{scope.region}:{scope.account_id}:table/{name}"
        self._described = False
        self.key = ""  # that encrypts it, as it was observed
        self._defined: dict[str, str] = {}
        self._service = AwsService(scope, "dynamodb", f"table {name}", lane)
        self._keys = AwsService(scope, "kms", f"the key of table {name}", lane) if adopting else None
        self._provisioned: tuple[int, int] | None = None
        self._scaling = TableScaling(scope, name, lane)

    async def observe(self) -> Observed | None:
        """Describe it; once it is active, read tags, time to live, backups and scaling with concurrent calls."""
        try:
            table = (await self._service.read("DescribeTable", TableName=self._name))["Table"]
            self._arn, self._described = table["TableArn"], True
            if phase(table) in (Phase.CREATING, Phase.DELETING):
                return Observed(self._arn, phase(table))  # AWS does not show keys and indexes of a table in deletion
            self._defined = definitions(table)
            fields = observed_fields(table)
            self.key = fields["encryption"]
            self._provisioned = fields["capacity"] if fields["billing"] == PROVISIONED else None
            tags, ttl, recovery, scaling, key = await asyncio.gather(
                self._tags(), self._time_to_live(), self._recovery(), self._scaled(fields), self._own_key(table)
            )
        except Gone as error:
            if self._described:
                # "Its status might not be ACTIVE": the other calls may not find a table that exists.
                message = f"table {self._name} exists, but AWS does not describe all of it yet: {error}"
                raise NotYet(Reason.AWS_UNAVAILABLE, message) from None
            return None
        return Observed(
            id=self._arn,
            phase=phase(table),
            fields={
                **fields,
                **scaling,
                "tags": tags,
                "time_to_live": ttl.get("AttributeName") if _counts_as_on(ttl) else None,
                "recovery": recovery,
                "key": key,
            },
            tags=tags,
            protected=table.get("DeletionProtectionEnabled", False),
            pending_fields=frozenset({"time_to_live"} if ttl.get("TimeToLiveStatus") in _TTL_UNDER_WAY else ()),
            # filling an index takes hours, and does not prevent the deletion of its table
            locked=table["TableStatus"] == "UPDATING",
            pre_delete_step=pre_delete_step(scaling["unscaled"]),
            detail=f"its status in DynamoDB is {table['TableStatus']}",
            restored=await self._is_restored(table, tags),
        )

    async def create(self, desired: Desired) -> None:
        """Create the table in one call: empty and with its tags, or restored."""
        if self._restore is not None:
            await self._restore.start(self._name, desired.fields)
            return
        await self._service.write("CreateTable", TableName=self._name, **creation(desired.fields))

    async def modify(self, step: Step, desired: Desired | None) -> None:
        """Make the one call of the step."""
        value = step.changes.get(step.name)
        match step.name:
            case "tags" if isinstance(value, Tag):
                await self._service.write("TagResource", ResourceArn=self._arn, Tags=tag_list(value.tags))
            case "tags":
                await self._service.write("UntagResource", ResourceArn=self._arn, TagKeys=list(value.keys))  # type: ignore[union-attr]
            case "unscaled" | "scaling" | "tracking":
                await self._scaling.modify(step)
            case "time_to_live":
                await self._set_time_to_live(value, desired)
            case "recovery":
                wanted = {"PointInTimeRecoveryEnabled": value}
                await self._service.write(
                    "UpdateContinuousBackups", TableName=self._name, PointInTimeRecoverySpecification=wanted
                )
            case _:
                fields = {**(desired.fields if desired else {})}
                if self._provisioned and not fields.get("capacity"):
                    # an adopted table without declared capacity: a new index gets the table's capacity
                    fields["capacity"] = tuple(Bounds(units, units) for units in self._provisioned)
                await self._service.write("UpdateTable", TableName=self._name, **update(step, fields, self._defined))

    async def delete(self) -> None:
        """Delete the table."""
        await self._service.write("DeleteTable", TableName=self._name)

    async def _is_restored(self, table: Mapping[str, Any], tags: Mapping[str, str]) -> bool:
        """Whether it has no owner tags yet because the declared restore created it."""
        if self._restore is None or tags.keys() & OWNER_TAGS:
            return False
        return await self._restore.has_made(table)

    async def _own_key(self, table: Mapping[str, Any]) -> str | None:
        """Return the customer managed key that encrypts a table to adopt, or None."""
        key: str | None = table.get("SSEDescription", {}).get("KMSMasterKeyArn")
        if self._keys is None or key is None:
            return None
        answer = await self._keys.read("DescribeKey", KeyId=key)
        return key if answer["KeyMetadata"]["KeyManager"] == "CUSTOMER" else None

    async def _tags(self) -> dict[str, str]:
        return await table_tags(self._service, self._arn)

    async def _time_to_live(self) -> dict[str, Any]:
        answer = await self._service.read("DescribeTimeToLive", TableName=self._name)
        described: dict[str, Any] = answer["TimeToLiveDescription"]
        return described

    async def _recovery(self) -> bool:
        answer = await self._service.read("DescribeContinuousBackups", TableName=self._name)
        described = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
        return bool(described.get("PointInTimeRecoveryStatus") == "ENABLED")

    async def _scaled(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        if fields["billing"] != PROVISIONED:
            return {"unscaled": {}, "scaling": {}, "tracking": {}}
        indexes = tuple(fields["global_indexes"])
        targets, policies = await asyncio.gather(self._scaling.targets(indexes), self._scaling.policies(indexes))
        return {"unscaled": targets, "scaling": targets, "tracking": policies}

    async def _set_time_to_live(self, attribute: str | None, desired: Desired | None) -> None:
        name = attribute or (await self._time_to_live()).get("AttributeName")
        if name is None:
            return
        specification = {"Enabled": attribute is not None, "AttributeName": name}
        try:
            await self._service.write("UpdateTimeToLive", TableName=self._name, TimeToLiveSpecification=specification)
        except NeedsPerson as error:
            if _TTL_TOO_SOON not in str(error):
                raise
            label = desired.name if desired else self._name
            message = f"DynamoDB changes the time to live of table {label} at most once an hour; retried automatically"
            raise NotYet(Reason.TABLE_UPDATING, message, 300) from None


def _counts_as_on(ttl: dict[str, Any]) -> bool:
    return ttl.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
