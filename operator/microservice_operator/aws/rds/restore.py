"""Finds what an instance is restored from, and proves that its data is the Microservice's.

Snapshots and automated backups carry the tags of their instance (`CopyTagsToSnapshot`; "Copying tags to DB instance
snapshots" in the Amazon RDS User Guide), so tags prove the owner here as on the instance itself.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ... import names
from ...api.restores import InstancePointInTime
from ...errors import Gone, NeedsPerson, NotYet
from ...facts import Reason
from ...ownership import Ownership
from ...resources import Consent
from ..engine.restores import refused_restore, restore_time
from ..engine.scope import AwsScope
from ..engine.service import AwsService
from .desired import DesiredInstance
from .requests import restoration
from .restore_source import (
    Call,
    SourceData,
    call,
    choose_backup,
    describe_source,
    name_of,
    refuse_misfit,
    source_data,
)


class InstanceRestore:
    """The restore that a declared database with `restoreFrom` requests."""

    def __init__(self, scope: AwsScope, desired: DesiredInstance) -> None:
        """Read what is declared, without a call."""
        assert desired.spec.restore_from is not None  # noqa: S101 the caller has looked
        self._scope = scope
        self._source = desired.spec.restore_from
        self._consent = desired.restore or Consent(allowed=False, item="")
        self._at = desired.field
        self._service = AwsService(scope, "rds", describe_source(self._source))

    async def call(self, name: str, groups: str, fields: Mapping[str, Any]) -> Call:
        """Return the call that creates instance `name`; `groups` is the base name of its groups.

        Raises NeedsPerson (RestoreRefused) if the source does not exist, does not fit or is not proven.
        """
        point = self._source.point_in_time
        when = restore_time(point.time, f"{self._at}.restoreFrom") if point and point.time else None
        found = await self._find(when)
        if not self._consent.allowed and self._scope.owner.standing(found.tags) is Ownership.FOREIGN:
            raise self._refused(
                "does not carry the tags of this Microservice, so its data may be another owner's; correct "
                f"restoreFrom, or ask the platform team to add {self._consent.item} to the Environment's annotation "
                f"{names.ANNOTATION_RESTORE}"
            )
        refuse_misfit(self._source, found, fields, self._at)  # last: it describes the data
        action, parameters = call(self._source, found, name, when)
        return action, {**parameters, **restoration(groups, fields)}

    def refused(self, error: NeedsPerson) -> NeedsPerson:
        """Return the error of a restore that RDS refuses."""
        return refused_restore(error, f"{self._at}.restoreFrom")

    async def _find(self, when: datetime | None) -> SourceData:
        if self._source.point_in_time:
            return await self._past_of(self._source.point_in_time, when)
        name = name_of(self._source)
        try:
            answer = await self._service.read("DescribeDBSnapshots", DBSnapshotIdentifier=name)
        except Gone:
            raise self._refused("does not exist; correct snapshotIdentifier") from None
        (snapshot,) = answer["DBSnapshots"]
        if snapshot["Status"] == "creating":
            raise NotYet(Reason.DATABASE_CREATING, f"snapshot {name} is not complete yet", 10)
        return source_data(snapshot, {"DBSnapshotIdentifier": name})

    async def _past_of(self, point: InstancePointInTime, when: datetime | None) -> SourceData:
        """Find the instance, or the automated backups that a deleted one left."""
        name = point.source_instance
        try:
            answer = await self._service.read("DescribeDBInstances", DBInstanceIdentifier=name)
        except Gone:
            return await self._backups_of(point, when)
        return source_data(answer["DBInstances"][0], {"SourceDBInstanceIdentifier": name})

    async def _backups_of(self, point: InstancePointInTime, when: datetime | None) -> SourceData:
        try:
            answer = await self._service.read(
                "DescribeDBInstanceAutomatedBackups", DBInstanceIdentifier=point.source_instance
            )
        except Gone:
            answer = {}
        backup = choose_backup(answer.get("DBInstanceAutomatedBackups", []), point, when)
        if backup is None:
            raise self._refused(
                "does not exist, and no automated backups of a deleted instance of that name reach this time; correct "
                "pointInTime, or restore a snapshot"
            )
        return source_data(backup, {"SourceDbiResourceId": backup["DbiResourceId"]})

    def _refused(self, why: str) -> NeedsPerson:
        message = f"{describe_source(self._source)} {why}"
        return NeedsPerson(Reason.RESTORE_REFUSED, message, f"{self._at}.restoreFrom")
