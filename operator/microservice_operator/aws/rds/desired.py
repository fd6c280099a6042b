"""PURE: a declared database of provider `rds`, and what its instance and its parameter group are to be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...api.stores import Backup, Database, Maintenance, Storage, gibibytes
from ...ownership import Owner
from ..engine.decide import Adoption
from ..engine.tags import desired_tags
from .fields import INSTANCE, Disk, WantedMajor

PORT = 5432
_SAID: Mapping[str, str] = {  # by what the declaration says, the field that follows
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
    """Where instances are, and the security group that they admit."""

    vpc: str
    subnets: frozenset[str]
    pods: str


@dataclass(frozen=True)
class WantedInstance:
    """A declared database, and the Environment's word on what it is made of.

    `known` are the ids that status remembers, by kind. An instance that was there and is not any more has lost its
    data, and only a person (`recreate`) can say that an empty one will do. `adoption` is what the Environment says to
    the one that the spec takes over, if it does.
    """

    spec: Database
    network: Network
    instance_class: str
    tags: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)
    recreate: bool = False
    field: str = "spec.databases"
    adoption: Adoption | None = None

    @property
    def awaits_adoption(self) -> bool:
        """Whether it exists and is not ours yet: nothing is made for it before it is."""
        return self.adoption is not None and not self.known.get(INSTANCE.name)


def instance_fields(owner: Owner, wanted: WantedInstance, identifier: str, snapshot: str) -> dict[str, Any]:
    """What the instance of a declared database is to be, without its groups, whose ids AWS gives.

    `identifier` is what AWS calls it, `snapshot` the name of the one that is taken before an upgrade.
    """
    spec = wanted.spec
    storage, backup = spec.storage or Storage(), spec.backup or Backup()
    maintenance = spec.maintenance or Maintenance()
    ceiling = gibibytes(storage.max_size) if storage.max_size else None
    now = maintenance.apply == "Immediately"
    return {
        "identifier": identifier,
        "engine": spec.engine,
        "encrypted": True,
        # one that is taken over stays where it is, if that is where it can be reached from
        "vpc": wanted.network.vpc if spec.adopt else None,
        "subnet_group": None if spec.adopt else identifier,
        "port": PORT,
        "tags": desired_tags(owner, wanted.tags, adopted=spec.adopt is not None),
        "public": False,
        "protection": True,
        "managed_password": True,
        "minor_upgrades": True,
        "copy_tags": True,
        "retention": backup.retention_days,
        "backup_window": backup.window,
        "maintenance_window": maintenance.window,
        "max_storage": ceiling,
        "major": WantedMajor(int(spec.version), snapshot),
        "class": wanted.instance_class,
        "multi_az": spec.high_availability,
        "storage": Disk(gibibytes(storage.size), ceiling or 0),
        "storage_type": storage.type,
        "waiting": now,
        "restart": now,
        "at_once": now,
    }


def unsaid(spec: Database) -> frozenset[str]:
    """Fields of an instance that is taken over about which its declaration says nothing."""
    if spec.adopt is None:
        return frozenset()
    said = {
        f"{prefix}{name}"
        for prefix, model in (("", spec), ("storage.", spec.storage), ("backup.", spec.backup))
        if model is not None
        for name in model.model_fields_set
        if getattr(model, name) is not None
    }
    return frozenset(field for declared, field in _SAID.items() if declared not in said)


def parameter_fields(owner: Owner, wanted: WantedInstance) -> dict[str, Any]:
    """What the parameter group of a declared database is to be."""
    return {
        "family": f"postgres{wanted.spec.version}",
        "parameters": {**(wanted.spec.parameters or {}), "rds.force_ssl": "1"},
        "tags": desired_tags(owner, wanted.tags),
    }
