"""Checks of the network that an Environment names: VPC, subnets and the security group of the pods."""

from .checks import Account, CheckFunction, Failed, NotChecked

_ZONES = 2  # "Working with a DB instance in a VPC" in the Amazon RDS User Guide: a subnet group covers two zones


def network_checks(account: Account) -> dict[str, CheckFunction]:
    """Return the checks of what the Environment names, by name."""
    aws = account.aws
    named = {"VPC": (aws.vpc_id, vpc), "subnets": (aws.subnet_ids, subnets)}
    named["pod security group"] = (aws.pod_security_group_id, pod_security_group)
    return {name: check for name, (value, check) in named.items() if value}


async def vpc(account: Account) -> None:
    """The VPC exists and is available."""
    name = str(account.aws.vpc_id)
    answer = await account.read("ec2", "DescribeVpcs", f"VPC {name}", Filters=_ids("vpc-id", [name]))
    states = [each.get("State", "") for each in answer["Vpcs"]]
    if states != ["available"]:
        raise Failed(f"VPC {name} {_state(states)}; correct spec.aws.vpcID")


async def subnets(account: Account) -> None:
    """The subnets exist, are in the VPC and are in two zones at least."""
    wanted = list(account.aws.subnet_ids or ())
    target = f"subnets {', '.join(wanted)}"
    answer = await account.read("ec2", "DescribeSubnets", target, Filters=_ids("subnet-id", wanted))
    found = {each["SubnetId"]: each for each in answer["Subnets"]}
    missing = [name for name in wanted if name not in found]
    if missing:
        raise Failed(f"subnets {', '.join(missing)} do not exist; correct spec.aws.subnetIDs")
    elsewhere = [name for name, each in found.items() if account.aws.vpc_id and each["VpcId"] != account.aws.vpc_id]
    if elsewhere:
        raise Failed(f"subnets {', '.join(elsewhere)} are not in VPC {account.aws.vpc_id}; correct spec.aws.subnetIDs")
    zones = {each["AvailabilityZone"] for each in found.values()}
    if len(zones) < _ZONES:
        raise Failed(f"{target} are all in zone {', '.join(zones)}; name subnets in at least two zones")


async def pod_security_group(account: Account) -> None:
    """The security group of the pods exists and is in the VPC."""
    name = str(account.aws.pod_security_group_id)
    if "/" in name:
        raise NotChecked(f"security group {name} is of another account; check that the two VPCs are peered")
    filters = _ids("group-id", [name])
    answer = await account.read("ec2", "DescribeSecurityGroups", f"security group {name}", Filters=filters)
    if not answer["SecurityGroups"]:
        raise Failed(f"security group {name} does not exist; correct spec.aws.podSecurityGroupID")
    vpc_id = answer["SecurityGroups"][0]["VpcId"]
    if account.aws.vpc_id and vpc_id != account.aws.vpc_id:
        raise Failed(f"security group {name} is in VPC {vpc_id}, not in {account.aws.vpc_id}; name one of that VPC")


def _ids(name: str, values: list[str]) -> list[dict[str, object]]:
    """A filter: with ids as parameters, EC2 answers an error for an unknown id instead of an empty list."""
    return [{"Name": name, "Values": values}]


def _state(states: list[str]) -> str:
    return f"is {states[0]}" if states else "does not exist"
