"""Who is signed in: a token of the local issuer in a cookie, which scripts cannot read and other sites cannot send."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from gateway_service.apis import APIs
from gateway_service.local_issuer import LIFETIME, LocalIssuer
from gateway_service.local_routes import token_for

COOKIE = "shop_token"
PATH = "/shop"


@dataclass(frozen=True)
class Visitor:
    """Somebody who looks at a page; without a customer id, nobody we know."""

    customer_id: str = ""
    name: str = ""
    token: str = ""


class Sessions:
    """Gives tokens to customers, and to the storefront itself for what it shows to everybody."""

    def __init__(self, issuer: LocalIssuer, apis: APIs) -> None:
        """The tokens are of this issuer, for what the routes ask for."""
        self._issuer = issuer
        self._apis = apis

    def visitor(self, request: Request) -> Visitor:
        """Who sends a request; a token that is over, or of a former process, is nobody's."""
        token = request.cookies.get(COOKIE, "")
        claims = self._issuer.claims(token) if token else None
        return Visitor(str(claims["sub"]), str(claims.get("name", "")), token) if claims else Visitor()

    def own_token(self) -> str:
        """A token for what nobody has to be signed in for."""
        return token_for("storefront", self._issuer, self._apis)

    def sign_in(self, response: Response, customer_id: str, name: str) -> Response:
        """Put the customer's token into the answer."""
        token = token_for(customer_id, self._issuer, self._apis, name)
        seconds = int(LIFETIME.total_seconds())
        # Not `secure`: the gateway of a laptop speaks plain HTTP.
        response.set_cookie(COOKIE, token, max_age=seconds, path=PATH, httponly=True, samesite="lax")
        return response

    def sign_out(self, response: Response) -> Response:
        """Take it away again."""
        response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="lax")
        return response
