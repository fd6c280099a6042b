"""Checks that quotas leave room for one more Microservice, where AWS tells both use and quota in one call.

"GetAccountSummary" in the IAM API Reference and "DescribeAccountAttributes" in the Amazon RDS API Reference.
"""

from .checks import Account, CheckFunction, Failed

_RDS = ("DBInstances", "DBParameterGroups", "DBSubnetGroups")  # each database needs one more of each


def quota_checks(account: Account) -> dict[str, CheckFunction]:
    """Return the checks of what the Environment uses, by name."""
    databases = account.environment.spec.databases
    checks: dict[str, CheckFunction] = {"quota of roles": roles} if account.aws.identity else {}
    return checks | ({"quotas of RDS": rds} if databases and databases.rds else {})


async def roles(account: Account) -> None:
    """The account may have one more role."""
    summary = (await account.read("iam", "GetAccountSummary", "the account"))["SummaryMap"]
    if summary["Roles"] >= summary["RolesQuota"]:
        raise Failed(f"the account has {summary['Roles']} IAM roles and its quota is full; raise Roles per account")


async def rds(account: Account) -> None:
    """The account may have one more instance, with its groups."""
    answer = await account.read("rds", "DescribeAccountAttributes", "the account")
    full = [
        f"{quota['AccountQuotaName']} {quota['Used']} of {quota['Max']}"
        for quota in answer["AccountQuotas"]
        if quota["AccountQuotaName"] in _RDS and quota["Used"] >= quota["Max"]
    ]
    if full:
        raise Failed(f"quotas of RDS are full: {', '.join(full)}; raise them")
