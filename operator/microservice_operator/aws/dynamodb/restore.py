"""Restores a table from a backup or to a point in time, once its data is proven to be the Microservice's.

"RestoreTableFromBackup" and "RestoreTableToPointInTime" in the DynamoDB API Reference: both create a table without
tags. Its `RestoreSummary` names the source as long as the table exists, so that a restore whose tags are still missing
is recognized after a restart, too.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ... import names
from ...errors import Gone, NeedsPerson, NotYet
from ...facts import Reason
from ...ownership import Ownership
from ...partitions import partition
from ...resources import Consent
from ..engine.call import Lane
from ..engine.restores import refused_restore
from ..engine.scope import AwsScope
from ..engine.service import AwsService
from .desired import DesiredTable
from .restore_source import (
    SourceTable,
    describe_source,
    is_restored,
    named_and_newer,
    refuse_misfit,
    request,
    source_table,
    table_of,
)
from .table_tags import table_tags


class TableRestore:
    """The restore that a declared table with `restoreFrom` requests; `own_name` is the operator's name for the table.

    Its methods raise NeedsPerson (RestoreRefused) if the source does not exist, does not fit or is not proven.
    """

    def __init__(self, scope: AwsScope, desired: DesiredTable, own_name: str) -> None:
        """Read what is declared, without a call."""
        assert desired.spec.restore_from is not None  # noqa: S101 the caller has looked
        self._scope = scope
        self._source = desired.spec.restore_from
        self._own_name = own_name
        self._owner_created: datetime | None = desired.created
        self._consent = desired.restore or Consent(allowed=False, item="")
        self._field = f"{desired.field}.restoreFrom"
        self._service = AwsService(scope, "dynamodb", describe_source(self._source), Lane.MAIN)

    async def start(self, name: str, fields: Mapping[str, Any]) -> None:
        """Make the call that creates table `name`, if the source is proven and has the declared keys."""
        action, parameters = request(self._source, name, fields["encryption"].arn, self._field)
        try:
            table = await self._table()
            await self._prove(table)  # first: a refusal must not describe the data of others
            refuse_misfit(self._source, table, fields["keys"], self._field)
            await self._service.write(action, **parameters)
        except NeedsPerson as error:
            raise refused_restore(error, self._field) from None

    async def has_made(self, table: Mapping[str, Any]) -> bool:
        """Whether this restore, or a person who did the same, created the table that DescribeTable shows."""
        if not is_restored(self._source, table, self._field):
            return False
        await self._prove(await self._table())
        return True

    async def _table(self) -> SourceTable:
        """Read the table that the data is of; a backup remembers it."""
        if self._source.point_in_time is None:
            return await self._table_of_backup(str(self._source.backup_arn))
        name = table_of(self._source)
        try:
            described = (await self._service.read("DescribeTable", TableName=name))["Table"]
        except Gone:
            message = (
                f"table {name} does not exist, so DynamoDB cannot restore its past; if it had point-in-time recovery, "
                "restore the backup that DynamoDB took when it was deleted (aws dynamodb list-backups "
                f"--backup-type SYSTEM --table-name {name})"
            )
            raise NeedsPerson(Reason.RESTORE_REFUSED, message, self._field) from None
        return source_table(described)

    async def _table_of_backup(self, arn: str) -> SourceTable:
        if arn.split(":")[3:5] != [self._scope.region, self._scope.account_id]:
            message = (
                f"{arn} is not in account {self._scope.account_id} and region {self._scope.region} of the "
                "Environment; copy the backup there with AWS Backup, or correct backupARN"
            )
            raise NeedsPerson(Reason.RESTORE_REFUSED, message, f"{self._field}.backupARN")
        try:
            described = (await self._service.read("DescribeBackup", BackupArn=arn))["BackupDescription"]
        except Gone:
            described = {"BackupDetails": {"BackupStatus": "DELETED"}}
        status = described["BackupDetails"]["BackupStatus"]
        if status == "CREATING":
            raise NotYet(Reason.TABLE_CREATING, f"backup {arn} is not complete yet", 10)
        if status == "DELETED":
            message = f"backup {arn} does not exist; correct backupARN"
            raise NeedsPerson(Reason.RESTORE_REFUSED, message, f"{self._field}.backupARN")
        return source_table(described["SourceTableDetails"])

    async def _prove(self, table: SourceTable) -> None:
        """Raise NeedsPerson unless the data is this Microservice's, or the Environment consents."""
        if self._consent.allowed or named_and_newer(table, self._own_name, self._owner_created):
            return
        if await self._has_our_tags(table):
            return
        message = (
            f"{describe_source(self._source)} is not proven to hold data of this Microservice: table {table.name} does "
            "not exist with its tags; correct restoreFrom, or ask the platform team to add "
            f"{self._consent.item} to the Environment's annotation {names.ANNOTATION_RESTORE}"
        )
        raise NeedsPerson(Reason.RESTORE_REFUSED, message, self._field)

    async def _has_our_tags(self, table: SourceTable) -> bool:
        """Whether the table still exists, is the same one, and has this Microservice's owner tags."""
        scope = self._scope
        arn = f"arn:{partition(scope.region)}:dynamodb:{scope.region}:{scope.account_id}:table/{table.name}"
        try:
            described = (await self._service.read("DescribeTable", TableName=table.name))["Table"]
            tags = await table_tags(self._service, arn)
        except Gone:
            return False
        same = bool(table.id) and described.get("TableId") == table.id
        return same and scope.owner.standing(tags) is not Ownership.FOREIGN
