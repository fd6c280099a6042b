"""Runs checks and turns errors into results: a refused read is `not checked`, never `ok`.

A check is a function that returns if what it reads holds. It raises Failed if it does not hold, and NotChecked if it
cannot tell.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..api.environment import AWS
from ..api.parsing import Environment, Identity
from ..aws.engine.clients import Clients
from ..aws.engine.pagination import pages
from ..aws.engine.scope import AwsScope
from ..aws.engine.service import AwsService
from ..errors import NeedsPerson, OperatorError
from ..external.clients import assumed_role
from ..facts import Reason
from ..ownership import Owner
from ..resync_cache import ResyncCache
from .report import Check, Result
from .sample import CLUSTER_ID, NAMESPACE
from .timing import Timing


class Failed(OperatorError):
    """What a check reads does not hold."""


class NotChecked(OperatorError):
    """A check cannot tell whether something holds."""


@dataclass(frozen=True)
class Account:
    """What the checks read: an Environment's account, through the operator's clients.

    `role_arn` is the principal whose permissions are simulated, "" for the caller; `cluster_id` is the cluster of its
    policy.
    """

    scope: AwsScope
    environment: Environment
    aws: AWS
    cluster_id: str
    role_arn: str = ""

    async def read(self, service: str, action: str, target: str, **parameters: Any) -> dict[str, Any]:
        """Make a call that changes nothing; `target` names the resource in errors. Raises an OperatorError."""
        return await AwsService(self.scope, service, target).read(action, **parameters)

    def pages(
        self, service: str, action: str, target: str, token: str, **parameters: Any
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Make such a call for each page of a list; `token` is the name of the page token."""
        return pages(AwsService(self.scope, service, target).read, action, token, **parameters)


def new_account(
    clients: Clients, environment: Environment, aws: AWS, role_arn: str = "", cluster_id: str = ""
) -> Account:
    """Return the account of an Environment; without a `cluster_id`, that of the sample."""
    owner = Owner(CLUSTER_ID, Identity(NAMESPACE, "", ""))
    role = assumed_role(aws, CLUSTER_ID)
    scope = AwsScope(clients, aws.region, aws.account_id, owner, ResyncCache(0), role)
    return Account(scope, environment, aws, cluster_id or CLUSTER_ID, role_arn)


_logger = logging.getLogger(__name__)
CheckFunction = Callable[[Account], Awaitable[None]]


async def take(name: str, step: Awaitable[None], timing: Timing) -> Check:
    """Take one step, or run one check, and return its result; never raises an Exception.

    An error that nobody expects is a result, too: a real account may answer what no test has shown.
    """
    begun = timing.now()
    result, reason = Result.OK, ""
    try:
        await step
    except NotChecked as error:
        result, reason = Result.NOT_CHECKED, str(error)
    except NeedsPerson as error:
        denied = error.reason == Reason.ACCESS_DENIED
        result, reason = Result.NOT_CHECKED if denied else Result.FAILED, str(error)
    except OperatorError as error:
        result, reason = Result.FAILED, str(error)
    except Exception as error:
        _logger.exception("%s failed", name)
        result, reason = Result.FAILED, f"internal error: {type(error).__name__}: {error}; report this as a bug"
    return Check(name, result, reason, round(timing.now() - begun, 1))
