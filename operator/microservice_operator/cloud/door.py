"""One service of AWS as an adapter uses it: errors already mean something, no write goes to the wrong account."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .account import verify_account
from .clients import Call, Lane
from .failures import meaning
from .place import Place


class Door:
    """Calls of one service that concern one resource; `target` names it in errors."""

    def __init__(self, place: Place, service: str, target: str) -> None:
        """Name the service and the resource."""
        self._place = place
        self._service = service
        self._target = target

    async def read(self, action: str, **parameters: Any) -> dict[str, Any]:
        """Answer of a call that changes nothing; raises an OperatorError."""
        return await self._call(action, parameters, Lane.MAIN)

    async def write(self, action: str, **parameters: Any) -> None:
        """Change something; raises an OperatorError."""
        await verify_account(self._place)
        await self._call(action, parameters, Lane.MAIN)

    async def delete(self, action: str, **parameters: Any) -> None:
        """Remove something, in the lane that creations do not hold up; raises an OperatorError."""
        await verify_account(self._place)
        await self._call(action, parameters, Lane.DELETE)

    async def _call(self, action: str, parameters: dict[str, Any], lane: Lane) -> dict[str, Any]:
        try:
            return await self._place.clients.call(Call(self._service, self._place.region, action, parameters, lane))
        except (ClientError, BotoCoreError) as error:
            raise meaning(error, f"{self._service}:{action}", self._target) from None
