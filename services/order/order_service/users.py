"""HTTP client of the user service."""

from http import HTTPStatus
from uuid import UUID

from pydantic import BaseModel, Field, ValidationError

from order_service.ports import CustomerUnknown
from shop_shared.resilience.upstream import Upstream, UpstreamUnavailable


class _OwnUser(BaseModel):
    user_id: UUID = Field(alias="userId")


class HttpUsers:
    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def require(self, user_id: UUID, authorization: str) -> None:
        # The own user, not the one with this id: a caller who may read all users still orders in their own name only.
        try:
            response = await self._upstream.send("GET", "/users/me", headers={"authorization": authorization})
        except UpstreamUnavailable as outage:
            outage.in_doubt = False  # a read changes nothing
            raise
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise CustomerUnknown
        if response.status_code != HTTPStatus.OK:
            raise self._upstream.unexpected_response(response)
        try:
            own = _OwnUser.model_validate_json(response.content)
        except ValidationError:
            raise self._upstream.unexpected_response(response) from None
        if own.user_id != user_id:
            raise CustomerUnknown
