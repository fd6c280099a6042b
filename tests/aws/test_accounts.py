"""Two Environments in two accounts: one with the operator's own credentials, one with a role that it assumes."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
import pytest

from microservice_operator.aws.dynamodb.desired import DesiredTable
from microservice_operator.aws.dynamodb.tables import delete_table, reconcile_table
from microservice_operator.aws.engine.call import AssumedRole
from microservice_operator.aws.engine.clients import Clients, Limits
from microservice_operator.aws.engine.role_sessions import AGAIN, LIFETIME, RENEWED, RoleSessions
from microservice_operator.aws.engine.scope import AwsScope
from microservice_operator.facts import Part, Reason, State
from microservice_operator.fence import Fenced
from microservice_operator.resources import Removal
from microservice_operator.resync_cache import ResyncCache
from tests.aws.conftest import ACCOUNT, REGION, World, drive, table
from tests.fakes.aws.proxy import Answer, Call, Emulator, Fault, refusal, xml_refusal
from tests.fakes.aws.strict import StrictDynamoDB
from tests.fakes.aws.sts import StrictSTS

OTHER = "210987654321"
ARN = f"arn:aws:iam::{OTHER}:role/platform/operator"
ROLE = AssumedRole(ARN, "prod", "microservice-operator@cluster")
WANTED = DesiredTable(table())
POOLS = 4


@dataclass
class Accounts:
    """The same Microservice in both accounts; `now` is the clock of the sessions."""

    world: World
    sts: StrictSTS
    own: AwsScope
    other: AwsScope
    now: list[float] = field(default_factory=lambda: [0.0])

    def clients(self) -> Clients:
        """A new process."""
        made = Clients(self.world.proxy.address, limits=Limits(read_seconds=5, attempts=1, threads=POOLS))
        made.roles = RoleSessions(made.call, made.roles.loader, lambda: self.now[0])
        return made

    def assumed(self) -> list[Call]:
        return [call for call in self.world.proxy.calls if call.action == "AssumeRole"]

    def tables(self, account: str) -> list[str]:
        """Names of the tables that an account has, past the operator and its layers."""
        client: Any = boto3.client("dynamodb", region_name=REGION, endpoint_url=self.world.proxy.upstream)
        client.meta.events.register("before-call", lambda params, **_: _in_account(params, account))
        names: list[str] = client.list_tables()["TableNames"]
        client.close()
        return [name for name in names if self.own.owner.identity.name in name]

    async def ready(self, scope: AwsScope) -> Part:
        return await drive(replace(self.world, scope=scope), WANTED)


def _in_account(params: dict[str, Any], account: str) -> None:
    params["headers"]["x-moto-account-id"] = account  # moto's own header


@pytest.fixture
def accounts(world: World) -> Iterator[Accounts]:
    sts, here, there = StrictSTS({ARN: "prod"}), StrictDynamoDB(), StrictDynamoDB()

    def dynamodb(call: Call, emulator: Emulator) -> Answer:
        return (there if sts.account(call) else here)(call, emulator)

    world.proxy.layers |= {"sts": sts, "dynamodb": dynamodb}
    made = Accounts(world, sts, world.scope, world.scope)
    clients = made.clients()
    made.own = replace(world.scope, clients=clients)
    made.other = replace(made.own, account_id=OTHER, role=ROLE)
    yield made
    made.own.clients.close()
    world.proxy.layers.clear()


async def test_each_environment_has_its_own_account(accounts: Accounts) -> None:
    own, other = [await accounts.ready(scope) for scope in (accounts.own, accounts.other)]
    assert [part.id.split(":")[4] for part in (own, other)] == [ACCOUNT, OTHER]
    assert [len(accounts.tables(account)) for account in (ACCOUNT, OTHER)] == [1, 1]
    (assumed,) = accounts.assumed()
    assert assumed.region == REGION
    assert {name: assumed.body[name] for name in ("RoleArn", "ExternalId", "RoleSessionName", "DurationSeconds")} == {
        "RoleArn": ARN,
        "ExternalId": "prod",
        "RoleSessionName": "microservice-operator@cluster",
        "DurationSeconds": str(LIFETIME),
    }


async def test_nothing_is_written_when_nothing_changed_nor_after_a_restart(accounts: Accounts) -> None:
    ready = await accounts.ready(accounts.other)
    for _ in range(2):
        accounts.world.proxy.calls.clear()
        known = replace(WANTED, known={"Table": ready.id})
        assert (await reconcile_table(accounts.other, known)).state is State.READY
        assert accounts.world.proxy.writes() == []
        accounts.other.clients.close()
        accounts.other = replace(accounts.other, clients=accounts.clients())
    accounts.other.clients.close()


async def test_a_table_that_one_account_lost_is_not_found_in_the_other(accounts: Accounts) -> None:
    own, other = [await accounts.ready(scope) for scope in (accounts.own, accounts.other)]
    accounts.world.client.update_table(TableName=accounts.tables(ACCOUNT)[0], DeletionProtectionEnabled=False)
    accounts.world.client.delete_table(TableName=accounts.tables(ACCOUNT)[0])
    accounts.world.now[0] += 3600
    lost = await reconcile_table(accounts.own, replace(WANTED, known={"Table": own.id}))
    kept = await reconcile_table(accounts.other, replace(WANTED, known={"Table": other.id}))
    assert (lost.reason, kept.state) == (Reason.TABLE_LOST, State.READY)


async def test_many_calls_share_a_session_until_shortly_before_its_end(accounts: Accounts) -> None:
    await asyncio.gather(*(reconcile_table(accounts.other, WANTED) for _ in range(8)))
    assert len(accounts.assumed()) == 1
    ready = replace(WANTED, known={"Table": (await accounts.ready(accounts.other)).id})
    accounts.now[0] += LIFETIME - RENEWED - 1
    await reconcile_table(accounts.other, ready)
    assert len(accounts.assumed()) == 1
    accounts.now[0] += 2
    held = threading.Event()
    accounts.world.proxy.layers["sts"] = _held(accounts.sts, held)
    assert (await reconcile_table(accounts.other, ready)).state is State.READY  # the old session is still valid
    held.set()
    await _until_assumed(accounts, 2)
    accounts.sts.ended |= {next(iter(accounts.sts.roles))}
    assert (await reconcile_table(accounts.other, ready)).state is State.READY


async def test_a_session_that_cannot_be_renewed_is_used_to_its_end(accounts: Accounts) -> None:
    ready = replace(WANTED, known={"Table": (await accounts.ready(accounts.other)).id})
    accounts.sts.external_ids[ARN] = "changed"
    accounts.now[0] += LIFETIME - RENEWED + 1
    for _ in range(2):
        assert (await reconcile_table(accounts.other, ready)).state is State.READY
        await _until_assumed(accounts, 2)
    accounts.now[0] += RENEWED
    assert (await reconcile_table(accounts.other, ready)).reason is Reason.ASSUME_ROLE_REFUSED
    accounts.sts.external_ids[ARN] = "prod"
    accounts.now[0] += AGAIN
    assert (await reconcile_table(accounts.other, ready)).state is State.READY


@pytest.mark.parametrize("external_ids", [{}, {ARN: "other"}], ids=["no trust", "another external ID"])
async def test_a_refused_role_is_told_and_stops_no_other_environment(
    accounts: Accounts, external_ids: dict[str, str]
) -> None:
    accounts.sts.external_ids = external_ids
    part = await reconcile_table(accounts.other, WANTED)
    assert (part.state, part.reason) == (State.STALLED, Reason.ASSUME_ROLE_REFUSED)
    for needed in (ARN, "spec.aws.roleARN", "spec.aws.externalID", "trust policy", "sts:AssumeRole"):
        assert needed in part.message
    assert "not authorized" in part.message
    assert await reconcile_table(accounts.other, WANTED) == replace(part, events=())
    assert len(accounts.assumed()) == 1  # within seconds, all get the same answer
    assert (await accounts.ready(accounts.own)).state is State.READY


async def test_a_message_without_an_external_id_says_so(accounts: Accounts) -> None:
    bare = replace(accounts.other, role=replace(ROLE, external_id=""))
    part = await reconcile_table(bare, WANTED)
    assert "no external ID, because spec.aws.externalID is not set" in part.message
    assert "ExternalId" not in accounts.assumed()[0].body


UNREACHABLE: dict[str, str | Answer] = {
    "no answer": "drop-before",
    "throttled": xml_refusal("Throttling", "Rate exceeded"),
    "an error of AWS": xml_refusal("InternalFailure", "", 500),
    "an error that elsewhere means absent": xml_refusal("NoSuchEntity", "x", 404),
}


@pytest.mark.parametrize("effect", UNREACHABLE)
async def test_nothing_is_deleted_or_released_while_the_role_is_unknown(accounts: Accounts, effect: str) -> None:
    ready = await accounts.ready(accounts.other)
    restarted = replace(accounts.other, clients=accounts.clients())
    accounts.world.proxy.faults = [Fault("AssumeRole", UNREACHABLE[effect])]
    known = {"Table": ready.id}
    kept = await reconcile_table(restarted, replace(WANTED, known=known))
    assert (kept.state, kept.id) == (State.UNKNOWN, ready.id)
    left = await delete_table(restarted, Removal("products", "Delete", known))
    assert (left.is_over, left.id) == (False, ready.id)
    assert len(accounts.tables(OTHER)) == 1
    accounts.world.proxy.faults = []
    accounts.now[0] += AGAIN
    for _ in range(20):
        left = await delete_table(restarted, Removal("products", "Delete", known))
    assert (left.is_over, accounts.tables(OTHER)) == (True, [])
    restarted.clients.close()


async def test_a_refused_role_deletes_nothing(accounts: Accounts) -> None:
    ready = await accounts.ready(accounts.other)
    restarted = replace(accounts.other, clients=accounts.clients())
    accounts.sts.external_ids = {}
    left = await delete_table(restarted, Removal("products", "Delete", {"Table": ready.id}))
    assert (left.is_over, left.reason) == (False, Reason.ASSUME_ROLE_REFUSED)
    assert len(accounts.tables(OTHER)) == 1
    restarted.clients.close()


async def test_a_role_that_hangs_holds_no_thread_of_others(accounts: Accounts) -> None:
    held = threading.Event()
    accounts.world.proxy.layers["sts"] = _held(accounts.sts, held)
    waiting = [asyncio.create_task(reconcile_table(accounts.other, WANTED)) for _ in range(2 * POOLS)]
    assert (await accounts.ready(accounts.own)).state is State.READY
    assert not any(task.done() for task in waiting)
    held.set()
    assert all(part.reason is not Reason.ASSUME_ROLE_REFUSED for part in await asyncio.gather(*waiting))
    assert len(accounts.assumed()) == 1


async def test_a_process_without_the_lease_may_assume_a_role(accounts: Accounts) -> None:
    """AssumeRole changes nothing, and reads need it."""

    def never() -> float:
        raise Fenced

    ready = replace(WANTED, known={"Table": (await accounts.ready(accounts.other)).id})
    restarted = replace(accounts.other, clients=accounts.clients())
    restarted.clients.may_write = never
    assert (await reconcile_table(restarted, ready)).state is State.READY
    assert len(accounts.assumed()) == 2
    restarted.clients.close()


async def test_a_role_of_another_account_than_the_environment_names(accounts: Accounts) -> None:
    part = await reconcile_table(replace(accounts.other, account_id="333333333333"), WANTED)
    assert part.reason is Reason.ACCOUNT_MISMATCH
    assert f"the credentials of role {ARN} belong to account {OTHER}" in part.message
    assert accounts.world.proxy.writes() == []


async def test_without_a_role_another_account_is_refused_as_before(accounts: Accounts) -> None:
    part = await reconcile_table(replace(accounts.other, role=None), WANTED)
    assert part.reason is Reason.ACCOUNT_MISMATCH
    assert "set spec.aws.roleARN" in part.message
    assert accounts.assumed() == []


async def test_another_role_is_another_answer(accounts: Accounts) -> None:
    """Neither the verified account nor the resync cache answers for credentials that nobody has tried."""
    cache = ResyncCache(3600)
    first = replace(accounts.other, resync_cache=cache)
    ready = replace(WANTED, known={"Table": (await accounts.ready(first)).id})
    accounts.world.proxy.calls.clear()
    assert (await reconcile_table(first, ready)).state is State.READY
    assert accounts.world.proxy.calls == []
    untrusted = replace(first, role=AssumedRole(f"arn:aws:iam::{OTHER}:role/untrusted"))
    assert (await reconcile_table(untrusted, ready)).reason is Reason.ASSUME_ROLE_REFUSED


async def test_a_session_that_aws_does_not_accept_is_replaced(accounts: Accounts) -> None:
    ready = replace(WANTED, known={"Table": (await accounts.ready(accounts.other)).id})
    expired = refusal("ExpiredTokenException", "The security token included in the request is expired")
    accounts.now[0] += AGAIN  # a session that has just begun is kept
    accounts.world.proxy.faults = [Fault("DescribeTable", expired, 1)]
    assert (await reconcile_table(accounts.other, ready)).state is not State.READY
    assert (await reconcile_table(accounts.other, ready)).state is State.READY
    assert len(accounts.assumed()) == 2


async def test_a_session_without_credentials_is_not_asked_for_at_once_again(accounts: Accounts) -> None:
    """STS that lies: 200 without credentials; each call gets the same answer for a while, and no KeyError."""
    answer = b"<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>"
    accounts.world.proxy.faults = [Fault("AssumeRole", Answer(200, answer, "text/xml"))]
    for _ in range(5):
        part = await reconcile_table(accounts.other, WANTED)
        assert (part.state, part.reason) == (State.UNKNOWN, Reason.AWS_UNAVAILABLE)
    assert "without credentials" in part.message
    assert len(accounts.assumed()) == 1
    accounts.world.proxy.faults = []
    accounts.now[0] += AGAIN
    await accounts.ready(accounts.other)


def _held(sts: StrictSTS, event: threading.Event) -> Any:
    """STS that answers AssumeRole only after the event."""

    def layer(call: Call, emulator: Emulator) -> Answer:
        if call.action == "AssumeRole":
            assert event.wait(30)
        return sts(call, emulator)

    return layer


async def _until_assumed(accounts: Accounts, times: int) -> None:
    """Wait until the renewal in the background has ended."""
    sessions = accounts.other.clients.roles._sessions.values()
    await asyncio.gather(*(session.task for session in sessions if session.task))
    assert len(accounts.assumed()) == times
