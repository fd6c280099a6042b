"""Where the AWS resources of one Microservice go, and with what they are reached."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...ownership import Owner
from .arns import Site

if TYPE_CHECKING:  # what is only handed on is not imported, so that naming a scope loads neither boto3 nor a clock
    from ...resync_cache import ResyncCache
    from .clients import Clients


@dataclass(frozen=True)
class AwsScope:
    """An account and region of AWS as one Microservice sees it."""

    clients: "Clients"
    region: str
    account_id: str
    owner: Owner
    resync_cache: "ResyncCache"


def site(scope: AwsScope) -> Site:
    """The place as names are made from it."""
    return Site(scope.region, scope.account_id, scope.owner.cluster, scope.owner.name)
