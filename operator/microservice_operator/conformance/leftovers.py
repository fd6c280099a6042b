"""Finds what runs have left in the account: by the tag of their cluster, by the path of their roles, by namespace.

`tag:GetResources` knows neither roles nor, in some regions, associations of EKS, so these have lists of their own.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from .. import names
from ..errors import Gone
from .checks import Account
from .sample import CLUSTER_ID, NAMESPACE, Run, run_of


@dataclass(frozen=True)
class Leftover:
    """A resource of a run: its ARN, and its run if its tags name one."""

    arn: str
    run: Run | None


async def find(account: Account) -> list[Leftover]:
    """Return everything that has the tags of a run; raises an OperatorError if it cannot be listed."""
    found = {each.arn: each for each in await _tagged(account)}
    found |= {each.arn: each for each in [*await _roles(account), *await _associations(account)]}
    return [found[arn] for arn in sorted(found)]


def runs(leftovers: Iterable[Leftover]) -> list[Run]:
    """Return the runs that left something, in the order of their ids."""
    return sorted({each.run for each in leftovers if each.run}, key=lambda run: run.id)


async def _tagged(account: Account) -> list[Leftover]:
    found: list[Leftover] = []
    target, filters = "the tagged resources of the region", [{"Key": names.TAG_CLUSTER, "Values": [CLUSTER_ID]}]
    listed = account.pages("resourcegroupstaggingapi", "GetResources", target, "PaginationToken", TagFilters=filters)
    async for answer in listed:
        for each in answer["ResourceTagMappingList"]:
            tags = {tag["Key"]: tag["Value"] for tag in each["Tags"]}
            found.append(Leftover(each["ResourceARN"], run_of(tags)))
    return found


async def _roles(account: Account) -> list[Leftover]:
    if account.aws.identity is None:
        return []
    found: list[Leftover] = []
    path = f"/microservice-operator/{CLUSTER_ID}/"
    async for answer in account.pages("iam", "ListRoles", f"roles of path {path}", "Marker", PathPrefix=path):
        for role in answer["Roles"]:
            found += await _role(account, role["RoleName"])
    return found


async def _role(account: Account, name: str) -> list[Leftover]:
    try:
        role = (await account.read("iam", "GetRole", f"role {name}", RoleName=name))["Role"]
    except Gone:
        return []
    tags = {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
    return [Leftover(role["Arn"], run_of(tags))]


async def _associations(account: Account) -> list[Leftover]:
    cluster = account.aws.identity.cluster_name if account.aws.identity else None
    if not cluster:
        return []
    found: list[Leftover] = []
    target, wanted = f"associations of cluster {cluster}", {"clusterName": cluster, "namespace": NAMESPACE}
    async for answer in account.pages("eks", "ListPodIdentityAssociations", target, "nextToken", **wanted):
        for each in answer["associations"]:
            found += await _association(account, cluster, each["associationId"])
    return found


async def _association(account: Account, cluster: str, name: str) -> list[Leftover]:
    """A person may have associations in a namespace of this name: only the tags tell them apart."""
    target = f"association {name}"
    try:
        answer = await account.read(
            "eks", "DescribePodIdentityAssociation", target, clusterName=cluster, associationId=name
        )
    except Gone:
        return []
    association = answer["association"]
    tags = association.get("tags", {})
    ours = tags.get(names.TAG_CLUSTER) == CLUSTER_ID
    return [Leftover(association["associationArn"], run_of(tags))] if ours else []
