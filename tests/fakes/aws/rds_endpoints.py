"""Endpoints for RDS instances in a cluster: one PostgreSQL process each, behind a fixed set of names.

A pod resolves only names of Services, so the number of names limits the number of instances in the account. RDS has
such a quota as well.
"""

from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.aws.proxy import Answer, Call, Emulator, Layer, xml_refusal
from tests.fakes.aws.rds_front import Front
from tests.fakes.aws.rds_processes import Process
from tests.fakes.aws.rds_strict import StrictRDS


@dataclass
class Endpoints:
    """`StrictRDS.servers`: called when an instance first exists."""

    folder: Path
    names: tuple[str, ...]
    front: Front
    port: int
    _used: dict[str, tuple[str, Process]] = field(default_factory=dict)  # instance → name, process
    _made: int = 0

    def __call__(self, instance: str, admin: str, password: str) -> tuple[str, int]:
        """Make its server; where it answers."""
        taken = {name for name, _ in self._used.values()}
        name = next(name for name in self.names if name not in taken)
        self._made += 1
        process = Process(self.folder / str(self._made), admin, password)
        self._used[instance] = name, process
        self.front.lead(name, process.socket)
        return name, self.port

    def keep(self, instances: set[str]) -> None:
        """End the servers of all others: they are deleted."""
        for instance in self._used.keys() - instances:
            name, process = self._used.pop(instance)
            self.front.lead(name, None)
            process.stop()

    def bounded(self, rds: StrictRDS, layer: Layer) -> Layer:
        """The layer, with RDS's answer to one instance too many: "CreateDBInstance", InstanceQuotaExceeded."""

        def asked(call: Call, emulator: Emulator) -> Answer:
            self.keep(set(rds.instances))
            if call.action == "CreateDBInstance" and len(rds.instances) >= len(self.names):
                message = f"This account may have {len(self.names)} DB instances, and has them"
                return xml_refusal("InstanceQuotaExceeded", message)
            return layer(call, emulator)

        return asked
