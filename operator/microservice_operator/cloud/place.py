"""Where the AWS resources of one Microservice go, and with what they are reached."""

from dataclasses import dataclass, field

from ..ownership import Owner
from ..settled import Settled
from .clients import Clients


@dataclass(frozen=True)
class Place:
    """An account and region of AWS as one Microservice sees it."""

    clients: Clients
    region: str
    account_id: str
    owner: Owner
    settled: Settled = field(default_factory=lambda: Settled(0))
