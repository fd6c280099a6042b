"""`conformance` against MiniStack, which verifies each signature and evaluates the caller's policies."""

import asyncio
import json
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
from tests.fakes.aws.proxy import Proxy
from tests.tools import ministack
from tests.whole.spec import SIZES

from .gaps import Gaps
from .world import ACCOUNT, Account

USER = "operator"
# what MiniStack does not have: `REPORTED` in gaps.py
UNMET = {"VPC link", "instance class of size small", "quotas of RDS"}
RDS = {"sizes": {"small": SIZES["small"]}, "caSecretRef": {"namespace": "platform", "name": "rds-ca"}}


@dataclass
class Caller:
    """The user of IAM whom the command runs as; `now` is the clock of the run."""

    account: Account
    url: str
    clock: time_machine.Traveller
    now: float = 0

    def may_all_but(self, *actions: str) -> None:
        """Change its policy."""
        denied = [{"Effect": "Deny", "Action": list(actions), "Resource": "*"}] if actions else []
        allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed, *denied]})
        self.account.clients["iam"].put_user_policy(UserName=USER, PolicyName="rights", PolicyDocument=policy)

    async def run(self, **requested: bool) -> Report:
        """One run of the command."""
        spec = {"aws": self.account.aws("prod"), "databases": {"provider": "rds", "rds": RDS}}
        environment = Environment("prod", EnvironmentSpec.model_validate(spec))
        assert environment.spec.aws
        clients = MeasuredClients(self.url, Limits(read_seconds=5, attempts=1), keep=True)
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


@pytest.fixture(scope="module")
def prepared() -> Iterator[tuple[Account, str]]:
    """An account, the address of the layer before it, and the user's credentials in the environment."""
    with pytest.MonkeyPatch.context() as environment, ministack.running(ACCOUNT, decide=True) as address:
        account = Account.prepared(address)
        iam = account.clients["iam"]
        iam.create_user(UserName=USER)
        key = iam.create_access_key(UserName=USER)["AccessKey"]
        environment.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        environment.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        gaps = Gaps(account.clients, ("localhost", 1), lambda _name, _password: None)
        proxy = Proxy(address, gaps, seen=set(), verbatim=True)
        yield account, proxy.start()
        proxy.stop()
        account.close()


@pytest.fixture
def caller(prepared: tuple[Account, str]) -> Iterator[Caller]:
    with time_machine.travel(datetime.now(UTC), tick=True) as clock:
        yield Caller(*prepared, clock)


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
    caller.may_all_but()
    report = await caller.run(create=True, database=True)
    assert unmet(report).keys() == UNMET
    assert "change: routes: again without a write" in {check.name for check in report.checks}
    assert report.leftovers == left(caller.account) == []


@pytest.mark.parametrize("action", ["dynamodb:UpdateTimeToLive", "sqs:TagQueue", "sns:SetSubscriptionAttributes"])
async def test_a_withdrawn_permission_is_named(caller: Caller, action: str) -> None:
    caller.may_all_but(action)
    reasons = unmet(await caller.run(create=True))
    assert action in reasons.pop(f"permissions for {action.partition(':')[0]}")
    assert action in " ".join(reasons.values())  # what MiniStack denied, not what it simulated
    caller.may_all_but()
    assert unmet(await caller.run(clean=True)).keys() <= UNMET
    assert left(caller.account) == []
