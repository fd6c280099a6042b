"""The adapter of instances of RDS: translates between the plan's fields and the calls of RDS, never decides."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from ... import names
from ...errors import Gone, NeedsPerson, NotYet
from ...facts import Reason
from ..engine.call import Lane
from ..engine.decide import Desired, Observed, Phase, Step
from ..engine.list_cache import Region
from ..engine.pagination import pages
from ..engine.scope import AwsScope
from ..engine.service import AwsService
from .group_adapters import Tagged
from .requests import creation, modification, tag_list
from .responses import group_name, major, observed_fields, pending, tags
from .states import meaning

Policy = Literal["Retain", "Snapshot", "Delete"]

_UPGRADE_AGAIN = 6 * 3600.0  # an upgrade that fails may interrupt, so it is not tried at every look
_SNAPSHOT_HOLDS = timedelta(days=1)
_PAGE = 100  # "DescribeDBInstances": MaxRecords, maximum 100
_SETTLING = 60.0  # seconds for which RDS may show a change as waiting that it is about to make


class Instance:
    """One instance of RDS, by its name; `groups` is the name that what it stands on is called after.

    `version` is the major one that is wanted, `policy` what becomes of its data.
    """

    def __init__(
        self, scope: AwsScope, name: str, *, groups: str = "", version: int = 0, policy: Policy = "Retain"
    ) -> None:
        """Name the instance; nothing is asked yet."""
        lane = Lane.DELETE if version == 0 else Lane.MAIN
        self._scope = scope
        self._name = name
        self._groups = groups or name
        self._version = version
        self._policy = policy
        self._region = region(scope, lane)
        self._service = AwsService(scope, "rds", f"instance {name}", lane)
        self._region_door = AwsService(scope, "rds", "the instances of the region", lane)
        self._described: Mapping[str, Any] = {}

    async def observe(self) -> Observed | None:
        """Find it among all of the region; one that the list does not show is asked for by its name."""
        lists = self._scope.clients.lists
        listed = await lists.find(self._region, self._name, self._list_all, "rds:DescribeDBInstances")
        found = listed or await self._alone()
        if found is None:
            return None
        self._described = found
        state = found["DBInstanceStatus"]
        means = meaning(state)
        if means.phase in (Phase.CREATING, Phase.DELETING):
            return Observed(found["DBInstanceArn"], means.phase, detail=f"RDS says {state}")
        snapshot = await self._snapshot_state(found)
        pending_fields = {"storage", "storage_type"} if state == "storage-optimization" else set()
        pending_fields |= {"major"} if snapshot == "creating" else set()
        pending_fields |= (
            {"major", "waiting", "restart"} if lists.wrote_within(self._region, self._name, _SETTLING) else set()
        )
        calm = means.phase is Phase.READY and not means.locked and "major" not in pending_fields
        failed = calm and lists.wrote_within(self._region, self._upgrade(self._version), _UPGRADE_AGAIN)
        return Observed(
            id=found["DBInstanceArn"],
            phase=means.phase,
            fields=observed_fields(found, snapshot, failed=failed),
            tags=tags(found),
            protected=found["DeletionProtection"],
            pending_fields=frozenset(pending_fields),
            locked=means.locked or means.phase is Phase.CHANGING,
            detail=means.detail,
            impairment=means.detail if means.impairment else "",
            start_step=Step("start", {}, "starting it, for a stopped one cannot be changed")
            if state == "stopped"
            else None,
        )

    async def create(self, desired: Desired) -> None:
        """CreateDBInstance, our tags in the same call."""
        await self._write("CreateDBInstance", **creation(self._groups, desired.fields))

    async def modify(self, step: Step, desired: Desired | None) -> None:
        """One call for one step.

        Only what the spec wants at once is asked for at once: that takes everything along which waits for the window.
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
                snapshot = step.changes["major"]
                marks = tag_list(self._scope.owner.marks)
                await self._write("CreateDBSnapshot", DBSnapshotIdentifier=snapshot, Tags=marks)
            case "major":
                number = step.changes["major"]
                await self._write(
                    "ModifyDBInstance",
                    EngineVersion=str(number),
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
                await self._write("ModifyDBInstance", **request, ApplyImmediately=at_once)

    async def delete(self) -> None:
        """DeleteDBInstance, with a last snapshot if its policy wants one.

        Where RDS takes none, the automated backups stay, and with them a way back.
        """
        state = self._described.get("DBInstanceStatus", "")
        if self._policy == "Delete":
            # of one that was taken over they may hold what is not the service's
            adopted = self._groups != self._name or names.TAG_ADOPTED in tags(self._described)
            choice: dict[str, Any] = {"SkipFinalSnapshot": True, "DeleteAutomatedBackups": not adopted}
        elif meaning(state).keeps:
            choice = {"SkipFinalSnapshot": True, "DeleteAutomatedBackups": False}
        else:
            choice = {"SkipFinalSnapshot": False, "FinalDBSnapshotIdentifier": final_snapshot(self._scope, self._name)}
        await self._write("DeleteDBInstance", **choice)

    async def _write(self, action: str, **parameters: Any) -> None:
        self._scope.clients.lists.wrote(self._region, self._name)
        try:
            await self._service.write(action, DBInstanceIdentifier=self._name, **parameters)
        except NeedsPerson as error:
            if error.reason == Reason.REJECTED and "optimiz" in str(error) and "torage" in str(error):
                # "Working with storage": six hours, or until the optimization has ended
                message = f"RDS changes the disk of instance {self._name} again once it has optimised it"
                raise NotYet(Reason.DATABASE_UPDATING, message, 300) from None
            raise
        finally:
            self._scope.clients.lists.wrote(self._region, self._name)

    def _upgrade(self, version: int) -> str:
        return f"{self._name} to {version}"

    async def _list_all(self) -> Mapping[str, Mapping[str, Any]]:
        listed = pages(self._region_door.read, "DescribeDBInstances", "Marker", MaxRecords=_PAGE)
        return {
            instance["DBInstanceIdentifier"]: instance
            async for page in listed
            for instance in page.get("DBInstances", [])
        }

    async def _alone(self) -> Mapping[str, Any] | None:
        try:
            answer = await self._service.read("DescribeDBInstances", DBInstanceIdentifier=self._name)
        except Gone:
            return None
        found: Mapping[str, Any] = answer["DBInstances"][0]
        return found

    async def _snapshot_state(self, instance: Mapping[str, Any]) -> str:
        """Asked for only when an upgrade is wanted."""
        running = major({**instance, **pending(instance)}["EngineVersion"])
        if self._version <= running:
            return ""
        ours = _upgrade_snapshots(self._scope, self._name, self._version)
        asked = {"DBInstanceIdentifier": self._name, "SnapshotType": "manual"}
        listed = pages(self._service.read, "DescribeDBSnapshots", "Marker", **asked)
        try:
            states = {
                str(snapshot["Status"])
                async for page in listed
                for snapshot in page["DBSnapshots"]
                if snapshot["DBSnapshotIdentifier"].startswith(ours) and _holds_what_is_there(snapshot)
            }
        except Gone:
            return ""
        return "available" if "available" in states else min(states, default="")


def region(scope: AwsScope, lane: Lane = Lane.MAIN) -> Region:
    """Whose instances are looked at together."""
    return "rds", scope.account_id, scope.region, lane


def final_snapshot(scope: AwsScope, name: str) -> str:
    """Name of the snapshot that a deletion leaves: another one for each Microservice that ever had the name."""
    return f"{name}-final-{names.short_hash(scope.owner.identity.uid)}"


def upgrade_snapshot(scope: AwsScope, name: str, version: int) -> str:
    """Name of the snapshot before an upgrade that begins today."""
    return f"{_upgrade_snapshots(scope, name, version)}{datetime.now(UTC):%Y%m%d}"


def _upgrade_snapshots(scope: AwsScope, name: str, version: int) -> str:
    return f"{name}-before-{version}-{names.short_hash(scope.owner.identity.uid)}-"


def _holds_what_is_there(snapshot: Mapping[str, Any]) -> bool:
    """Whether it is no older than a day: an earlier attempt may have left one that lacks what came since."""
    taken = snapshot.get("SnapshotCreateTime")  # not said before it is taken
    return snapshot["Status"] == "creating" or (taken is not None and datetime.now(UTC) - taken < _SNAPSHOT_HOLDS)
