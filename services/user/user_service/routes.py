"""The HTTP side of the user service."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Header, Response

from shop_shared import pagination, problems
from user_service.etags import demanded, etag, names
from user_service.model import NewUser, User, UserChange
from user_service.ports import EmailTaken, Users, UserUnknown, VersionPassed

log = structlog.get_logger(__name__)

Condition = Annotated[str | None, Header(max_length=256)]

_ETAG: dict[str, Any] = {"ETag": {"description": "The version of the user", "schema": {"type": "string"}}}


def router(users: Users) -> APIRouter:
    routes = APIRouter(prefix="/users", tags=["users"])

    @routes.get("")
    async def list_users(
        limit: pagination.Limit = pagination.DEFAULT_LIMIT, cursor: pagination.Cursor = None
    ) -> pagination.Page[User]:
        # One more than asked for tells whether there is a next page.
        found = await users.page(limit + 1, pagination.after(cursor))
        more = len(found) > limit
        items = found[:limit]
        return pagination.Page(items=items, next_cursor=pagination.encode(str(items[-1].user_id)) if more else None)

    @routes.post(
        "", status_code=HTTPStatus.CREATED, responses={201: {"headers": _ETAG}, **problems.openapi_responses(409)}
    )
    async def create_user(new: NewUser, response: Response) -> User:
        try:
            user = await users.add(new)
        except EmailTaken:
            raise _taken() from None
        log.info("user created", userId=str(user.user_id))
        response.headers["Location"] = f"/users/{user.user_id}"
        response.headers["ETag"] = etag(user.version)
        return user

    @routes.get(
        "/{userId}",
        response_model=User,
        responses={
            200: {"headers": _ETAG},
            304: {"description": "The caller has this version already", "headers": _ETAG},
            **problems.openapi_responses(404),
        },
    )
    async def read_user(
        userId: UUID,  # noqa: N803  (the article's name of the path parameter)
        response: Response,
        if_none_match: Condition = None,
    ) -> User | Response:
        user = await users.find(userId)
        if user is None:
            raise _unknown(userId)
        tag = etag(user.version)
        if names(if_none_match, user.version):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
        response.headers["ETag"] = tag
        return user

    @routes.patch("/{userId}", responses={200: {"headers": _ETAG}, **problems.openapi_responses(404, 409, 412)})
    async def change_user(
        userId: UUID,  # noqa: N803
        change: UserChange,
        response: Response,
        if_match: Condition = None,
    ) -> User:
        try:
            user = await users.change(userId, change, demanded(if_match))
        except UserUnknown:
            raise _unknown(userId) from None
        except VersionPassed:
            detail = "If-Match: the user has changed since that version; read it again and repeat the change"
            raise problems.Problem(HTTPStatus.PRECONDITION_FAILED, "version-passed", detail) from None
        except EmailTaken:
            raise _taken() from None
        # Which fields, not what is in them.
        log.info("user changed", userId=str(userId), fields=sorted(change.model_fields_set))
        response.headers["ETag"] = etag(user.version)
        return user

    return routes


def _taken() -> problems.Problem:
    return problems.conflict("email-taken", "email: another user has this address; use a different one")


def _unknown(user_id: UUID) -> problems.Problem:
    return problems.not_found("user-not-found", f"there is no user {user_id}")
