"""PURE: every state that RDS documents of an instance, and what it means for us.

The list is "Viewing Amazon RDS DB instance status" in the Amazon RDS User Guide. A state that is new to us is taken
for a change under way: AWS leaves it by itself, or a person sees it in the message.
"""

from dataclasses import dataclass

from ..engine.decide import Phase


@dataclass(frozen=True)
class Meaning:
    """What can be done with an instance in one state.

    `detail` says what a person has to know. `locked`: in use, and RDS takes no change meanwhile. `impairment`: it takes
    changes, and one of them may cure it. `keeps`: RDS takes no last snapshot of it ("DeleteDBInstance").
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
        Phase.UNUSABLE, "RDS could not make it as it was asked for; delete the instance", keeps=True
    ),
    "incompatible-network": Meaning(
        Phase.UNUSABLE, "its network cannot be used; free addresses in its subnets", keeps=True
    ),
    "incompatible-option-group": Meaning(Phase.UNUSABLE, "its option group cannot be used; correct it"),
    "incompatible-parameters": Meaning(
        Phase.READY, "does not start with its parameters; correct spec.databases.parameters", impairment=True
    ),
    "incompatible-restore": Meaning(Phase.UNUSABLE, "RDS could not restore it; restore another backup", keeps=True),
    "insufficient-capacity": Meaning(Phase.UNUSABLE, "its class is not to be had in its zone now; use another size"),
    "maintenance": _UNDER_WAY,
    "modifying": _UNDER_WAY,
    "moving-to-vpc": _UNDER_WAY,
    "rebooting": _UNDER_WAY,
    "renaming": _UNDER_WAY,
    "resetting-master-credentials": _UNDER_WAY,
    "restore-error": Meaning(Phase.UNUSABLE, "RDS could not restore it; restore another backup", keeps=True),
    "starting": _UNDER_WAY,
    "stopped": Meaning(Phase.UNUSABLE, "somebody has stopped it; start the instance"),
    "stopping": _UNDER_WAY,
    "storage-config-upgrade": _IN_USE,
    "storage-full": Meaning(
        Phase.READY, "has no room left on its disk; raise spec.databases.storage.size", impairment=True
    ),
    "storage-initialization": Meaning(Phase.READY),
    "storage-optimization": Meaning(Phase.READY),
    "upgrading": _UNDER_WAY,
}


def meaning(status: str) -> Meaning:
    """What a state means."""
    return STATES.get(status, _UNDER_WAY)
