"""The signed-in customer: a token in a cookie that scripts cannot read and that other sites cannot send."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from gateway_service.local_issuer import LIFETIME, LocalIssuer
from gateway_service.local_routes import token_for
from gateway_service.route_refresh import RouteRefresher
from gateway_service.storefront.model import Customer

COOKIE = "shop_token"
PATH = "/shop"
CUSTOMER_ID = "shop_customer_id"
"""Claim of the storefront's tokens. The services ignore it: they find the customer by the subject."""


@dataclass(frozen=True)
class Visitor:
    """The visitor of a page. Without a customer id, the visitor is not signed in."""

    customer_id: str = ""
    name: str = ""
    token: str = ""


class Sessions:
    """Issues tokens for customers, and for the storefront's own requests."""

    def __init__(self, issuer: LocalIssuer, refresher: RouteRefresher) -> None:
        """Tokens come from `issuer`, with the audiences and scopes that the routes require."""
        self._issuer = issuer
        self._refresher = refresher

    def visitor(self, request: Request) -> Visitor:
        """Return the visitor of a request. A token that is expired or from an earlier process does not count."""
        token = request.cookies.get(COOKIE, "")
        claims = self._issuer.claims(token) if token else None
        if not claims:
            return Visitor()
        return Visitor(str(claims.get(CUSTOMER_ID, "")), str(claims.get("name", "")), token)

    def own_token(self, *scopes: str) -> str:
        """Return a token of the storefront itself, for what it does without a customer."""
        return token_for("storefront", self._issuer, self._refresher, scopes)

    def customer_token(self, subject: str) -> str:
        """Return a token of a customer."""
        return token_for(subject, self._issuer, self._refresher)

    def sign_in(self, response: Response, customer: Customer) -> Response:
        """Set the cookie with the customer's token."""
        shown = {CUSTOMER_ID: str(customer.user_id), "name": customer.name}
        token = token_for(customer.subject or "", self._issuer, self._refresher, extra=shown)
        seconds = int(LIFETIME.total_seconds())
        # Not `secure`: the local gateway serves plain HTTP.
        response.set_cookie(COOKIE, token, max_age=seconds, path=PATH, httponly=True, samesite="lax")
        return response

    def sign_out(self, response: Response) -> Response:
        """Delete the cookie."""
        response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="lax")
        return response
