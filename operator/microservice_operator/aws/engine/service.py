"""One AWS service as an adapter uses it: errors are mapped, and no call goes to the wrong account.

Reads are checked too: in another account every resource seems absent, which would end a deletion.
"""

from typing import Any

from .account import verify_account
from .call import Call, Lane
from .errors import AWSError, classify_error
from .scope import AwsScope


class AwsService:
    """Calls of one service for one resource; `target` names it in errors.

    All calls of a deletion, reads too, use its own lane.
    """

    def __init__(self, scope: AwsScope, service: str, target: str, lane: Lane = Lane.MAIN) -> None:
        """Name the service and the resource."""
        self._scope = scope
        self._service = service
        self._target = target
        self._lane = lane

    async def read(self, action: str, **parameters: Any) -> dict[str, Any]:
        """Make a call that changes nothing and return its answer; raises an OperatorError."""
        await verify_account(self._scope)
        try:
            scope = self._scope
            tenant, role = scope.owner.identity.namespace, scope.role
            call = Call(self._service, scope.region, action, parameters, self._lane, scope.account_id, tenant, role)
            return await scope.clients.call(call)
        except AWSError as error:
            raise classify_error(error, f"{self._service}:{action}", self._target) from None

    async def write(self, action: str, **parameters: Any) -> None:
        """Change something; raises an OperatorError."""
        await self.read(action, **parameters)
