"""Account, region, owner and clients for the AWS resources of one Microservice."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...ownership import Owner
from .arns import Site
from .call import AssumedRole, Lane

if TYPE_CHECKING:  # types only: importing a scope must load neither boto3 nor a clock
    from ...resync_cache import ResyncCache
    from .clients import Clients


@dataclass(frozen=True)
class AwsScope:
    """An AWS account and region as one Microservice uses it; without a `role`, with the operator's own credentials."""

    clients: "Clients"
    region: str
    account_id: str
    owner: Owner
    resync_cache: "ResyncCache"
    role: AssumedRole | None = None

    @property
    def place(self) -> tuple[str, str, AssumedRole | None]:
        """Account, region and credentials: answers of one place say nothing about another."""
        return self.account_id, self.region, self.role

    def list_key(self, service: str, lane: Lane, *parts: str) -> tuple[str, ...]:
        """Return the key of a list; callers with other credentials never share it, because AWS may refuse it to one."""
        role = (self.role.arn, self.role.external_id) if self.role else ()
        return (service, self.account_id, self.region, lane, *parts, *role)


def site(scope: AwsScope) -> Site:
    """Return the scope as the source of names and ARNs."""
    return Site(scope.region, scope.account_id, scope.owner.cluster, scope.owner.name)
