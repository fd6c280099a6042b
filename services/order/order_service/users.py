"""HTTP client of the user service."""

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
        except UpstreamUnavailable as outage:
            outage.in_doubt = False  # a read changes nothing
            raise
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise CustomerUnknown
        if response.status_code != HTTPStatus.OK:
            raise self._upstream.unexpected_response(response)
