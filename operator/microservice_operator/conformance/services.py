"""Checks of what other services of AWS hold for an Environment: a key, instance classes, a VPC link, a listener."""

from ..api.environment import RDS
from ..api.stores import Database
from .checks import Account, CheckFunction, Failed

_ZONES = 2  # as in `network`


def service_checks(account: Account) -> dict[str, CheckFunction]:
    """Return the checks of what the Environment names, by name."""
    checks: dict[str, CheckFunction] = {}
    keys = {
        "messaging key": account.aws.messaging_key_arn,
        "table key": account.aws.table_key_arn,
        "database key": account.aws.database_key_arn,
    }
    checks |= {name: key(arn) for name, arn in keys.items() if arn}
    rds = account.environment.spec.databases.rds if account.environment.spec.databases else None
    if rds:
        checks |= {f"instance class of size {size}": instance_class(size, rds) for size in sorted(rds.sizes)}
    if account.aws.api_gateway:
        checks |= {"VPC link": vpc_link, "listener": listener}
    return checks


def key(arn: str) -> CheckFunction:
    """Return the check that a key is enabled and can encrypt."""

    async def check(account: Account) -> None:
        answer = await account.read("kms", "DescribeKey", f"key {arn}", KeyId=arn)
        state, usage = answer["KeyMetadata"]["KeyState"], answer["KeyMetadata"].get("KeyUsage", "ENCRYPT_DECRYPT")
        if (state, usage) != ("Enabled", "ENCRYPT_DECRYPT"):
            raise Failed(f"key {arn} is {state} with usage {usage}; use an enabled key that encrypts and decrypts")

    return check


def instance_class(size: str, rds: RDS) -> CheckFunction:
    """Return the check that RDS offers a size's class, with the default version, in two zones of the subnets."""
    name, version = rds.sizes[size], Database.model_fields["version"].default

    async def check(account: Account) -> None:
        offered = await _zones(account, name, await _latest(account, version))
        if not offered:
            raise Failed(f"RDS does not offer {name} with PostgreSQL {version} in the region; change the size {size}")
        subnets = list(account.aws.subnet_ids or ())
        answer = await account.read(
            "ec2", "DescribeSubnets", "the subnets", Filters=[{"Name": "subnet-id", "Values": subnets}]
        )
        common = {each["AvailabilityZone"] for each in answer["Subnets"]} & offered
        if len(common) < _ZONES:
            where = ", ".join(sorted(offered))
            raise Failed(f"RDS offers {name} only in {where}; name subnets in two of these zones, or change the size")

    return check


async def vpc_link(account: Account) -> None:
    """The VPC link exists and is available."""
    gateway = account.aws.api_gateway
    name = gateway.vpc_link_id if gateway else ""
    answer = await account.read("apigatewayv2", "GetVpcLink", f"VPC link {name}", VpcLinkId=name)
    if answer["VpcLinkStatus"] != "AVAILABLE":
        status = answer["VpcLinkStatus"]
        raise Failed(f"VPC link {name} is {status}; AWS makes an unused link inactive: wait, or create it again")


async def listener(account: Account) -> None:
    """The listener exists."""
    gateway = account.aws.api_gateway
    arn = gateway.listener_arn if gateway else ""
    answer = await account.read("elbv2", "DescribeListeners", f"listener {arn}", ListenerArns=[arn])
    if not answer["Listeners"]:
        raise Failed(f"listener {arn} does not exist; correct spec.aws.apiGateway.listenerARN")


async def _latest(account: Account, major: str) -> str:
    """Return the minor version that RDS chooses for a new instance of this major version."""
    answer = await account.read(
        "rds", "DescribeDBEngineVersions", f"PostgreSQL {major}", Engine="postgres", EngineVersion=major,
        DefaultOnly=True,
    )  # fmt: skip
    versions = [each["EngineVersion"] for each in answer["DBEngineVersions"]]
    if not versions:
        raise Failed(f"RDS does not offer PostgreSQL {major} in the region")
    return str(versions[0])


async def _zones(account: Account, name: str, version: str) -> set[str]:
    """Return the zones in which RDS offers a class."""
    zones: set[str] = set()
    listed = account.pages(
        "rds", "DescribeOrderableDBInstanceOptions", f"class {name}", "Marker", Engine="postgres",
        EngineVersion=version, DBInstanceClass=name, Vpc=True,
    )  # fmt: skip
    async for answer in listed:
        options = answer["OrderableDBInstanceOptions"]
        zones |= {zone["Name"] for option in options for zone in option["AvailabilityZones"]}
    return zones
