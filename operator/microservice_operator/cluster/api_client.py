"""Sends HTTP requests to the API server: credentials and TLS from the client library, bytes over one aiohttp session.

The library's typed models and serializer need three times the CPU of the request itself, so they are not used here.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import yaml
from kubernetes.aio import config as client_config
from kubernetes.aio.client import Configuration
from kubernetes.aio.client.rest import RESTClientObject

from .. import metrics, pending_calls
from ..errors import Gone, NeedsPerson, NotYet
from ..facts import Reason
from ..fence import Fenced, MayWrite, always, discard_late
from ..raw_objects import json_value

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

FORBIDDEN, NOT_FOUND, CONFLICT, GONE, INVALID, TOO_MANY = 403, 404, 409, 410, 422, 429
BAD_REQUEST, SERVER_ERROR = 400, 500
TERMINATING = "NamespaceTerminating"  # the cause of a refusal
OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
PAGE = "500"
PAGES = 2000
LONGEST_WAIT = 60.0  # seconds; a longer Retry-After is shortened to this


class ApiError(Exception):
    """An error answer of the API server, with its Status object."""

    def __init__(self, code: int, status: Mapping[str, Any], what: str) -> None:
        """Keep the HTTP code, the decoded Status and the description of the request."""
        self.code = code
        self.reason = str(status.get("reason", ""))
        self.message = str(status.get("message", "")) or f"HTTP {code}"
        self.causes = (status.get("details") or {}).get("causes") or []
        super().__init__(f"{what}: {self.message}")

    def expected(self) -> Exception:
        """Convert it to one of our errors, which are named after what happens next."""
        text = " ".join(str(self).split())
        if self.code == NOT_FOUND:
            return Gone(text)
        if self.code == FORBIDDEN and "exceeded quota" in self.message:
            return NeedsPerson(Reason.QUOTA_EXCEEDED, f"{text}; raise the quota or request less")
        if self.code == FORBIDDEN and any(cause.get("reason") == TERMINATING for cause in self.causes):
            return Gone(text)
        if self.code == FORBIDDEN and "is forbidden: User" in self.message:
            return NeedsPerson(Reason.FORBIDDEN, f"{text}; grant the verb to the operator's ClusterRole")
        if self.code in (FORBIDDEN, INVALID, BAD_REQUEST):
            return NeedsPerson(Reason.REJECTED, f"{text}; change the spec so that the API server accepts it")
        return NotYet(Reason.PROGRESSING, text, after=0.0)


async def configuration(context: str | None = None) -> Configuration:
    """Load the pod's service account, or else the kubeconfig's given or current context.

    Raises NeedsPerson if there are no credentials.
    """
    loaded = Configuration()
    files = os.environ.get("KUBECONFIG") or "~/.kube/config"
    in_pod = "KUBERNETES_SERVICE_HOST" in os.environ and context is None
    if not in_pod and not _exists(files):
        raise _no_connection(f"the kubeconfig {files} does not exist", "create it, or set KUBECONFIG to another file")
    try:
        if in_pod:
            client_config.load_incluster_config(client_configuration=loaded)
        else:
            await client_config.load_kube_config(files, context, client_configuration=loaded)
    except (client_config.ConfigException, OSError, yaml.YAMLError) as error:
        # A YAML error quotes the text around it, which may be a key.
        cause = "it is not YAML" if isinstance(error, yaml.YAMLError) else " ".join(str(error).split()).rstrip(".")
        remedy = f"check the kubeconfig {files}, or set KUBECONFIG to another file"
        raise _no_connection(cause, "mount the token of a ServiceAccount in this pod" if in_pod else remedy) from error
    return loaded


def _exists(files: str) -> bool:
    return any(Path(file).expanduser().is_file() for file in files.split(os.pathsep))


def _no_connection(cause: str, remedy: str) -> NeedsPerson:
    return NeedsPerson(Reason.FORBIDDEN, f"no connection to a cluster: {cause}; {remedy}")


def own_namespace() -> str:
    """Return the pod's namespace, or "" outside a pod."""
    try:
        return OWN_NAMESPACE.read_text("utf-8").strip()
    except OSError:
        return ""


