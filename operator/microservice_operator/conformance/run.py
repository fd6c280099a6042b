"""One run: the checks, then the steps of the sample, and in any case the deletion of what was created."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ..aws.engine.measured_clients import MeasuredClients
from .account import caller, permission_checks, region
from .checks import Account, Failed, take
from .identity import identity_checks
from .leftovers import Leftover, find, runs
from .lifecycle import Sample, new_sample
from .network import network_checks
from .quotas import quota_checks
from .report import Check, Report, Result, by_action
from .sample import Run, Version, changes, first_version, sample_environment
from .services import service_checks
from .timing import Timing

# seconds for the deletion or the creation of everything; RDS takes 5 to 15 minutes for each
_BOUND, _BOUND_WITH_DATABASE = 900.0, 2700.0
_TAG_BOUND, _TAG_PAUSE = 300.0, 10.0  # seconds: `tag:GetResources` shows deleted resources for a while
_GONE = 180.0  # seconds in which deleted resources stay visible
_WRITES = 30.0  # seconds in which calls end that were being made when the run was interrupted
_UNUSABLE = "the account or the region cannot be used"
_CLEAN = "delete what earlier runs left"


@dataclass(frozen=True)
class Request:
    """What a run does in addition to reading."""

    create: bool = False
    clean: bool = False
    database: bool = False


@dataclass
class Conformance:
    """One run. `progress` receives each result and `waiting` what a step waits for, because a run takes minutes."""

    account: Account
    clients: MeasuredClients
    request: Request = Request()
    timing: Timing = field(default_factory=Timing)
    progress: Callable[[Check], None] = lambda _check: None
    waiting: Callable[[str], None] = lambda _parts: None
    checks: list[Check] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)

    async def certify(self) -> Report:
        """Run, and return the report. When the task is cancelled, delete what was created first."""
        sample: Sample | None = None
        try:
            if not await self._read() or not (self.request.create or self.request.clean):
                return self._report()
            if await self._step(_CLEAN, self._clean()) and self.request.create:
                sample = self._sample(Run(secrets.token_hex(4)))
                await self._exercise(sample)
        except asyncio.CancelledError:
            self._add(Check("run to the end", Result.FAILED, "interrupted"))
            task = asyncio.current_task()
            if task:
                task.uncancel()
        finally:
            if sample:
                await self._remove(sample)
        return self._report()

    async def _read(self) -> bool:
        """Run the checks that only read; return whether something may be created or deleted."""
        usable = await self._step("credentials and account", caller(self.account))
        if usable:
            await self._step("region", region(self.account))
            usable = self.checks[-1].result is not Result.FAILED
        else:
            self._add(Check("region", Result.NOT_CHECKED, _UNUSABLE))
        if self.request.clean:
            return usable
        groups = (permission_checks, network_checks, identity_checks, service_checks, quota_checks)
        for name, check in ((name, check) for group in groups for name, check in group(self.account).items()):
            if usable:
                await self._step(name, check(self.account))
            else:
                self._add(Check(name, Result.NOT_CHECKED, _UNUSABLE))
        return usable

    async def _clean(self) -> None:
        """Delete what earlier runs left; raises Failed if something stays, and the OperatorError of a listing."""
        left = await find(self.account)
        self.leftovers = [each.arn for each in left]
        for run in runs(left):
            sample = self._sample(run)
            await sample.delete(self._first(sample, leaving=True), _BOUND_WITH_DATABASE)
        await self._nothing_left()
        self.leftovers = []

    async def _exercise(self, sample: Sample) -> None:
        first = self._first(sample)
        held = await self._step(first.name, sample.settle(first, self._bound))
        held = held and await self._step("reconcile again without a write", sample.verify_quiet(first))
        for version in changes(first):
            if held:
                held = await self._step(version.name, sample.settle(version, self._bound))
                held = held and await self._step(f"{version.name}: again without a write", sample.verify_quiet(version))
            else:
                self._add(Check(version.name, Result.NOT_CHECKED, "a step before it failed"))

    async def _remove(self, sample: Sample) -> None:
        await self.clients.writes_finished(_WRITES)
        first = self._first(sample)
        if await self._step("delete", sample.delete(first, self._bound)):
            await self._step("nothing is left by name", sample.verify_gone(first, _GONE))
        else:
            self.leftovers = [f"{part.kind} {part.id or part.name}" for part in sample.parts]
        await self._step("nothing is left by tag", self._nothing_left())

    async def _nothing_left(self) -> None:
        """Wait until no resource has the tags of a run; raises Failed if some stay."""
        begun = self.timing.now()
        while left := await find(self.account):
            unknown = not any(each.run for each in left)  # nobody deletes it
            if unknown or self.timing.now() - begun > _TAG_BOUND:
                self.leftovers = [each.arn for each in left]
                raise Failed(_left(left))
            await self.timing.sleep(_TAG_PAUSE)

    async def _step(self, name: str, step: Awaitable[None]) -> bool:
        """Take one step and add its result; return whether it held."""
        check = await take(name, step, self.timing)
        self._add(check)
        return check.result is Result.OK

    def _sample(self, run: Run) -> Sample:
        environment = sample_environment(self.account.environment, run)
        return new_sample(run, environment, self.clients, self.timing, self.waiting)

    def _first(self, sample: Sample, *, leaving: bool = False) -> Version:
        """The sample as it is created; the deletion looks for a database wherever one could be."""
        database = self.request.database or (leaving and self._has_instances)
        return first_version(sample.environment, sample.run, database=database)

    @property
    def _has_instances(self) -> bool:
        databases = self.account.environment.spec.databases
        return databases is not None and databases.rds is not None

    @property
    def _bound(self) -> float:
        return _BOUND_WITH_DATABASE if self.request.database else _BOUND

    def _add(self, check: Check) -> None:
        self.checks.append(check)
        self.progress(check)

    def _report(self) -> Report:
        aws = self.account.aws
        calls = by_action(self.clients.calls)
        name = self.account.environment.name
        return Report(name, aws.account_id, aws.region, self.checks, calls, self.leftovers)


def _left(leftovers: list[Leftover]) -> str:
    ours = [each.arn for each in leftovers if each.run]
    unknown = [each.arn for each in leftovers if not each.run]
    parts = [f"left: {', '.join(ours)}"] if ours else []
    parts += [f"with the tag of this command but of no run, and not touched: {', '.join(unknown)}"] if unknown else []
    return "; ".join(parts)
