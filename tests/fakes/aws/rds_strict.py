"""RDS as AWS documents it, on a clock that tests move; moto's RDS has no phases and refuses nothing.

An instance has the states of "Viewing Amazon RDS DB instance status" in the Amazon RDS User Guide. A change is applied
at once, at once but slowly, or in the maintenance window, as its table "Settings for DB instances" says. `rds_rules`
refuses requests. With `servers`, an instance answers with a real PostgreSQL.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import token_hex, token_urlsafe
from typing import Any

from tests.fakes.aws import rds_restores, rds_rules, rds_wire
from tests.fakes.aws.proxy import Answer, Call, Emulator, refusal
from tests.fakes.aws.rds_groups import Groups
from tests.fakes.aws.rds_restores import Backups, Copying
from tests.fakes.aws.rds_rules import CHANGEABLE, bad, state

ACCOUNT, REGION = "123456789012", "us-east-1"
MINOR = {major: f"{major}.{minor}" for major, minor in rds_rules.MINOR.items()}
# "Settings for DB instances": these wait for the window unless ApplyImmediately is given, others never do
DEFERRED = ("AllocatedStorage", "DBInstanceClass", "EngineVersion", "MultiAZ", "StorageType")
SECONDS = {"creating": 6, "backing-up": 4, "modifying": 4, "upgrading": 6, "rebooting": 3, "deleting": 6}  # for minutes
OPTIMISING = 60  # for hours
LAG = 2  # M: "asynchronously applied as soon as possible": the state follows after a moment

Instance = dict[str, Any]
Servers = Callable[[str, str, str], tuple[str, int]]  # name, admin, password → host, port


@dataclass
class StrictRDS:
    """A layer of the proxy for `rds` and `secretsmanager`."""

    servers: Servers | None = None
    now: float = 0
    upgrades_fail: bool = False  # U "Upgrading the PostgreSQL DB engine": a precheck fails, and nothing is changed
    ended: frozenset[int] = frozenset()  # majors whose standard support has ended
    absent_looks: int = 0  # lists lag behind: so many looks do not show a new instance
    quota: int = 40  # of instances
    zones: tuple[str, ...] = ("us-east-1a", "us-east-1b")  # where each class is offered
    instances: dict[str, Instance] = field(default_factory=dict)
    snapshots: dict[str, dict[str, Any]] = field(default_factory=dict)
    kept_backups: list[str] = field(default_factory=list)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    groups: Groups = field(default_factory=Groups)
    backups: Backups = field(default_factory=Backups)
    _ahead: dict[str, list[tuple[float, str, Instance]]] = field(default_factory=dict)  # until, state, what it brings
    _absent: dict[str, int] = field(default_factory=dict)

    def __call__(self, call: Call, emulator: Emulator) -> Answer:  # noqa: ARG002 a layer's
        if call.service == "secretsmanager":
            return self._secret(call)
        wanted = rds_wire.parameters(call.action, call.body)
        known = self.groups.answer(call.action, wanted, self.instances)
        answered = known if known is not None else self._answer(call.action, wanted)
        return answered if isinstance(answered, Answer) else rds_wire.answer(call.action, answered)

    def advance(self, seconds: float) -> None:
        """Move the clock."""
        self.now += seconds
        for name in list(self.instances):
            self._tick(name)

    def settle(self) -> None:
        """Until nothing is under way."""
        while any(self._ahead.values()):
            self.advance(60)

    def window(self, name: str) -> None:
        """The maintenance window has come."""
        self._begin(name, self.instances[name]["PendingModifiedValues"])
        self.settle()

    def put(self, name: str, status: str) -> None:
        """Something outside of anybody's control has happened to it."""
        self.instances[name]["DBInstanceStatus"] = status

    def back_up(self, name: str) -> str:
        """The daily backup: U "Backup window", an automated snapshot; return its name."""
        snapshot = f"rds:{name}-2026-11-29"
        self.snapshots[snapshot] = {
            **self._record(snapshot, self.instances[name], "available"),
            "SnapshotType": "automated",
        }
        return snapshot

    def lose(self, name: str) -> None:
        """A person deletes it and keeps its automated backups."""
        self._keep_backups(self.instances[name])
        secret = self.instances.pop(name).get("MasterUserSecret", {})
        self.secrets.pop(secret.get("SecretArn", ""), None)
        self._ahead.pop(name, None)

    def _keep_backups(self, instance: Instance) -> None:
        self.backups.retain({**instance, **self._copied(instance)})

    def _copied(self, instance: Instance) -> Instance:
        """A copy of the data, if a real server holds it."""
        copying = self._copying()
        return {"_data": copying.copy(instance["DBInstanceIdentifier"])} if copying else {}

    def _copying(self) -> Copying | None:
        servers: object = self.servers
        return servers if isinstance(servers, Copying) else None

    def _restore(self, wanted: dict[str, Any]) -> Answer | dict[str, Any]:
        name = wanted.get("DBInstanceIdentifier") or wanted["TargetDBInstanceIdentifier"]
        if name in self.instances:  # RS, RT
            return bad("DB instance already exists", "DBInstanceAlreadyExists")
        if self.servers is not None and self._copying() is None:
            return bad("the servers behind this emulator cannot copy data", "InvalidRestoreFault")
        snapshot = wanted.get("DBSnapshotIdentifier")
        source = (
            self.backups.snapshot(snapshot, self.snapshots)
            if snapshot
            else self.backups.past_of(wanted, self.instances)
        )
        if isinstance(source, Answer):
            return source
        refused = rds_restores.refused(wanted, source, self.groups)
        if refused:
            return refused
        if "SourceDBInstanceIdentifier" in wanted:
            source = {**source, **self._copied(source)}
        instance = self.instances[name] = {
            **rds_restores.restored(name, wanted, source, self.groups),
            **_identity(name),
            "VpcSecurityGroups": _memberships(wanted["VpcSecurityGroupIds"]),
            "DBParameterGroups": [_applied(wanted["DBParameterGroupName"], "in-sync")],
        }
        self._absent[name] = self.absent_looks
        self._then(name, "creating", {"Endpoint": {}})
        if instance["BackupRetentionPeriod"]:
            self._then(name, "backing-up", {})
        return {"DBInstance": self._shown(instance)}

    def _answer(self, action: str, wanted: dict[str, Any]) -> Answer | dict[str, Any]:
        anywhere: dict[str, Callable[[dict[str, Any]], Answer | dict[str, Any]]] = {
            "CreateDBInstance": self._create,
            "DescribeDBInstances": self._describe,
            "DescribeDBEngineVersions": _engine_version,
            "DescribeOrderableDBInstanceOptions": self._orderable,
            "DescribeAccountAttributes": self._account,
            "DescribeDBSnapshots": self._describe_snapshots,
            "DescribeDBInstanceAutomatedBackups": self.backups.described,
            **dict.fromkeys(rds_restores.ACTIONS, self._restore),
            "ListTagsForResource": lambda wanted: {"TagList": self._tagged(wanted["ResourceName"])},
            "AddTagsToResource": self._tag,
            "RemoveTagsFromResource": self._tag,
        }
        if action in anywhere:
            return anywhere[action](wanted)
        name = wanted["DBInstanceIdentifier"]
        if name not in self.instances:
            return bad(f"DBInstance {name} not found.", "DBInstanceNotFound")
        of_one: dict[str, Callable[[dict[str, Any], Instance], Answer | dict[str, Any]]] = {
            "ModifyDBInstance": self._modify,
            "DeleteDBInstance": self._delete,
            "RebootDBInstance": self._reboot,
            "StartDBInstance": self._start,
            "CreateDBSnapshot": self._snapshot,
        }
        return of_one[action](wanted, self.instances[name])

    def _reboot(self, wanted: dict[str, Any], instance: Instance) -> Answer | dict[str, Any]:
        if instance["DBInstanceStatus"] not in CHANGEABLE:  # "RebootDBInstance": InvalidDBInstanceState
            return state(instance, "be rebooted")
        group = {**instance["DBParameterGroups"][0], "ParameterApplyStatus": "in-sync"}
        self._then(wanted["DBInstanceIdentifier"], "rebooting", {"DBParameterGroups": [group]})
        return {"DBInstance": self._shown(instance)}

    def _start(self, wanted: dict[str, Any], instance: Instance) -> Answer | dict[str, Any]:
        if instance["DBInstanceStatus"] not in ("stopped", "inaccessible-encryption-credentials-recoverable"):
            return state(instance, "be started")  # "StartDBInstance": InvalidDBInstanceState
        self._then(wanted["DBInstanceIdentifier"], "starting", {})
        return {"DBInstance": self._shown(instance)}

    def _create(self, wanted: dict[str, Any]) -> Answer | dict[str, Any]:
        name = wanted["DBInstanceIdentifier"]
        if name in self.instances:  # C
            return bad("DB instance already exists", "DBInstanceAlreadyExists")
        refused = rds_rules.refused_creation(wanted) or self.groups.refused_use(wanted)
        if refused:
            return refused
        major = int(wanted["EngineVersion"].split(".")[0])
        support = wanted.get("EngineLifecycleSupport", rds_rules.ENROLLED)  # C: the default
        if major in self.ended and support != rds_rules.ENROLLED:  # C: "creating the DB instance will fail if …"
            message = f"Cannot create postgres {major}: it is past its end of standard support date"
            return bad(message, "InvalidParameterCombination")
        group = self.groups.subnet_groups[wanted["DBSubnetGroupName"]]
        same = ("DBInstanceIdentifier", "DBInstanceClass", "Engine", "MasterUsername", "AllocatedStorage",
                "StorageType", "Iops", "StorageThroughput", "MaxAllocatedStorage", "StorageEncrypted", "MultiAZ",
                "PubliclyAccessible", "AutoMinorVersionUpgrade", "CopyTagsToSnapshot", "DeletionProtection",
                "BackupRetentionPeriod")  # fmt: skip
        instance: Instance = {
            **{key: wanted[key] for key in same if key in wanted},
            **_identity(name),
            "EngineVersion": MINOR[major],
            "DBInstanceStatus": "creating",
            "EngineLifecycleSupport": support,
            "KmsKeyId": wanted.get("KmsKeyId", rds_rules.DEFAULT_KEY),  # C: "your default KMS key"
            "AvailabilityZone": f"{REGION}b",
            "PreferredBackupWindow": wanted.get("PreferredBackupWindow", "07:12-07:42"),
            "PreferredMaintenanceWindow": wanted.get("PreferredMaintenanceWindow", "wed:09:11-wed:09:41").lower(),
            "VpcSecurityGroups": _memberships(wanted["VpcSecurityGroupIds"]),
            "DBSubnetGroup": {"DBSubnetGroupName": group["DBSubnetGroupName"], "VpcId": group["VpcId"]},
            "DBParameterGroups": [_applied(wanted["DBParameterGroupName"], "in-sync")],
            "TagList": wanted.get("Tags", []),
            "PendingModifiedValues": {},
        }
        brought: Instance = {}
        if wanted.get("ManageMasterUserPassword"):
            brought["MasterUserSecret"] = self._managed(name, wanted)
            instance["MasterUserSecret"] = {**brought["MasterUserSecret"], "SecretStatus": "creating"}
        self.instances[name] = instance
        self._absent[name] = self.absent_looks
        self._then(name, "creating", {**brought, "Endpoint": {}})
        if instance["BackupRetentionPeriod"]:  # U "Creating a DB instance": the first backup follows the creation
            self._then(name, "backing-up", {})
        return {"DBInstance": self._shown(instance)}

    def _describe(self, wanted: dict[str, Any]) -> Answer | dict[str, Any]:
        for name in list(self.instances):
            self._tick(name)
        hidden = {name for name, looks in self._absent.items() if looks > 0}
        shown = [self._shown(self.instances[name]) for name in sorted(self.instances.keys() - hidden)]
        one = wanted.get("DBInstanceIdentifier")
        if one:
            self._absent[one] = self._absent.get(one, 0) - 1
            shown = [instance for instance in shown if instance["DBInstanceIdentifier"] == one]
            if not shown:
                return bad(f"DBInstance {one} not found.", "DBInstanceNotFound")
        start, most = int(wanted.get("Marker", "0")), wanted.get("MaxRecords", 100)
        if not 20 <= most <= 100:  # "DescribeDBInstances": minimum 20, maximum 100
            return bad("Invalid value for MaxRecords")
        page = {"DBInstances": shown[start : start + most]}
        return {**page, "Marker": str(start + most)} if len(shown) > start + most else page

    def _modify(self, wanted: dict[str, Any], instance: Instance) -> Answer | dict[str, Any]:
        changes = {
            key: value for key, value in wanted.items()
            if key not in ("DBInstanceIdentifier", "ApplyImmediately", "AllowMajorVersionUpgrade",
                           "MasterUserSecretKmsKeyId")
        }  # fmt: skip
        status = instance["DBInstanceStatus"]
        # no document says whether protection can be lifted from one that is not up; who cannot could never delete it
        lifting = changes.keys() == {"DeletionProtection"} and status in rds_rules.DOWN
        if status not in CHANGEABLE and not lifting:  # M; U "Stopping a DB instance": a stopped one takes no change
            return state(instance, "be modified")
        refused = rds_rules.refused_change(wanted, instance) or self.groups.refused_use(changes, wanted, instance)
        if refused:
            return refused
        name = instance["DBInstanceIdentifier"]
        pending = {**instance["PendingModifiedValues"]}
        for key, value in changes.items():
            if key in DEFERRED:
                pending[key] = self._version(value) if key == "EngineVersion" else value
            elif key == "VpcSecurityGroupIds":
                instance["VpcSecurityGroups"] = _memberships(value)
            elif key == "DBParameterGroupName" and "EngineVersion" not in changes:
                instance["DBParameterGroups"] = [_applied(value, "pending-reboot")]
            elif key == "DBParameterGroupName":
                instance["_next_group"] = value
            elif key == "ManageMasterUserPassword":
                self._manage(name, wanted)
            elif key == "MaxAllocatedStorage" and value == instance["AllocatedStorage"]:
                instance.pop(key, None)  # U "Managing capacity automatically": turned off
            else:
                instance[key] = value.lower() if key == "PreferredMaintenanceWindow" else value
        storage, allocated = pending.get("AllocatedStorage", 0), instance["AllocatedStorage"]
        if allocated < storage < -(-allocated * 11 // 10):  # M: rounded up to 10% more
            pending["AllocatedStorage"] = -(-allocated * 11 // 10)
        instance["PendingModifiedValues"] = pending
        if wanted.get("ApplyImmediately"):
            self._begin(name, pending)
        return {"DBInstance": self._shown(instance)}

    def _begin(self, name: str, pending: Instance) -> None:
        if not pending:
            return
        instance = self.instances[name]
        brought = {**pending, "PendingModifiedValues": {}}
        if "EngineVersion" in pending and "_next_group" in instance:
            brought["DBParameterGroups"] = [_applied(instance.pop("_next_group"), "in-sync")]
        if "EngineVersion" in pending and self.upgrades_fail:
            brought = {"PendingModifiedValues": {}}
        self._then(name, instance["DBInstanceStatus"], {}, LAG)
        self._then(name, "upgrading" if "EngineVersion" in pending else "modifying", brought)
        if "AllocatedStorage" in pending or "StorageType" in pending:
            self._then(name, "storage-optimization", {}, OPTIMISING)

    def _delete(self, wanted: dict[str, Any], instance: Instance) -> Answer | dict[str, Any]:
        refused = rds_rules.refused_deletion(wanted, instance)
        if refused:
            return refused
        name, snapshot = instance["DBInstanceIdentifier"], wanted.get("FinalDBSnapshotIdentifier")
        if snapshot in self.snapshots:  # D
            return bad(f"Cannot create the snapshot because {snapshot} exists", "DBSnapshotAlreadyExists")
        if snapshot:
            self.snapshots[snapshot] = self._record(snapshot, instance, "available")
        elif not wanted.get("DeleteAutomatedBackups", True):
            self.kept_backups.append(name)
            self._keep_backups(instance)
        instance["DBInstanceStatus"] = "deleting"
        self._ahead[name] = []
        self._then(name, "deleting", {"gone": True})
        return {"DBInstance": self._shown(instance)}

    def _snapshot(self, wanted: dict[str, Any], instance: Instance) -> Answer | dict[str, Any]:
        if instance["DBInstanceStatus"] not in ("available", "storage-optimization"):  # S
            return state(instance, "be snapshotted")
        name = wanted["DBSnapshotIdentifier"]
        if name in self.snapshots:  # S
            return bad(f"Cannot create the snapshot because {name} exists", "DBSnapshotAlreadyExists")
        self.snapshots[name] = self._record(name, instance, "creating")
        self._then(instance["DBInstanceIdentifier"], "backing-up", {"snapshot": name})
        return {"DBSnapshot": self.snapshots[name]}

    def _record(self, name: str, instance: Instance, status: str) -> dict[str, Any]:
        return {
            "DBSnapshotIdentifier": name,
            "DBInstanceIdentifier": instance["DBInstanceIdentifier"],
            "SnapshotCreateTime": datetime.now(UTC).isoformat(),
            "Status": status,
            "SnapshotType": "manual",
            "Engine": instance["Engine"],
            "EngineVersion": instance["EngineVersion"],
            "Encrypted": instance["StorageEncrypted"],
            "AllocatedStorage": instance["AllocatedStorage"],
            "DbiResourceId": instance.get("DbiResourceId"),
            "TagList": instance["TagList"] if instance.get("CopyTagsToSnapshot") else [],
            "_instance": {**instance, **self._copied(instance)},
        }

    def _describe_snapshots(self, wanted: dict[str, Any]) -> Answer | dict[str, Any]:
        name = wanted.get("DBSnapshotIdentifier")
        if name and name not in self.snapshots:
            return bad(f"DBSnapshot {name} not found.", "DBSnapshotNotFound")
        instance, kind = wanted.get("DBInstanceIdentifier"), wanted.get("SnapshotType")
        return {
            "DBSnapshots": [
                snapshot
                for snapshot in self.snapshots.values()
                if name in (None, snapshot["DBSnapshotIdentifier"])
                and instance in (None, snapshot["DBInstanceIdentifier"])
                and kind in (None, snapshot["SnapshotType"])
            ]
        }

    def _tagged(self, arn: str) -> list[dict[str, str]]:
        instance = next((i for i in self.instances.values() if i["DBInstanceArn"] == arn), None)
        listed: list[dict[str, str]] = instance["TagList"] if instance else self.groups.tags(arn)
        return listed

    def _tag(self, wanted: dict[str, Any]) -> dict[str, Any]:
        listed = self._tagged(wanted["ResourceName"])
        tags = {tag["Key"]: tag["Value"] for tag in listed} | {t["Key"]: t["Value"] for t in wanted.get("Tags", [])}
        listed[:] = [{"Key": k, "Value": v} for k, v in tags.items() if k not in wanted.get("TagKeys", [])]
        return {}

    def _orderable(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """M "DescribeOrderableDBInstanceOptions": `EngineVersion` matches whole versions, so a major one finds none."""
        if "." not in wanted["EngineVersion"] or not self.zones:
            return {"OrderableDBInstanceOptions": []}
        zones = [{"Name": zone} for zone in self.zones]
        return {"OrderableDBInstanceOptions": [{**wanted, "AvailabilityZones": zones}]}

    def _account(self, _wanted: dict[str, Any]) -> dict[str, Any]:
        """M "DescribeAccountAttributes"; the quota is that of U "Quotas in Amazon RDS"."""
        return {"AccountQuotas": [{"AccountQuotaName": "DBInstances", "Used": len(self.instances), "Max": self.quota}]}

    def _version(self, version: str) -> str:
        return version if "." in version else MINOR[int(version)]

    def _managed(self, name: str, wanted: dict[str, Any]) -> dict[str, str]:
        arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!db-{name}"
        # U "Password management with Secrets Manager": RDS generates it
        self.secrets.setdefault(arn, {"username": wanted["MasterUsername"], "password": token_urlsafe(20)})
        key = wanted.get(
            "MasterUserSecretKmsKeyId", rds_rules.DEFAULT_SECRET_KEY
        )  # C: "the aws/secretsmanager KMS key"
        return {"SecretArn": arn, "SecretStatus": "active", "KmsKeyId": key}

    def _login(self, arn: str) -> dict[str, str]:
        return {"admin": self.secrets[arn]["username"], "password": self.secrets[arn]["password"]}

    def _manage(self, name: str, wanted: dict[str, Any]) -> None:
        """Begin to manage the password of an existing instance."""
        instance = self.instances[name]
        instance["MasterUserSecret"] = secret = self._managed(name, {**instance, **wanted})
        copying = self._copying()
        if copying:
            copying.renew(name, **self._login(secret["SecretArn"]))

    def _secret(self, call: Call) -> Answer:
        held = self.secrets.get(call.body["SecretId"])
        if held is None:
            return refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        return Answer(200, {"ARN": call.body["SecretId"], "SecretString": json.dumps(held)})

    def _then(self, name: str, status: str, brings: Instance, seconds: float = 0) -> None:
        queue = self._ahead.setdefault(name, [])
        begins = queue[-1][0] if queue else self.now
        queue.append((begins + (seconds or SECONDS.get(status, 4)), status, brings))
        if len(queue) == 1:
            self.instances[name]["DBInstanceStatus"] = status

    def _tick(self, name: str) -> None:
        queue = self._ahead.get(name, [])
        while queue and queue[0][0] <= self.now:
            instance, brings = self.instances[name], queue[0][2]
            if "Endpoint" in brings:
                brings["Endpoint"] = self._opened(instance)
            queue.pop(0)  # only now: a server that does not come up is tried again at the next look
            if brings.pop("gone", False):
                del self.instances[name]
                self.secrets.pop(instance.get("MasterUserSecret", {}).get("SecretArn", ""), None)
                return
            if "snapshot" in brings:
                self.snapshots[brings.pop("snapshot")]["Status"] = "available"
            instance |= brings
            instance["DBInstanceStatus"] = queue[0][1] if queue else "available"

    def _opened(self, instance: Instance) -> dict[str, Any]:
        name = instance["DBInstanceIdentifier"]
        if self.servers is None:
            return {"Address": "localhost", "Port": 1}
        copying = self._copying()
        if instance.get("_restored") and copying:
            host, port = copying.restore(name, instance.get("_data"))
            return {"Address": host, "Port": port}
        held = self._login(instance["MasterUserSecret"]["SecretArn"])
        host, port = self.servers(name, held["admin"], held["password"])
        return {"Address": host, "Port": port}

    def _shown(self, instance: Instance) -> Instance:
        hidden = {key for key in instance if key.startswith("_")}
        return {key: value for key, value in instance.items() if key not in hidden and value != {}}


def _identity(name: str) -> Instance:
    """What tells one instance from an earlier one of its name."""
    return {
        "DBInstanceArn": f"arn:aws:rds:{REGION}:{ACCOUNT}:db:{name}",
        "DbiResourceId": f"db-{token_hex(13).upper()}",
        "InstanceCreateTime": datetime.now(UTC).isoformat(),
    }


def _engine_version(wanted: dict[str, Any]) -> dict[str, Any]:
    version = wanted["EngineVersion"]
    if "." not in version:  # M "DescribeDBEngineVersions": a major version finds its minor versions
        wanted = {**wanted, "EngineVersion": MINOR[int(version)]}
    targets = [
        {"Engine": "postgres", "EngineVersion": version, "IsMajorVersionUpgrade": True}
        for version in rds_rules.upgrade_targets(wanted["EngineVersion"])
    ]
    return {"DBEngineVersions": [{**wanted, "ValidUpgradeTarget": targets}]}


def _memberships(groups: list[str]) -> list[dict[str, str]]:
    return [{"VpcSecurityGroupId": group, "Status": "active"} for group in groups]


def _applied(name: str, status: str) -> dict[str, str]:
    return {"DBParameterGroupName": name, "ParameterApplyStatus": status}


def strict_ec2(rds: StrictRDS) -> Callable[[Call, Emulator], Answer]:
    """A layer for `ec2`: a group that something uses cannot go ("DeleteSecurityGroup": DependencyViolation)."""

    def layer(call: Call, emulator: Emulator) -> Answer:
        group = call.body.get("GroupId", "")
        used = any(
            member["VpcSecurityGroupId"] == group
            for instance in rds.instances.values()
            for member in instance["VpcSecurityGroups"]
        )
        if call.action == "DeleteSecurityGroup" and used:
            error = f"<Code>DependencyViolation</Code><Message>resource {group} has a dependent object</Message>"
            body = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>0</RequestID></Response>"
            return Answer(400, body.encode(), "text/xml")
        return emulator(call)

    return layer
