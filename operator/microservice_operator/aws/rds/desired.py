"""PURE: a declared database of provider `rds` → the desired fields of its instance and its parameter group."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...api.stores import Backup, Database, Maintenance, Storage, gibibytes
from ...ownership import Owner
from ...resources import DesiredResource
from ..engine.tags import desired_tags
from .fields import INSTANCE, DesiredMajor, Disk
from .support import lifecycle

PORT = 5432
_SAID: Mapping[str, str] = {  # field of the spec → field of the instance that it sets
    "size": "class",
    "high_availability": "multi_az",
    "storage.size": "storage",
    "storage.type": "storage_type",
    "storage.max_size": "max_storage",
    "backup.retention_days": "retention",
    "parameters": "parameter_group",
}


@dataclass(frozen=True)
class Network:
    """VPC and subnets of the instances, and the pods' security group that may connect to them.

    `pods` is an id, or ACCOUNT/ID of a group of another account.
    """

    vpc: str
    subnets: frozenset[str]
    pods: str


@dataclass(frozen=True, kw_only=True)
class DesiredInstance(DesiredResource[Database]):
    """A declared database, with the Environment's settings for its instance; `key` is the ARN of a KMS key, if any."""

    network: Network
    instance_class: str
    key: str = ""

    @property
    def awaits_adoption(self) -> bool:
        """Whether it must be adopted first: before the adoption, nothing is created for it."""
        return self.adoption is not None and not self.id_of(INSTANCE.name)


def instance_fields(owner: Owner, desired: DesiredInstance, identifier: str, snapshot: str) -> dict[str, Any]:
    """Return the desired fields of an instance, without its groups, because AWS chooses their ids.

    `identifier` is its name in AWS, `snapshot` the name of the snapshot before an upgrade.
    """
    spec = desired.spec
    storage, backup = spec.storage or Storage(), spec.backup or Backup()
    maintenance = spec.maintenance or Maintenance()
    ceiling = gibibytes(storage.max_size) if storage.max_size else None
    now = maintenance.apply == "Immediately"
    return {
        "identifier": identifier,
        "engine": spec.engine,
        "encrypted": True,
        "key": desired.key,
        # an adopted instance keeps its subnets, but must be in the Environment's VPC, where the pods can reach it
        "vpc": desired.network.vpc if spec.adopt else None,
        "subnet_group": None if spec.adopt else identifier,
        "port": PORT,
        "tags": desired_tags(owner, desired.tags, adopted=spec.adopt is not None),
        "public": False,
        "protection": True,
        "managed_password": True,
        "minor_upgrades": True,
        "copy_tags": True,
        "retention": backup.retention_days,
        "backup_window": backup.window,
        "maintenance_window": maintenance.window,
        "max_storage": ceiling,
        "lifecycle": lifecycle(enrolled=spec.extended_support),
        "major": DesiredMajor(int(spec.version), snapshot),
        "class": desired.instance_class,
        "multi_az": spec.high_availability,
        "storage": Disk(gibibytes(storage.size), ceiling or 0),
        "storage_type": storage.type,
        "waiting": now,
        "restart": now,
        "at_once": now,
    }


def unsaid(spec: Database) -> frozenset[str]:
    """Return the fields of an adopted instance that its declaration does not set."""
    if spec.adopt is None:
        return frozenset()
    set_fields = {
        f"{prefix}{name}"
        for prefix, model in (("", spec), ("storage.", spec.storage), ("backup.", spec.backup))
        if model is not None
        for name in model.model_fields_set
        if getattr(model, name) is not None
    }
    return frozenset(field for declared, field in _SAID.items() if declared not in set_fields)


def parameter_fields(owner: Owner, desired: DesiredInstance) -> dict[str, Any]:
    """Return the desired fields of the parameter group of a declared database."""
    return {
        "family": f"postgres{desired.spec.version}",
        "parameters": {**(desired.spec.parameters or {}), "rds.force_ssl": "1"},
        "tags": desired_tags(owner, desired.tags),
    }
