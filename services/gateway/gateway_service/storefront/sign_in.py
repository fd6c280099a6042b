"""Signing up, in and out: customers create an account or choose an existing one."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from pydantic import BaseModel
from starlette.responses import Response

from gateway_service.storefront.dependencies import (
    AdminShop,
    CurrentSessions,
    CurrentVisitor,
    NewCustomersShop,
)
from gateway_service.storefront.model import Customer
from gateway_service.storefront.rendering import page, see_other
from gateway_service.storefront.session import Visitor
from gateway_service.storefront.shop_client import ShopClient, ShopError

routes = APIRouter(include_in_schema=False)


class SignIn(BaseModel):
    """The form: an existing customer, or the fields of a new one."""

    customer_id: UUID | None = None
    name: str = ""
    email: str = ""

    @property
    def new(self) -> tuple[str, str]:
        """Name and e-mail address of a new customer."""
        return self.name, self.email


@routes.get("/shop/sign-in")
async def sign_in_form(shop: AdminShop, visitor: CurrentVisitor) -> Response:
    return await _sign_in_page(shop, visitor)


@routes.post("/shop/sign-in")
async def sign_in(
    shop: AdminShop,
    new: NewCustomersShop,
    visitor: CurrentVisitor,
    sessions: CurrentSessions,
    chosen: Annotated[SignIn, Form()],
) -> Response:
    try:
        customer = await _existing(shop, chosen.customer_id) if chosen.customer_id else await new.sign_up(*chosen.new)
    except ShopError as problem:
        return await _sign_in_page(shop, visitor, name=chosen.name, email=chosen.email, problem=problem)
    return sessions.sign_in(see_other("/shop"), customer)


@routes.post("/shop/sign-out")
async def sign_out(sessions: CurrentSessions) -> Response:
    return sessions.sign_out(see_other("/shop"))


async def _existing(shop: ShopClient, customer_id: UUID) -> Customer:
    customer = await shop.customer(customer_id)
    if not customer.subject:
        raise ShopError(HTTPStatus.CONFLICT, "this customer has no sign-in; sign up with another e-mail address")
    return customer


async def _sign_in_page(
    shop: ShopClient, visitor: Visitor, *, name: str = "", email: str = "", problem: ShopError | None = None
) -> Response:
    """Show the customers of the user service, and a form for a new one."""
    try:
        customers = tuple(customer for customer in (await shop.customers()).items if customer.subject)
    except ShopError:
        customers = ()  # the form still works, or shows its own error
    status = problem.status if problem else HTTPStatus.OK
    return page("sign_in.html", visitor, status, customers=customers, problem=problem, name=name, email=email)
