"""One service of AWS as an adapter uses it: errors already mean something, no call goes to the wrong account.

Reads are held to that too: in another account everything is "not there", which would end a deletion.
"""

from typing import Any

from .account import verify_account
from .call import Call, Lane
from .errors import AWSError, meaning
from .scope import AwsScope


class AwsService:
    """Calls of one service that concern one resource; `target` names it in errors.

    Everything that a deletion needs, its looks too, goes through its own lane.
    """

    def __init__(self, scope: AwsScope, service: str, target: str, lane: Lane = Lane.MAIN) -> None:
        """Name the service and the resource."""
        self._scope = scope
        self._service = service
        self._target = target
        self._lane = lane

    async def read(self, action: str, **parameters: Any) -> dict[str, Any]:
        """Answer of a call that changes nothing; raises an OperatorError."""
        await verify_account(self._scope)
        try:
            call = Call(self._service, self._scope.region, action, parameters, self._lane)
            return await self._scope.clients.call(call)
        except AWSError as error:
            raise meaning(error, f"{self._service}:{action}", self._target) from None

    async def write(self, action: str, **parameters: Any) -> None:
        """Change something; raises an OperatorError."""
        await self.read(action, **parameters)
