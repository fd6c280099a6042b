"""The KMS key of an instance: set at its creation, and never changed afterwards."""

from typing import Any

from microservice_operator.facts import State
from tests.aws.rds_world import RDSWorld
from tests.fakes.aws import rds_rules

KEY, OTHER = (f"arn:aws:kms:us-east-1:123456789012:key/{digit * 8}-7c0e-4b43-9a52-0d2f6f1f0c11" for digit in "12")


def keys_sent(rds: RDSWorld) -> list[dict[str, Any]]:
    """The keys that each write names."""
    named = ({name: value for name, value in call.body.items() if "Kms" in name} for call in rds.proxy.calls)
    return [keys for keys in named if keys]


async def test_a_new_instance_and_its_secret_get_the_key_of_the_environment(rds: RDSWorld) -> None:
    rds.key = KEY
    part = await rds.made()
    assert part.message == ""
    assert (rds.instance["KmsKeyId"], rds.instance["MasterUserSecret"]["KmsKeyId"]) == (KEY, KEY)
    assert keys_sent(rds) == [{"KmsKeyId": KEY, "MasterUserSecretKmsKeyId": KEY}]
    await rds.quiet()


async def test_without_a_key_aws_chooses(rds: RDSWorld) -> None:
    await rds.made()
    assert rds.instance["KmsKeyId"] == rds_rules.DEFAULT_KEY
    assert keys_sent(rds) == []


async def test_an_instance_keeps_its_key_and_says_so(rds: RDSWorld) -> None:
    rds.key = KEY
    await rds.made()
    rds.key = OTHER
    part, *_ = await rds.quiet()
    assert part.message == (f"it keeps its KMS key {KEY}, because aws.databaseKeyARN applies to new instances only")
    await rds.drive(rds.wanted(size="medium"))
    part, *_ = await rds.quiet(size="medium")
    assert part.message.startswith("DBInstanceClass will change in the maintenance window")
    assert part.message.endswith("applies to new instances only")
    rds.key = ""
    part, *_ = await rds.quiet(size="medium")
    assert "KMS" not in part.message
    assert rds.instance["KmsKeyId"] == KEY


async def test_a_secret_that_rds_manages_again_gets_the_key(rds: RDSWorld) -> None:
    await rds.made()
    del rds.instance["MasterUserSecret"]  # somebody turned it off
    rds.key = KEY
    part, *_ = await rds.drive(rds.wanted())
    assert part.state is State.READY
    assert rds.instance["MasterUserSecret"]["KmsKeyId"] == KEY
    assert keys_sent(rds) == [{"MasterUserSecretKmsKeyId": KEY}]
