"""Who comes in: customers sign up, or say who they are."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import Response

from gateway_service.entry import Entry
from gateway_service.storefront.rendering import page, to
from gateway_service.storefront.session import Sessions, Visitor
from gateway_service.storefront.shop import Refusal, Shop


def router(entry: Entry, sessions: Sessions) -> APIRouter:
    """Pages before there is a customer."""
    routes = APIRouter(include_in_schema=False)

    def shop() -> Shop:
        return Shop(entry, sessions.own_token())

    @routes.get("/shop/sign-in")
    async def who(request: Request) -> Response:
        return await _who(shop(), sessions.visitor(request))

    @routes.post("/shop/sign-in")
    async def sign_in(
        request: Request,
        customer_id: Annotated[UUID | None, Form()] = None,
        name: Annotated[str, Form()] = "",
        email: Annotated[str, Form()] = "",
    ) -> Response:
        try:
            known = await shop().customer(customer_id) if customer_id else None
            customer = known or await shop().sign_up(name, email)
        except Refusal as refusal:
            return await _who(shop(), sessions.visitor(request), (name, email), refusal)
        return sessions.sign_in(to("/shop"), str(customer.user_id), customer.name)

    @routes.post("/shop/sign-out")
    async def sign_out() -> Response:
        return sessions.sign_out(to("/shop"))

    return routes


async def _who(
    shop: Shop, visitor: Visitor, typed: tuple[str, str] = ("", ""), problem: Refusal | None = None
) -> Response:
    """Whoever is known to the user service, and a form for somebody new."""
    try:
        customers = (await shop.customers()).items
    except Refusal:
        customers = ()  # a new customer can still be made, or is told why not
    name, email = typed
    status = problem.status if problem else HTTPStatus.OK
    return page("sign_in.html", visitor, status, customers=customers, problem=problem, name=name, email=email)
