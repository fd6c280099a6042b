"""Signing up, in and out: customers create an account or choose an existing one."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.responses import Response

from gateway_service.storefront.dependencies import AnonymousShop, CurrentSessions, CurrentVisitor
from gateway_service.storefront.rendering import page, see_other
from gateway_service.storefront.session import Visitor
from gateway_service.storefront.shop_client import ShopClient, ShopError

routes = APIRouter(include_in_schema=False)


@routes.get("/shop/sign-in")
async def sign_in_form(shop: AnonymousShop, visitor: CurrentVisitor) -> Response:
    return await _sign_in_page(shop, visitor)


@routes.post("/shop/sign-in")
async def sign_in(
    shop: AnonymousShop,
    visitor: CurrentVisitor,
    sessions: CurrentSessions,
    customer_id: Annotated[UUID | None, Form()] = None,
    name: Annotated[str, Form()] = "",
    email: Annotated[str, Form()] = "",
) -> Response:
    try:
        existing = await shop.customer(customer_id) if customer_id else None
        customer = existing or await shop.sign_up(name, email)
    except ShopError as problem:
        return await _sign_in_page(shop, visitor, name=name, email=email, problem=problem)
    return sessions.sign_in(see_other("/shop"), str(customer.user_id), customer.name)


@routes.post("/shop/sign-out")
async def sign_out(sessions: CurrentSessions) -> Response:
    return sessions.sign_out(see_other("/shop"))


async def _sign_in_page(
    shop: ShopClient, visitor: Visitor, *, name: str = "", email: str = "", problem: ShopError | None = None
) -> Response:
    """Show the customers of the user service, and a form for a new one."""
    try:
        customers = (await shop.customers()).items
    except ShopError:
        customers = ()  # the form still works, or shows its own error
    status = problem.status if problem else HTTPStatus.OK
    return page("sign_in.html", visitor, status, customers=customers, problem=problem, name=name, email=email)
