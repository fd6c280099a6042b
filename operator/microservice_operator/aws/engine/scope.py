"""Account, region, owner and clients for the AWS resources of one Microservice."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...ownership import Owner
from .arns import Site

if TYPE_CHECKING:  # types only: importing a scope must load neither boto3 nor a clock
    from ...resync_cache import ResyncCache
    from .clients import Clients


@dataclass(frozen=True)
class AwsScope:
    """An AWS account and region as one Microservice uses it."""

    clients: "Clients"
    region: str
    account_id: str
    owner: Owner
    resync_cache: "ResyncCache"


def site(scope: AwsScope) -> Site:
    """Return the scope as the source of names and ARNs."""
    return Site(scope.region, scope.account_id, scope.owner.cluster, scope.owner.name)
