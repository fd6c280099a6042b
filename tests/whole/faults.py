"""Injects faults into all services; each fault is answered in the format of its service."""

import json
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fakes.aws.gateway import gateway_refusal
from tests.fakes.aws.proxy import Answer, Call, Emulator, Layer, refusal, xml_refusal

DENIED = {
    "dynamodb": "AccessDeniedException",
    "ec2": "UnauthorizedOperation",
    "eks": "AccessDeniedException",
    "secretsmanager": "AccessDeniedException",
    "sns": "AuthorizationError",
    "sqs": "AccessDeniedException",
    "apigateway": "AccessDeniedException",
}
THROTTLED = {
    "dynamodb": "ThrottlingException",
    "ec2": "RequestLimitExceeded",
    "sns": "Throttled",
    "apigateway": "TooManyRequestsException",
    "eks": "ThrottlingException",
    "sqs": "RequestThrottled",
}


def says(call: Call, code: str, message: str, status: int) -> Answer:
    """A refusal in the service's own form ("Common Errors" of each API Reference)."""
    if call.service in ("dynamodb", "sqs", "secretsmanager"):
        return refusal(code, message, status)
    if call.service in ("eks", "apigateway"):
        return gateway_refusal(code, message, status)
    if call.service == "ec2":
        error = f"<Code>{code}</Code><Message>{message}</Message>"
        body = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>0</RequestID></Response>"
        return Answer(status, body.encode(), "text/xml")
    return xml_refusal(code, message, status)


def denied(call: Call) -> Answer:
    """The operator has no right to this."""
    code = DENIED.get(call.service, "AccessDenied")
    return says(call, code, f"User: operator is not authorized to perform: {call.action}", 403)


def broken(call: Call) -> Answer:
    """Something is wrong inside the service."""
    return says(call, "InternalFailure", "oops", 500)


def throttled(call: Call) -> Answer:
    """Too many calls."""
    return says(call, THROTTLED.get(call.service, "Throttling"), "Rate exceeded", 400)


def asked_for(call: Call) -> str:
    """What a call asks for: the same text for the same wish, without the token that is another one each time."""
    said = {key: value for key, value in call.body.items() if "token" not in key.lower()}
    return f"{call.service} {call.action} {said}"


Rule = Callable[[Call], Answer | None]


@dataclass
class Faults:
    """A layer before another: what `rule` answers is the answer, None lets the call through."""

    behind: Layer
    rule: Rule = lambda _call: None
    refused: list[Call] = field(default_factory=list)

    def __call__(self, call: Call, emulator: Emulator) -> Answer:
        answer = self.rule(call)
        if answer is None:
            return self.behind(call, emulator)
        self.refused.append(call)
        return answer


def at(site: tuple[str, str], answer: Callable[[Call], Answer]) -> Rule:
    """Each call of one site, for ever."""
    return lambda call: answer(call) if (call.service, call.action) == site else None


def once_each(answer: Callable[[Call], Answer]) -> Rule:
    """The first call of every site."""
    seen: set[tuple[str, str]] = set()

    def rule(call: Call) -> Answer | None:
        site = (call.service, call.action)
        if site in seen:
            return None
        seen.add(site)
        return answer(call)

    return rule


def share(percent: int, answer: Callable[[Call], Answer]) -> Rule:
    """So many of a hundred calls, in no order that calls in pairs could fall in step with."""
    drawn, lock = random.Random(percent), threading.Lock()

    def rule(call: Call) -> Answer | None:
        with lock:
            hit = drawn.randrange(100) < percent
        return answer(call) if hit else None

    return rule


@dataclass
class BlackHole:
    """A rule: calls of these services get no answer before `open`, and then a useless one."""

    services: frozenset[str]
    opened: threading.Event = field(default_factory=threading.Event)

    def __call__(self, call: Call) -> Answer | None:
        if call.service not in self.services or self.opened.is_set():
            return None
        self.opened.wait(60)
        return broken(call)


@dataclass
class Late:
    """A layer in front of another one: it repeats the answer to a read for some seconds, so reads are stale."""

    behind: Layer
    clock: Callable[[], float]
    seconds: float = 20.0
    _read: dict[str, tuple[float, Answer]] = field(default_factory=dict)

    def __call__(self, call: Call, emulator: Emulator) -> Answer:
        if call.service == "sts" or call.changes:
            return self.behind(call, emulator)
        asked = f"{call.service} {call.action} {json.dumps(call.body, sort_keys=True, default=str)}"
        since, answer = self._read.get(asked, (float("-inf"), None))
        if answer is None or self.clock() - since >= self.seconds:
            since, answer = self.clock(), self.behind(call, emulator)
            self._read[asked] = since, answer
        return answer
