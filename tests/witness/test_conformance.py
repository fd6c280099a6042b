"""`conformance` against MiniStack, which verifies each signature and evaluates the caller's policies."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import time_machine

from microservice_operator import names
from microservice_operator.api.environment import EnvironmentSpec
from microservice_operator.api.parsing import Environment
from microservice_operator.aws.engine.clients import Limits
from microservice_operator.aws.engine.measured_clients import MeasuredClients
from microservice_operator.conformance.checks import new_account
from microservice_operator.conformance.report import Report, Result
from microservice_operator.conformance.run import Conformance, Request
from microservice_operator.conformance.sample import CLUSTER_ID
from microservice_operator.conformance.timing import Timing
from tests.whole.spec import SIZES

from .conftest import Deciding
from .world import Account

# what MiniStack does not have: `REPORTED` in gaps.py
UNMET = {"Fargate profiles", "VPC link", "instance class of size small", "quotas of RDS"}
RDS = {"sizes": {"small": SIZES["small"]}, "caSecretRef": {"namespace": "platform", "name": "rds-ca"}}


@dataclass
class Caller:
    """Runs the command as the user; `now` is the clock of the run."""

    deciding: Deciding
    clock: time_machine.Traveller
    now: float = 0

    async def run(self, **requested: bool) -> Report:
        """One run of the command."""
        spec = {"aws": self.deciding.account.aws("prod"), "databases": {"provider": "rds", "rds": RDS}}
        environment = Environment("prod", EnvironmentSpec.model_validate(spec))
        assert environment.spec.aws
        clients = MeasuredClients(self.deciding.url, Limits(read_seconds=5, attempts=1), keep=True)
        account = new_account(clients, environment, environment.spec.aws)
        timing = Timing(lambda: self.now, self._sleep)
        try:
            return await Conformance(account, clients, Request(**requested), timing).certify()
        finally:
            clients.close()

    async def _sleep(self, seconds: float) -> None:
        self.now += seconds
        self.clock.shift(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def caller(deciding: Deciding) -> Iterator[Caller]:
    with time_machine.travel(datetime.now(UTC), tick=True) as clock:
        yield Caller(deciding, clock)


def unmet(report: Report) -> dict[str, str]:
    """The reason of each check that is not ok."""
    return {check.name: check.reason for check in report.checks if check.result is not Result.OK}


def left(account: Account) -> list[str]:
    """What runs have left, by tag and by the path of roles."""
    tagging = account.clients["resourcegroupstaggingapi"]
    filters = [{"Key": names.TAG_CLUSTER, "Values": [CLUSTER_ID]}]
    marked = [entry["ResourceARN"] for entry in tagging.get_resources(TagFilters=filters)["ResourceTagMappingList"]]
    roles = account.clients["iam"].list_roles(PathPrefix=f"/microservice-operator/{CLUSTER_ID}/")["Roles"]
    return marked + [role["RoleName"] for role in roles]


async def test_one_of_everything(caller: Caller) -> None:
    caller.deciding.may_all_but()
    report = await caller.run(create=True, database=True)
    assert unmet(report).keys() == UNMET, unmet(report)
    assert "change: routes: again without a write" in {check.name for check in report.checks}
    assert report.leftovers == left(caller.deciding.account) == []


async def test_a_withdrawn_permission_is_named(caller: Caller) -> None:
    action = "sqs:TagQueue"
    caller.deciding.may_all_but(action)
    reasons = unmet(await caller.run(create=True))
    assert action in reasons.pop(f"permissions for {action.partition(':')[0]}")
    assert action in " ".join(reasons.values())  # what MiniStack denied, not what it simulated
    caller.deciding.may_all_but()
    assert unmet(await caller.run(clean=True)).keys() <= UNMET
    assert left(caller.deciding.account) == []
