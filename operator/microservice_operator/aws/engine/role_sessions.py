"""Assumes the roles of Environments and keeps their sessions valid.

A session is renewed in the background before it ends. botocore's own refresh would run in the thread of whichever call
comes first, with the threads of its service waiting, and its error would look like one of that call.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import botocore.session
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader
from botocore.parsers import ResponseParserError

from ... import pending_calls
from ...errors import Gone, NeedsPerson, NotYet, OperatorError
from ...facts import Reason
from .call import AssumedRole, Call
from .errors import DENIED, AWSError, classify_error, one_line

ACTION = "sts:AssumeRole"
# "AssumeRole" in the AWS STS API Reference: a role that assumes another one (role chaining) gets an hour at most, and
# every role allows an hour.
LIFETIME = 3600
RENEWED = 900.0  # seconds before the end, as botocore's `_advisory_refresh_timeout`
SPARE = 120.0  # seconds that a call may need: it waits for its rate, a thread, and two attempts
AGAIN = 10.0  # seconds after a failure, for which all callers get the same answer
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}

Key = tuple[AssumedRole, str]
Send = Callable[[Call], Awaitable[Mapping[str, Any]]]


class _SessionCredentials(Credentials):
    """The current credentials of a session; a client reads them before each request, from its thread."""

    def __init__(self) -> None:
        super().__init__("", "", method="assume-role")
        self.current = ReadOnlyCredentials("", "", "")

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return key, secret and token of one session, never of two."""
        return self.current

    def load_credentials(self) -> Credentials:
        """Return itself, as botocore asks its `credential_provider`."""
        return self


@dataclass
class _Session:
    """A role in one region; `ends` and `failed` are times of the clock, `error` is that of the last attempt."""

    credentials: _SessionCredentials = field(default_factory=_SessionCredentials)
    ends: float = float("-inf")
    failed: float = float("-inf")
    error: Exception | None = None
    task: asyncio.Task[None] | None = None


class RoleSessions:
    """The sessions of all roles, each in the region that uses it; one object for the whole process and event loop."""

    def __init__(self, send: Send, loader: Loader, clock: Callable[[], float] = time.monotonic) -> None:
        """Assume roles through `send`, with the operator's own credentials; `loader` keeps the models of services."""
        self._send = send
        self._clock = clock
        self._sessions: dict[Key, _Session] = {}
        self.loader = loader

    async def ready(self, role: AssumedRole, region: str) -> None:
        """Return once the role's credentials are valid long enough for one call.

        Raises NeedsPerson or NotYet if the operator cannot assume the role; never Gone.
        """
        session = self._session(role, region)
        left = session.ends - self._clock()
        if left > RENEWED:
            return
        if self._clock() - session.failed >= AGAIN and (session.task is None or session.task.done()):
            session.task = asyncio.create_task(self._renew(session, role, region))
        if left > SPARE:
            return
        if session.task and not session.task.done():
            with pending_calls.waiting_in(ACTION):
                await asyncio.shield(session.task)  # a cancelled caller does not cancel it for the others
        if isinstance(session.error, AWSError):
            raise _refused(session.error, role) from None
        if session.error:
            raise session.error

    def forget(self, role: AssumedRole, region: str, code: str) -> None:
        """Assume the role again before the next call if AWS's error `code` says that the session is not valid.

        A session that has just begun is kept: another one would be no better.
        """
        session = self._session(role, region)
        if code in _EXPIRED and self._clock() - (session.ends - LIFETIME) >= AGAIN:
            session.ends = float("-inf")

    def botocore_session(self, role: AssumedRole, region: str) -> Any:
        """Return a new session of botocore whose clients have the role's current credentials."""
        session = botocore.session.Session()
        session.register_component("data_loader", self.loader)
        session.register_component("credential_provider", self._session(role, region).credentials)
        return session

    def _session(self, role: AssumedRole, region: str) -> _Session:
        return self._sessions.setdefault((role, region), _Session())

    async def _renew(self, session: _Session, role: AssumedRole, region: str) -> None:
        """Assume the role; an error is remembered, because nobody may wait for it."""
        external = {"ExternalId": role.external_id} if role.external_id else {}
        request = {"RoleArn": role.arn, "RoleSessionName": role.session, "DurationSeconds": LIFETIME, **external}
        begun = self._clock()
        try:
            answer = (await self._send(Call("sts", region, "AssumeRole", request))).get("Credentials") or {}
            current = tuple(answer.get(name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
            if not all(current):
                raise NotYet(Reason.AWS_UNAVAILABLE, f"STS answers {ACTION} of role {role.arn} without credentials")  # noqa: TRY301 handled as any other failure
        except Exception as error:  # noqa: BLE001 whoever waits for the session raises it
            session.error, session.failed = error, self._clock()
            return
        session.credentials.current = ReadOnlyCredentials(*current)
        session.ends, session.error = begun + LIFETIME, None


def _refused(error: ClientError | BotoCoreError | ResponseParserError, role: AssumedRole) -> OperatorError:
    """Map the error of AssumeRole; it says nothing about any resource."""
    target = f"role {role.arn} (spec.aws.roleARN of the Environment)"
    known = classify_error(error, ACTION, target)
    if isinstance(known, Gone):
        return NotYet(Reason.AWS_UNAVAILABLE, f"AWS does not find {target} for {ACTION}", 60)
    answer = error.response.get("Error", {}) if isinstance(error, ClientError) else {}
    if answer.get("Code") in DENIED:
        message = one_line(answer.get("Message")) or answer["Code"]
        return NeedsPerson(Reason.ASSUME_ROLE_REFUSED, f"{_denied(role)}: {message}")
    return known


def _denied(role: AssumedRole) -> str:
    external = (
        "its spec.aws.externalID" if role.external_id else "no external ID, because spec.aws.externalID is not set"
    )
    return (
        f"AWS does not let the operator assume role {role.arn}, which spec.aws.roleARN of the Environment names; allow "
        f"{ACTION} and sts:TagSession on it in the policy of the operator's role, and let its trust policy accept both "
        f"from that role with {external}"
    )
