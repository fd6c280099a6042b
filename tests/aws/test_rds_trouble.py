"""RDS and EC2 throttle, fail, deny or lose responses: the operator waits or reports it, and creates one instance."""

import pytest

from microservice_operator.aws.rds.admin_secret import MasterSecret
from microservice_operator.errors import NotYet
from microservice_operator.facts import Reason, State
from tests.aws.rds_world import RDSWorld
from tests.fakes.aws.proxy import Answer, Fault, xml_refusal
from tests.fakes.aws.rds_rules import bad

CALLS = (
    "AuthorizeSecurityGroupIngress",
    "CreateDBInstance",
    "CreateDBParameterGroup",
    "CreateDBSubnetGroup",
    "CreateSecurityGroup",
    "DescribeDBInstances",
    "DescribeDBParameterGroups",
    "DescribeDBParameters",
    "DescribeDBSubnetGroups",
    "DescribeSecurityGroups",
    "ListTagsForResource",
    "ModifyDBParameterGroup",
    "RevokeSecurityGroupEgress",
)
ONCE = {call for call in CALLS if call.startswith("Create")}
TROUBLE = [
    (xml_refusal("Throttling", "Rate exceeded"), Reason.AWS_THROTTLED),
    (xml_refusal("InternalFailure", "oops", 500), Reason.AWS_UNAVAILABLE),
    ("drop-before", Reason.AWS_UNAVAILABLE),
    ("drop-after", Reason.AWS_UNAVAILABLE),
]


@pytest.mark.parametrize("action", CALLS)
@pytest.mark.parametrize(("effect", "reason"), TROUBLE)
async def test_trouble_at_each_call_is_waited_for(
    rds: RDSWorld, action: str, effect: str | Answer, reason: Reason
) -> None:
    rds.proxy.faults = [Fault(action, effect, times=2)]
    seen: set[Reason] = set()
    for _ in range(120):
        parts = await rds.one_pass(rds.wanted())
        seen |= {part.reason for part in parts}
        assert State.STALLED not in {part.state for part in parts}, parts
        if all(part.state is State.READY for part in parts):
            break
        rds.strict.advance(1)
    await rds.quiet()
    assert reason in seen
    made = [action for _, action, code in rds.heard if action in ONCE and code == "OK"]
    assert len(made) == len(set(made))
    assert len(rds.network.groups(rds.name)) == 1


@pytest.mark.parametrize("action", CALLS)
async def test_a_denied_call_names_itself_and_recovers_once_granted(rds: RDSWorld, action: str) -> None:
    fault = Fault(action, xml_refusal("AccessDenied", "User: operator is not authorized to perform it.", 403))
    rds.proxy.faults = [fault]
    for _ in range(30):
        parts = await rds.one_pass(rds.wanted())
        rds.strict.advance(1)
        stalled = [part for part in parts if part.state is State.STALLED]
        if stalled:
            break
    assert (stalled[0].reason, stalled[0].after) == (Reason.ACCESS_DENIED, 300)
    assert f":{action} on " in stalled[0].message
    fault.times = 0
    await rds.made()


async def test_a_known_instance_stays_known_while_aws_is_down(rds: RDSWorld) -> None:
    part = await rds.made()
    rds.proxy.faults = [Fault("*", "drop-before")]
    down = (await rds.one_pass(rds.wanted()))[0]
    assert (down.state, down.id) == (State.UNKNOWN, part.id)


async def test_a_class_that_is_not_to_be_had_says_so_and_is_waited_for(rds: RDSWorld) -> None:
    said = "The requested DB instance class is not available in the zone."
    rds.proxy.faults = [Fault("CreateDBInstance", bad(said, "InsufficientDBInstanceCapacity"))]
    for _ in range(10):
        part = (await rds.one_pass(rds.wanted()))[0]
        rds.strict.advance(part.after or 0)
    assert (part.state, part.reason, part.after) == (State.PROGRESSING, Reason.REJECTED, 60)
    assert said.rstrip(".") in part.message
    rds.proxy.faults = []
    await rds.made()


async def test_windows_that_overlap_are_refused_by_rds(rds: RDSWorld) -> None:
    spec = {"backup": {"window": "03:00-04:00"}, "maintenance": {"window": "sun:03:30-sun:04:30"}}
    part = (await rds.drive(rds.wanted(**spec)))[0]
    assert (part.state, part.reason) == (State.STALLED, Reason.REJECTED)
    assert "must not overlap" in part.message
    await rds.made()


async def test_an_admin_login_that_is_not_there_yet_is_waited_for(rds: RDSWorld) -> None:
    """AWS answers ResourceNotFoundException also for a secret without a current version."""
    region, account = rds.scope.region, rds.scope.account_id
    arn = f"arn:aws:secretsmanager:{region}:{account}:secret:rds!db-none-abcdef"
    with pytest.raises(NotYet, match="does not exist or contains no login yet") as raised:
        await MasterSecret(arn, rds.scope).login()
    assert raised.value.reason is Reason.DATABASE_CREATING
