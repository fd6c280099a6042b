"""Adapter of RDS instances: translates between fields and the calls of RDS, never decides."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ... import names
from ...errors import Gone, NeedsPerson, NotYet
from ...facts import Reason
from ...resources import Policy
from ..engine.call import Lane
from ..engine.decide import Desired, Observed, Phase, Step
from ..engine.list_cache import Region
from ..engine.pagination import pages
from ..engine.scope import AwsScope
from ..engine.service import AwsService
from ..engine.tags import tag_list
from .group_adapters import Tagged
from .requests import creation, modification, secret_key
from .responses import group_name, major, observed_fields, pending, tags
from .restore import InstanceRestore
from .states import state_meaning

_UPGRADE_AGAIN = 6 * 3600.0  # a failing upgrade may interrupt the service, so it is not retried in every reconciliation
_SNAPSHOT_HOLDS = timedelta(days=1)
_PAGE = 100  # "DescribeDBInstances": MaxRecords, maximum 100
_SETTLING = 60.0  # seconds for which RDS may show a change as pending that it is about to make


class Instance:
    """One RDS instance, by its name; `groups` is the base name of its subnet, parameter and security groups.

    `version` is the desired major version, `policy` the deletion policy of its data. `restore` creates it in place of
    an empty instance.
    """

    def __init__(
        self,
        scope: AwsScope,
        name: str,
        *,
        groups: str = "",
        version: int = 0,
        policy: Policy = "Retain",
        restore: InstanceRestore | None = None,
    ) -> None:
        """Set the instance's name, without a call."""
        self._restore = restore
        lane = Lane.DELETE if version == 0 else Lane.MAIN
        self._scope = scope
        self._name = name
        self._groups = groups or name
        self._version = version
        self._policy = policy
        self._region = region(scope, lane)
        self._service = AwsService(scope, "rds", f"instance {name}", lane)
        self._region_service = AwsService(scope, "rds", "the instances of the region", lane)
        self._described: Mapping[str, Any] = {}

    async def observe(self) -> Observed | None:
        """Find it in the region's list; if the list does not show it, read it by its name."""
        lists = self._scope.clients.lists
        uid, call = self._scope.owner.identity.uid, "rds:DescribeDBInstances"
        listed = await lists.find(self._region, self._name, self._list_all, call, owner=uid)
        instance = listed or await self._read_by_name()
        if instance is None:
            return None
        self._described = instance
        state = instance["DBInstanceStatus"]
        means = state_meaning(state)
        if means.phase in (Phase.CREATING, Phase.DELETING):
            return Observed(instance["DBInstanceArn"], means.phase, detail=f"its status in RDS is {state}")
        snapshot = await self._snapshot_state(instance)
        pending_fields = {"storage", "storage_type"} if state == "storage-optimization" else set()
        pending_fields |= {"major"} if snapshot == "creating" else set()
        pending_fields |= (
            {"major", "waiting", "restart"} if lists.wrote_within(self._region, self._name, _SETTLING) else set()
        )
        calm = means.phase is Phase.READY and not means.locked and "major" not in pending_fields
        failed = calm and lists.wrote_within(self._region, self._upgrade(self._version), _UPGRADE_AGAIN)
        return Observed(
            id=instance["DBInstanceArn"],
            phase=means.phase,
            fields=observed_fields(instance, snapshot, failed=failed),
            tags=tags(instance),
            protected=instance["DeletionProtection"],
            pending_fields=frozenset(pending_fields),
            locked=means.locked or means.phase is Phase.CHANGING,
            detail=means.detail,
            impairment=means.detail if means.impairment else "",
            start_step=Step("start", {}, "starting it, because a stopped instance cannot be changed")
            if state == "stopped"
            else None,
        )

    async def create(self, desired: Desired) -> None:
        """Create the instance with its tags in one call: empty, or restored."""
        if self._restore is None:
            await self._write("CreateDBInstance", **creation(self._groups, desired.fields))
            return
        try:
            action, parameters = await self._restore.call(self._name, self._groups, desired.fields)
            await self._call(action, parameters)
        except NeedsPerson as error:
            raise self._restore.refused(error) from None

    async def modify(self, step: Step, desired: Desired | None) -> None:
        """Make the one call of the step.

        Changes apply at once only if the spec says so, because that also applies all other pending changes.
        """
        at_once = bool(desired and desired.fields["at_once"])
        match step.name:
            case "tags":
                self._scope.clients.lists.wrote(self._region, self._name)
                await Tagged(self._service).write(self._described["DBInstanceArn"], step.changes["tags"])
            case "start":
                await self._write("StartDBInstance")
            case "restart":
                await self._write("RebootDBInstance")
            case "waiting":
                await self._write("ModifyDBInstance", ApplyImmediately=True)
            case "major" if isinstance(step.changes["major"], str):
                await self._upgrade_target(self._version)  # no snapshot for an upgrade that RDS does not offer
                snapshot = step.changes["major"]
                marks = tag_list(self._scope.owner.marks)
                await self._write("CreateDBSnapshot", DBSnapshotIdentifier=snapshot, Tags=marks)
            case "major":
                number = step.changes["major"]
                await self._write(
                    "ModifyDBInstance",
                    EngineVersion=await self._upgrade_target(number),
                    AllowMajorVersionUpgrade=True,
                    DBParameterGroupName=group_name(self._groups, number),
                    ApplyImmediately=at_once,
                )
                self._scope.clients.lists.wrote(self._region, self._upgrade(number))
            case _:
                request = modification(step, self._described)
                if "parameter_group" in step.changes:
                    running = major(self._described["EngineVersion"])
                    request["DBParameterGroupName"] = group_name(self._groups, running)
                if desired and "managed_password" in step.changes:
                    request |= secret_key(desired.fields)
                await self._write("ModifyDBInstance", **request, ApplyImmediately=at_once)

    async def delete(self) -> None:
        """Delete the instance, with a final snapshot if its policy asks for one.

        Where RDS cannot take one, the automated backups stay, so that the data can be restored.
        Raises NeedsPerson if there are none either.
        """
        state = self._described.get("DBInstanceStatus", "")
        if self._policy == "Delete":
            # the backups of an adopted instance may contain data of others
            adopted = self._groups != self._name or names.TAG_ADOPTED in tags(self._described)
            choice: dict[str, Any] = {"SkipFinalSnapshot": True, "DeleteAutomatedBackups": not adopted}
        elif state_meaning(state).keeps and not self._described.get("BackupRetentionPeriod"):
            raise NeedsPerson(
                Reason.DATABASE_UNUSABLE,
                f"instance {self._name} is {state}: RDS cannot take a final snapshot of it, and there are no automated "
                "backups, so its data would be lost; repair it, or set deletionPolicy: Delete",
            )
        elif state_meaning(state).keeps:
            choice = {"SkipFinalSnapshot": True, "DeleteAutomatedBackups": False}
        else:
            choice = {"SkipFinalSnapshot": False, "FinalDBSnapshotIdentifier": final_snapshot(self._scope, self._name)}
        await self._write("DeleteDBInstance", **choice)

    async def _write(self, action: str, **parameters: Any) -> None:
        await self._call(action, {"DBInstanceIdentifier": self._name, **parameters})

    async def _call(self, action: str, parameters: Mapping[str, Any]) -> None:
        self._scope.clients.lists.wrote(self._region, self._name)
        try:
            await self._service.write(action, **parameters)
        except NeedsPerson as error:
            if error.reason == Reason.REJECTED and "optimiz" in str(error) and "torage" in str(error):
                # "Working with storage": six hours, or until the optimization has ended
                message = (
                    f"RDS is optimizing the storage of instance {self._name}, which can take six hours; "
                    "retried automatically"
                )
                raise NotYet(Reason.DATABASE_UPDATING, message, 300) from None
            raise
        finally:
            self._scope.clients.lists.wrote(self._region, self._name)

    async def _upgrade_target(self, number: int) -> str:
        """Return the newest minor version of a major one to which RDS can upgrade the instance.

        RDS takes a bare major version as its default minor version, to which a newer running one may have no upgrade
        (ValidUpgradeTarget in "DescribeDBEngineVersions"). Raises NeedsPerson if there is none.
        """
        running = self._described["EngineVersion"]
        query = {"Engine": self._described["Engine"], "EngineVersion": running}
        answer = await self._service.read("DescribeDBEngineVersions", **query)
        targets = [
            str(target["EngineVersion"])
            for version in answer.get("DBEngineVersions", [])
            for target in version.get("ValidUpgradeTarget", [])
        ]
        of_number = [target for target in targets if major(target) == number]
        if not of_number:
            offered = ", ".join(map(str, sorted({major(target) for target in targets} - {major(running)})))
            raise NeedsPerson(
                Reason.CHANGE_REFUSED,
                f"RDS offers no upgrade of instance {self._name} from {running} to {number}; "
                + (f"declare one of the versions that it offers: {offered}" if offered else f"keep {major(running)}"),
            )
        return max(of_number, key=_numbers)

    def _upgrade(self, version: int) -> str:
        return f"{self._name} to {version}"

    async def _list_all(self) -> Mapping[str, Mapping[str, Any]]:
        listed = pages(self._region_service.read, "DescribeDBInstances", "Marker", MaxRecords=_PAGE)
        return {
            instance["DBInstanceIdentifier"]: instance
            async for page in listed
            for instance in page.get("DBInstances", [])
        }

    async def _read_by_name(self) -> Mapping[str, Any] | None:
        try:
            answer = await self._service.read("DescribeDBInstances", DBInstanceIdentifier=self._name)
        except Gone:
            return None
        instance: Mapping[str, Any] = answer["DBInstances"][0]
        return instance

    async def _snapshot_state(self, instance: Mapping[str, Any]) -> str:
        """Return the state of today's snapshot, read only before an upgrade; "" without one."""
        running = major({**instance, **pending(instance)}["EngineVersion"])
        if self._version <= running:
            return ""
        ours = _upgrade_snapshots(self._scope, self._name, self._version)
        query = {"DBInstanceIdentifier": self._name, "SnapshotType": "manual"}
        listed = pages(self._service.read, "DescribeDBSnapshots", "Marker", **query)
        try:
            states = {
                str(snapshot["Status"])
                async for page in listed
                for snapshot in page["DBSnapshots"]
                if snapshot["DBSnapshotIdentifier"].startswith(ours) and _is_recent(snapshot)
            }
        except Gone:
            return ""
        return "available" if "available" in states else min(states, default="")


