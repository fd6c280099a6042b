"""The user service, as far as an order needs it."""

from http import HTTPStatus
from uuid import UUID

from order_service.ports import CustomerUnknown
from shop_shared.resilience.upstream import Upstream, UpstreamUnavailable


class HttpUsers:
    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def require(self, user_id: UUID) -> None:
        try:
            response = await self._upstream.send("GET", f"/users/{user_id}")
        except UpstreamUnavailable as away:
            away.in_doubt = False  # reading changes nothing
            raise
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise CustomerUnknown
        if response.status_code != HTTPStatus.OK:
            raise self._upstream.unexpected_response(response)
