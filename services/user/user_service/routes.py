"""The HTTP API of the user service."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Header, Request, Response

from shop_shared import pagination, problems
from shop_shared.callers import ADMIN, AnyCaller, Caller, requires
from user_service.etags import etag, matches, required_versions
from user_service.model import NewUser, User, UserChange
from user_service.ports import EmailTaken, SubjectTaken, Users, UserUnknown, VersionPassed

log = structlog.get_logger(__name__)

Condition = Annotated[str | None, Header(max_length=256)]
RequiredVersion = Annotated[
    str | None,
    Header(
        max_length=256,
        description="The ETag of the version to change. Without this header, the change applies to any version: "
        "of two such changes to the same field, the later one counts",
    ),
]

_ETAG: dict[str, Any] = {"ETag": {"description": "The version of the user", "schema": {"type": "string"}}}


routes = APIRouter(prefix="/users", tags=["users"])


async def _users(request: Request) -> Users:
    users: Users = request.app.state.users
    return users


UserStore = Annotated[Users, Depends(_users)]


@routes.get("", dependencies=[requires(ADMIN)])
async def list_users(
    users: UserStore, limit: pagination.Limit = pagination.DEFAULT_LIMIT, cursor: pagination.Cursor = None
) -> pagination.Page[User]:
    # Reads one more user than requested, to know whether there is a next page.
    found = await users.page(limit + 1, pagination.after(cursor))
    more = len(found) > limit
    items = found[:limit]
    return pagination.Page(items=items, next_cursor=pagination.encode(str(items[-1].user_id)) if more else None)


@routes.post("", status_code=HTTPStatus.CREATED, responses={201: {"headers": _ETAG}, **problems.openapi_responses(409)})
async def create_user(new: NewUser, users: UserStore, caller: AnyCaller, response: Response) -> User:
    """Create the user of the caller. Each subject has at most one."""
    try:
        user = await users.add(new, caller.subject)
    except EmailTaken:
        raise _taken() from None
    except SubjectTaken:
        detail = "you already have a user; read it with GET /users/me and change it with PATCH"
        raise problems.conflict("user-exists", detail) from None
    log.info("user created", userId=str(user.user_id))
    response.headers["Location"] = f"/users/{user.user_id}"
    response.headers["ETag"] = etag(user.version)
    return user


@routes.get("/me", responses={200: {"headers": _ETAG}, **problems.openapi_responses(404)})
async def read_own_user(users: UserStore, caller: AnyCaller, response: Response) -> User:
    """Return the user of the caller."""
    user = await users.find_by_subject(caller.subject)
    if user is None:
        raise problems.not_found("user-not-found", "you have no user yet; create it with POST /users")
    response.headers["ETag"] = etag(user.version)
    return user


@routes.get(
    "/{userId}",
    response_model=User,
    responses={
        200: {"headers": _ETAG},
        304: {"description": "The caller already has this version", "headers": _ETAG},
        **problems.openapi_responses(404),
    },
)
async def read_user(
    userId: UUID,  # noqa: N803  (as in the article)
    users: UserStore,
    caller: AnyCaller,
    response: Response,
    if_none_match: Condition = None,
) -> User | Response:
    """Return a user. Users of others need the scope shop:admin."""
    user = await users.find(userId, _owner(caller))
    if user is None:
        raise _unknown(userId)
    tag = etag(user.version)
    if matches(if_none_match, user.version):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return user


@routes.patch("/{userId}", responses={200: {"headers": _ETAG}, **problems.openapi_responses(404, 409, 412)})
async def change_user(
    userId: UUID,  # noqa: N803
    users: UserStore,
    caller: AnyCaller,
    change: UserChange,
    response: Response,
    if_match: RequiredVersion = None,
) -> User:
    """Change a user. Users of others need the scope shop:admin."""
    try:
        user = await users.change(userId, _owner(caller), change, required_versions(if_match))
    except UserUnknown:
        raise _unknown(userId) from None
    except VersionPassed:
        detail = "If-Match: the user has changed since this version; read the user again and repeat the change"
        raise problems.Problem(HTTPStatus.PRECONDITION_FAILED, "version-passed", detail) from None
    except EmailTaken:
        raise _taken() from None
    # Only the names of the fields: their values are personal data.
    log.info("user changed", userId=str(userId), fields=sorted(change.model_fields_set))
    response.headers["ETag"] = etag(user.version)
    return user


def _owner(caller: Caller) -> str | None:
    """Return whose users the caller may see; ``None`` means all."""
    return None if caller.is_admin else caller.subject


def _taken() -> problems.Problem:
    return problems.conflict("email-taken", "email: another user has this address; use a different address")


def _unknown(user_id: UUID) -> problems.Problem:
    return problems.not_found("user-not-found", f"there is no user {user_id}")
