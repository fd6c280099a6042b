"""Checks of how pods get their roles: Pod Identity or IRSA, and the permissions boundary."""

from ..errors import Gone
from .checks import Account, CheckFunction, Failed, NotChecked

_AGENT = "eks-pod-identity-agent"
_SYSTEM = "kube-system"  # the operator creates no services there
_AUDIENCE = "sts.amazonaws.com"


def identity_checks(account: Account) -> dict[str, CheckFunction]:
    """Return the checks of what the Environment names, by name."""
    roles = account.aws.identity
    checks: dict[str, CheckFunction] = {}
    if roles and roles.cluster_name:
        checks |= {"EKS cluster": cluster, "Pod Identity agent": agent, "Fargate profiles": fargate_profiles}
    if roles and roles.oidc_provider_arn:
        checks["OIDC provider"] = oidc_provider
    if roles or account.aws.permissions_boundary_arn:
        checks["permissions boundary"] = boundary
    return checks


async def cluster(account: Account) -> None:
    """The cluster is active."""
    name = _cluster(account)
    answer = await account.read("eks", "DescribeCluster", f"cluster {name}", name=name)
    status = answer["cluster"]["status"]
    if status not in ("ACTIVE", "UPDATING"):
        raise Failed(f"cluster {name} is {status}; wait until it is ACTIVE")


async def agent(account: Account) -> None:
    """The agent that gives pods their credentials is installed ("Set up the Amazon EKS Pod Identity Agent")."""
    name = _cluster(account)
    answer = await account.read("eks", "DescribeCluster", f"cluster {name}", name=name)
    if answer["cluster"].get("computeConfig", {}).get("enabled"):
        return  # EKS Auto Mode contains the agent
    try:
        found = await account.read("eks", "DescribeAddon", f"add-on {_AGENT}", clusterName=name, addonName=_AGENT)
    except Gone:
        raise NotChecked(
            f"cluster {name} has no add-on {_AGENT}; install it, or check that its DaemonSet runs on every node"
        ) from None
    status = found["addon"]["status"]
    if status not in ("ACTIVE", "UPDATING"):
        raise Failed(f"the add-on {_AGENT} of cluster {name} is {status}; see its health issues in EKS")


async def fargate_profiles(account: Account) -> None:
    """No Fargate profile selects pods of services: the agent, a DaemonSet, does not run on Fargate.

    "EKS Pod Identity restrictions" in the Amazon EKS User Guide. Which namespaces have services is not known here.
    """
    name, selected = _cluster(account), set[str]()
    listed = account.pages("eks", "ListFargateProfiles", f"cluster {name}", "nextToken", clusterName=name)
    async for answer in listed:
        for profile in answer["fargateProfileNames"]:
            found = await account.read(
                "eks", "DescribeFargateProfile", f"profile {profile}", clusterName=name, fargateProfileName=profile
            )
            selected |= {each["namespace"] for each in found["fargateProfile"]["selectors"]} - {_SYSTEM}
    if selected:
        namespaces = ", ".join(sorted(selected))
        raise NotChecked(
            f"cluster {name} runs pods of the namespaces {namespaces} on Fargate, where Pod Identity gives no role; "
            "keep services out of them, or use an Environment with identity type IRSA there"
        )


async def oidc_provider(account: Account) -> None:
    """The OIDC provider exists, and accepts tokens for STS."""
    arn = str(account.aws.identity.oidc_provider_arn if account.aws.identity else "")
    answer = await account.read("iam", "GetOpenIDConnectProvider", f"OIDC provider {arn}", OpenIDConnectProviderArn=arn)
    if _AUDIENCE not in answer.get("ClientIDList", []):
        raise Failed(f"OIDC provider {arn} does not accept the audience {_AUDIENCE}; add it to its client ids")


async def boundary(account: Account) -> None:
    """The permissions boundary exists."""
    arn = account.aws.permissions_boundary_arn
    if arn is None:
        raise Failed(
            "spec.aws.permissionsBoundaryARN is not set, and the operator's policy allows roles only with a boundary;"
            " set it"
        )
    await account.read("iam", "GetPolicy", f"policy {arn}", PolicyArn=arn)


def _cluster(account: Account) -> str:
    return str(account.aws.identity.cluster_name if account.aws.identity else "")
