"""A proxy in front of the emulator: it injects faults, logs all calls, and asks the strict layer for AWS's answer."""

import http.client
import json
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.fakes.aws.protocols import access_key, rest_call, signed_for


@dataclass(frozen=True)
class Call:
    """One request as a client sent it: JSON, a form as it is written, or what a path, a query and a body say."""

    service: str  # as requests are signed for it: dynamodb, iam, sts, rds, sns, sqs, eks, apigateway
    action: str
    body: dict[str, Any]
    region: str = ""
    access_key: str = ""

    @property
    def changes(self) -> bool:
        """Whether it changes something."""
        return not self.action.startswith(("Assume", "Describe", "List", "Get", "Simulate"))


@dataclass(frozen=True)
class Answer:
    """One answer; JSON, or the bytes of a service that does not speak it."""

    status: int
    body: Any
    kind: str = "application/x-amz-json-1.0"
    query_error: str = ""  # the code before a service spoke JSON, and whose fault it is: `x-amzn-query-error`

    def encoded(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def refusal(code: str, message: str, status: int = 400) -> Answer:
    return Answer(status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message})


def xml_refusal(code: str, message: str, status: int = 400) -> Answer:
    """As services answer that take forms: IAM, RDS, SNS, STS."""
    error = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return Answer(status, f"{error}<RequestId>0</RequestId></ErrorResponse>".encode(), "text/xml")


SEEN: set[tuple[str, str]] = set()  # (service, action) of every call of this test run, which rights are held against


@dataclass
class Fault:
    """What happens to the next `times` calls of `action` ("*": of any).

    `drop-before` loses the request, `drop-after` commits and loses the answer, `hang` answers after ten seconds.
    """

    action: str
    effect: str | Answer
    times: int = 1_000_000


Emulator = Callable[[Call], Answer]
Layer = Callable[[Call, Emulator], Answer]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # a shop full of buyers comes at once

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing about a caller that was killed, or an emulator that has ended."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@dataclass
class Proxy:
    """Listens on loopback from `start` to `stop`; services that are not in `layers` use `layer`."""

    upstream: str
    layer: Layer
    layers: dict[str, Layer] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    seen: set[tuple[str, str]] = field(default_factory=lambda: SEEN)  # another set where callers are no operator
    verbatim: bool = False  # the emulator verifies signatures: pass calls that no layer changes on as they came

    @property
    def address(self) -> str:
        """Where it listens, after `start`."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = _Server((host, port), handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self.address

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def fault(self, call: Call) -> str | Answer:
        for fault in self.faults:
            if fault.action in (call.action, "*") and fault.times > 0:
                fault.times -= 1
                return fault.effect
        return ""

    def wait_for_faults(self) -> None:
        """Until each has happened as often as it was to."""
        while any(fault.times for fault in self.faults):
            time.sleep(0.01)

    def writes(self) -> list[str]:
        """Actions that change something, in order."""
        return [call.action for call in self.calls if call.changes]


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes, of which the second would wait for the client

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        call = replace(self._call(raw), access_key=access_key(self.headers.get("Authorization", "")))
        self.proxy.calls.append(call)
        self.proxy.seen.add((call.service, call.action))
        effect = self.proxy.fault(call)
        if isinstance(effect, Answer):
            self._reply(effect)
            return
        if effect == "hang":
            time.sleep(10)
        if effect != "drop-before":
            layer = self.proxy.layers.get(call.service, self.proxy.layer)
            answer = layer(call, lambda inner: self._forward(inner, raw, same=inner is call))
            if effect != "drop-after":
                self._reply(answer)
                return
        self.close_connection = True

    do_GET = do_PUT = do_PATCH = do_DELETE = do_POST  # noqa: N815 names of http.server

    def log_message(self, *_: object) -> None:
        """The log is `Proxy.calls`."""

    def _call(self, raw: bytes) -> Call:
        region, service = signed_for(self.headers.get("Authorization", ""))
        target = self.headers.get("X-Amz-Target")
        if target:
            return Call(service, target.rsplit(".", 1)[1], json.loads(raw), region)
        form = {key: values[0] for key, values in parse_qs(raw.decode(), keep_blank_values=True).items()}
        if "Action" in form:
            return Call(service, form["Action"], form, region)
        return Call(service, *rest_call(service, f"{self.command} {self.path}", raw), region)

    def _forward(self, call: Call, raw: bytes, *, same: bool) -> Answer:
        upstream = urlsplit(self.proxy.upstream)
        verbatim = same and self.proxy.verbatim
        dropped = ("content-length",) if verbatim else ("host", "content-length")
        headers = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
        target = self.headers.get("X-Amz-Target")
        if verbatim:
            headers["X-Forwarded-Proto"] = "https"  # AWS is called with TLS, and our queue policies deny anything else
        elif target:
            headers["X-Amz-Target"] = f"{target.rsplit('.', 1)[0]}.{call.action}"
            raw = json.dumps(call.body).encode()
        elif "Action" in call.body:
            raw = urlencode({**call.body, "Action": call.action}).encode()
        elif not same and call.service == "apigateway":
            raw = json.dumps(call.body).encode()
        with closing(http.client.HTTPConnection(upstream.hostname or "", upstream.port, timeout=30)) as connection:
            connection.request(self.command, self.path, raw, headers)
            answer = connection.getresponse()
            body = answer.read()
        kind = Answer.kind if target else answer.headers.get("Content-Type", "")
        query_error = answer.headers.get("x-amzn-query-error", "")
        return Answer(answer.status, json.loads(body) if target else body, kind, query_error)

    def _reply(self, answer: Answer) -> None:
        body = answer.encoded()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        if answer.query_error:
            self.send_header("x-amzn-query-error", answer.query_error)
        self.send_header("Content-Length", str(len(body)))
        try:
            self.end_headers()
            self.wfile.write(body)
        except ConnectionError:  # a caller that was killed meanwhile
            self.close_connection = True
