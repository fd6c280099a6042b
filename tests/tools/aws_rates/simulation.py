"""Creates all Microservices, restarts the operator and runs it for an hour; compares the calls with AWS's limits."""

import itertools
import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from moto import mock_aws

from microservice_operator.aws.engine.rate_limits import RateLimit, rate_limit
from tests.unit.support.moved_loop import run_moved

from .aws import AWS, Key
from .operator_process import REGION, OperatorProcess, Service


@dataclass(frozen=True)
class Rate:
    """How often one action was called: in all, per second on average, and most within one second."""

    calls: int
    mean: float
    peak: int
    throttled: int
    postponed: int
    limit: RateLimit | None


@dataclass
class Phase:
    """One phase of the simulation."""

    name: str
    seconds: float
    rates: dict[str, Rate]
    reconciliations: int
    not_ready: int
    longest_reconciliation: float
    intervals: list[float] = field(default_factory=list)  # seconds between two comparisons of the same table

    @property
    def throttled(self) -> int:
        return sum(rate.throttled for rate in self.rates.values())


def simulate(count: int, seconds: float = 3600, *, limited: bool = True) -> tuple[Phase, Phase]:
    """Return what happened while everything was created, and from a restart of the operator on.

    Without `limited` the operator does not limit its calls.
    """
    random.seed(0)
    with mock_aws():
        return run_moved(_phases(count, seconds, limited))


async def _phases(count: int, seconds: float, limited: bool) -> tuple[Phase, Phase]:
    aws = AWS(REGION)
    services = {service.key: service for service in map(Service, range(count))}
    first = OperatorProcess(aws, services, limited=limited)
    creation = _phase("creation", await first.run(24 * 3600.0, until_ready=True), aws, first)
    aws.forget_counts()
    second = OperatorProcess(aws, services, limited=limited)
    return creation, _phase("restart and steady state", await second.run(seconds), aws, second)


def _phase(name: str, seconds: float, aws: AWS, process: OperatorProcess) -> Phase:
    rates = {
        f"{service}:{action}": Rate(
            len(times),
            len(times) / seconds,
            peak(times),
            aws.throttled[service, action],
            aws.postponed[service, action],
            rate_limit(service, action),
        )
        for (service, action), times in sorted(aws.times.items())
    }
    for bucket, keys in _buckets(aws.times).items():
        times = sorted(at for key in keys for at in aws.times[key])
        limit = rate_limit(*keys[0])
        rates[f"all of {bucket}"] = Rate(len(times), len(times) / seconds, peak(times), 0, 0, limit)
    intervals = [later - earlier for times in aws.compared.values() for earlier, later in itertools.pairwise(times)]
    return Phase(name, seconds, rates, process.reconciliations, process.not_ready, process.longest, sorted(intervals))


def _buckets(keys: Iterable[Key]) -> dict[str, list[Key]]:
    """The limits that several actions share."""
    shared: defaultdict[str, list[Key]] = defaultdict(list)
    for key in keys:
        limit = rate_limit(*key)
        if limit:
            shared[limit.bucket].append(key)
    return {bucket: found for bucket, found in shared.items() if len(found) > 1}


def peak(times: Iterable[float]) -> int:
    """Return the most calls within any one second."""
    ordered = sorted(times)
    first = most = 0
    for at, time in enumerate(ordered):
        while ordered[first] <= time - 1:
            first += 1
        most = max(most, at - first + 1)
    return most
