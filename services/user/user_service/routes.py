"""The HTTP side of the user service."""

from http import HTTPStatus
from uuid import UUID

import structlog
from fastapi import APIRouter, Response

from shop_shared import problems
from user_service.model import NewUser, User
from user_service.ports import EmailTaken, Users

log = structlog.get_logger(__name__)


def router(users: Users) -> APIRouter:
    routes = APIRouter(prefix="/users", tags=["users"])

    @routes.post("", status_code=HTTPStatus.CREATED)
    async def create_user(new: NewUser, response: Response) -> User:
        try:
            user = await users.add(new)
        except EmailTaken:
            detail = "email: another user has this address; use a different one"
            raise problems.conflict("email-taken", detail) from None
        log.info("user created", userId=str(user.user_id))
        response.headers["Location"] = f"/users/{user.user_id}"
        return user

    @routes.get("/{userId}")
    async def read_user(userId: UUID) -> User:  # noqa: N803  (the article's name of the path parameter)
        user = await users.find(userId)
        if user is None:
            raise problems.not_found("user-not-found", f"there is no user {userId}")
        return user

    return routes