class Connection:
    """One session with the API server; at most `limit` requests run concurrently, watches do not count."""

    def __init__(self, configured: Configuration, limit: int) -> None:
        """Create the session; must be called in the event loop."""
        self._configuration = configured
        self.may_write: MayWrite = always
        rest = RESTClientObject(configured)
        self._proxy = rest.proxy
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=rest.ssl_context, socket_factory=_socket),
            timeout=aiohttp.ClientTimeout(total=30, connect=5),
            read_bufsize=2**20,
            trace_configs=[self._fence()],
        )
        self._slots = asyncio.Semaphore(limit)

    def _fence(self) -> aiohttp.TraceConfig:
        """Check the write permission when a connection is there, and again when the body is about to be written.

        A connection may take seconds; from there to the body, a busy event loop, or a process that is stopped, may
        take as long. aiohttp sends the headers together with the body.
        """

        async def ask(_: aiohttp.ClientSession, context: Any, __: object) -> None:
            if context.trace_request_ctx:
                self.may_write()

        tracing = aiohttp.TraceConfig()
        tracing.on_connection_create_end.append(ask)
        tracing.on_connection_reuseconn.append(ask)
        tracing.on_request_chunk_sent.append(ask)  # called just before the chunk is sent
        return tracing

    async def close(self) -> None:
        """End the session."""
        await self._session.close()

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = JSON,
        fenced: bool = True,
    ) -> dict[str, Any]:
        """Send one request and return the decoded answer; if `fenced`, a write needs the write permission.

        Requests that are not fenced concern this permission itself, and do not wait for other requests.

        Raises ApiError if the server refuses, NotYet if it is unreachable or overloaded, and Fenced.
        """
        payload = None if body is None else orjson.dumps(body)
        async with self._slots if fenced else nullcontext():
            try:
                with pending_calls.waiting_in(f"Kubernetes {method} {path}"):
                    async with self._session.request(
                        method,
                        self._configuration.host + path,
                        params=query,
                        data=payload,
                        headers=await self._headers(content_type),
                        proxy=self._proxy,
                        trace_request_ctx=fenced and method != "GET",
                    ) as answer:
                        raw = await answer.read()
            except (TimeoutError, aiohttp.ClientError, OSError) as error:
                if isinstance(error.__cause__, Fenced):  # as aiohttp reports it from where the body is written
                    raise error.__cause__ from None
                _count(method, path, "error")
                message = f"the API server does not answer ({type(error).__name__})"
                raise NotYet(Reason.PROGRESSING, message, after=0.0) from error
        _count(method, path, str(answer.status))
        if answer.status < BAD_REQUEST:
            return _whole(raw)
        raise _refusal(answer, raw, f"{method} {path}")

    async def pages(self, path: str, query: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
        """Yield the pages of a list, so that only one is in memory; at least one.

        Raises what `send` raises, and NotYet if the list has no end.
        """
        narrowed = {"limit": PAGE, **query}
        for _ in range(PAGES):
            page = await self.send("GET", path, query=narrowed)
            yield page
            narrowed["continue"] = (page.get("metadata") or {}).get("continue") or ""
            if not narrowed["continue"]:
                return
        raise NotYet(Reason.PROGRESSING, f"the list of {path.rpartition('/')[2]} has no end after {PAGES} pages")

    @asynccontextmanager
    async def stream(self, path: str, query: Mapping[str, str], silence: float) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a watch and yield its lines.

        Raises TimeoutError if the server sends nothing, not even bookmarks, for `silence` seconds, and ApiError.
        """
        timeout = aiohttp.ClientTimeout(total=None, connect=5, sock_read=silence)
        async with self._session.get(
            self._configuration.host + path,
            params=query,
            headers=await self._headers(JSON),
            timeout=timeout,
            proxy=self._proxy,
        ) as answer:
            _count("WATCH", path, str(answer.status))
            if answer.status >= BAD_REQUEST:
                raise ApiError(answer.status, _decoded(await answer.read()), f"WATCH {path}")
            yield _lines(answer.content)

    async def _headers(self, content_type: str) -> dict[str, str]:
        headers = {"Content-Type": content_type, "Accept": JSON, "User-Agent": "microservice-operator"}
        # This also runs the library's hook that renews an expired token.
        settings: Mapping[str, Any] = await self._configuration.auth_settings()
        for setting in settings.values():
            if setting["in"] == "header" and setting["value"]:
                headers[setting["key"]] = setting["value"]
        return headers


def _socket(address: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, protocol, _, _ = address
    created = socket.socket(family, kind, protocol)
    discard_late(created)
    return created


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Yield lines of any length, because an object may exceed the reader's limit for one line."""
    pending = b""
    async for chunk in content.iter_any():
        *complete, pending = (pending + chunk).split(b"\n")
        for line in complete:
            if line:
                yield line


def _seconds(retry_after: str, now: datetime) -> float:
    """Parse Retry-After, in seconds or as a date (RFC 9110): a proxy in front of the API server may send either."""
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(retry_after) - now).total_seconds()
        except (ValueError, TypeError):
            seconds = 1.0
    return min(max(seconds, 0.0), LONGEST_WAIT) if seconds == seconds else 1.0  # noqa: PLR0124 "nan" is a float, too


def _refusal(answer: aiohttp.ClientResponse, raw: bytes, request: str) -> NotYet | ApiError:
    """Return the error for an answer that is not a success: NotYet if the server is overloaded, otherwise ApiError."""
    decoded: dict[str, Any] = _decoded(raw)
    if answer.status == TOO_MANY or answer.status >= SERVER_ERROR:
        after = _seconds(answer.headers.get("Retry-After", ""), datetime.now(UTC))
        return NotYet(Reason.PROGRESSING, f"the API server answers HTTP {answer.status}", after)
    return ApiError(answer.status, decoded, request)


def items(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the objects of a list; raise NotYet if the answer is not a list, because no list is no empty list."""
    if "items" not in answer:
        raise NotYet(Reason.PROGRESSING, "the API server's answer was not a list", after=0.0)
    return answer["items"] or []


def _whole(raw: bytes) -> dict[str, Any]:
    """Decode an object; raise NotYet if the answer is incomplete, because a proxy may have cut it off."""
    try:
        decoded = json_value(raw)
    except ValueError:
        decoded = None
    if not isinstance(decoded, dict):
        raise NotYet(Reason.PROGRESSING, "the API server's answer was incomplete", after=0.0)
    return decoded


def _decoded(raw: bytes) -> Any:
    try:
        return json_value(raw) if raw else {}
    except ValueError:
        return {"message": raw[:200].decode(errors="replace")}


def _count(method: str, path: str, code: str) -> None:
    parts = path.split("/")
    index = 3 if parts[1] == "api" else 4
    if len(parts) > index + 2 and parts[index] == "namespaces":
        index += 2
    resource = parts[index] + (f"/{parts[index + 2]}" if len(parts) > index + 2 else "")
    metrics.API_CALLS.labels(method, resource, code).inc()