def _numbers(version: str) -> list[int]:
    """`17.10` is newer than `17.9`; RDS appends a suffix to some, such as `12.22-rds.20250220`."""
    return [int(number) for number in re.findall(r"\d+", version)]


def region(scope: AwsScope, lane: Lane = Lane.MAIN) -> Region:
    """Return the cache key of the list of all instances."""
    return scope.list_key("rds", lane)


def final_snapshot(scope: AwsScope, name: str) -> str:
    """Return the name of the final snapshot: it differs for each Microservice that ever had the name."""
    return f"{name}-final-{names.short_hash(scope.owner.identity.uid)}"


def upgrade_snapshot(scope: AwsScope, name: str, version: int) -> str:
    """Return the name of the snapshot before an upgrade that begins today."""
    return f"{_upgrade_snapshots(scope, name, version)}{datetime.now(UTC):%Y%m%d}"


def _upgrade_snapshots(scope: AwsScope, name: str, version: int) -> str:
    return f"{name}-before-{version}-{names.short_hash(scope.owner.identity.uid)}-"


def _is_recent(snapshot: Mapping[str, Any]) -> bool:
    """Whether it is at most a day old: a snapshot of an earlier attempt may lack newer data."""
    taken = snapshot.get("SnapshotCreateTime")  # missing until the snapshot is complete
    return snapshot["Status"] == "creating" or (taken is not None and datetime.now(UTC) - taken < _SNAPSHOT_HOLDS)
