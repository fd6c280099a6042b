"""PURE: every documented state of an RDS instance, and its meaning for the operator.

The list is "Viewing Amazon RDS DB instance status" in the Amazon RDS User Guide. An unknown state counts as a running
change: AWS ends it, or a person sees it in the message.
"""

from dataclasses import dataclass

from ..engine.decide import Phase


@dataclass(frozen=True)
class Meaning:
    """What the operator can do with an instance in one state.

    `detail` is the text for a person. `locked`: in use, but RDS accepts no change now. `impairment`: RDS accepts
    changes, and one of them may fix it. `keeps`: RDS cannot take a final snapshot of it ("DeleteDBInstance").
    """

    phase: Phase
    detail: str = ""
    locked: bool = False
    impairment: bool = False
    keeps: bool = False


_IN_USE = Meaning(Phase.READY, locked=True)
_UNDER_WAY = Meaning(Phase.CHANGING)
_KEY = "its KMS key cannot be used; allow RDS to use the key again"

STATES: dict[str, Meaning] = {
    "available": Meaning(Phase.READY),
    "backing-up": _IN_USE,
    "configuring-associated-roles": _IN_USE,
    "configuring-enhanced-monitoring": _IN_USE,
    "configuring-iam-database-auth": _IN_USE,
    "configuring-log-exports": _IN_USE,
    "converting-to-vpc": _UNDER_WAY,
    "creating": Meaning(Phase.CREATING),
    "delete-precheck": Meaning(Phase.DELETING),
    "deleting": Meaning(Phase.DELETING),
    "failed": Meaning(
        Phase.UNUSABLE, "it has failed and RDS cannot recover it; restore it to its latest restorable time", keeps=True
    ),
    "inaccessible-encryption-credentials": Meaning(Phase.UNUSABLE, f"{_KEY}, then restore it from a backup"),
    "inaccessible-encryption-credentials-recoverable": Meaning(Phase.UNUSABLE, f"{_KEY}, then start the instance"),
    "incompatible-create": Meaning(
        Phase.UNUSABLE, "RDS could not create it as requested; delete the instance", keeps=True
    ),
    "incompatible-network": Meaning(
        Phase.UNUSABLE, "its network cannot be used; free addresses in its subnets", keeps=True
    ),
    "incompatible-option-group": Meaning(Phase.UNUSABLE, "its option group cannot be used; correct it"),
    "incompatible-parameters": Meaning(
        Phase.READY, "does not start with its parameters; correct spec.databases.parameters", impairment=True
    ),
    "incompatible-restore": Meaning(Phase.UNUSABLE, "RDS could not restore it; restore another backup", keeps=True),
    "insufficient-capacity": Meaning(
        Phase.UNUSABLE, "RDS has no capacity for this class in its zone; use another size"
    ),
    "maintenance": _UNDER_WAY,
    "modifying": _UNDER_WAY,
    "moving-to-vpc": _UNDER_WAY,
    "rebooting": _UNDER_WAY,
    "renaming": _UNDER_WAY,
    "resetting-master-credentials": _UNDER_WAY,
    "restore-error": Meaning(Phase.UNUSABLE, "RDS could not restore it; restore another backup", keeps=True),
    "starting": _UNDER_WAY,
    "stopped": Meaning(Phase.UNUSABLE, "it was stopped outside the operator; start the instance"),
    "stopping": _UNDER_WAY,
    "storage-config-upgrade": _IN_USE,
    "storage-full": Meaning(Phase.READY, "has no free disk space; raise spec.databases.storage.size", impairment=True),
    "storage-initialization": Meaning(Phase.READY),
    "storage-optimization": Meaning(Phase.READY),
    "upgrading": _UNDER_WAY,
}


def state_meaning(status: str) -> Meaning:
    """Return the meaning of a state."""
    return STATES.get(status, _UNDER_WAY)
