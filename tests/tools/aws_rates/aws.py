"""AWS on a moved clock: it counts calls, throttles those above a documented rate, and lets moto answer the rest."""

import asyncio
from array import array
from collections import Counter, defaultdict
from typing import Any

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError

from microservice_operator.aws.engine.call import READS, Call
from microservice_operator.aws.engine.clients import Clients
from microservice_operator.aws.engine.rate_limits import rate_limit

LATENCY = 0.05  # seconds of a call
PAGE = 25  # items of API Gateway on a page; the V2 API documents no number, REST APIs have 25 by default

Key = tuple[str, str]  # service, action


class AWS:
    """The account; one for several operator processes."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._clients: dict[str, Any] = {}
        self._answers: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        self._tokens: dict[str, tuple[float, float]] = {}
        self.times: defaultdict[Key, array[float]] = defaultdict(lambda: array("d"))
        self.compared: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))  # reads of a table's tags
        self.throttled: Counter[Key] = Counter()
        self.postponed: Counter[Key] = Counter()

    def forget_counts(self) -> None:
        for counts in (self.times, self.compared, self.throttled, self.postponed):
            counts.clear()

    async def answer(self, call: Call) -> dict[str, Any]:
        now, key = asyncio.get_running_loop().time(), (call.service, call.action)
        self.times[key].append(now)
        if not self._accepts(call, now):
            self.throttled[key] += 1
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, call.action)
        if call.action == "ListTagsOfResource":
            self.compared[call.parameters["ResourceArn"]].append(now)
        await asyncio.sleep(LATENCY)
        if not call.action.startswith(READS):
            self._answers[call.service].clear()
            return self._ask(call)
        parameters = {name: value for name, value in call.parameters.items() if name != "NextToken"}
        asked = f"{call.action} {sorted(parameters.items())}"
        answers = self._answers[call.service]
        if asked not in answers:
            try:
                answers[asked] = self._ask(Call(call.service, call.region, call.action, parameters))
            except ClientError as error:
                answers[asked] = error
        answer: dict[str, Any] | ClientError = answers[asked]
        if isinstance(answer, ClientError):
            raise answer
        return _page(answer, call) if call.service == "apigatewayv2" else answer

    def _accepts(self, call: Call, now: float) -> bool:
        limit = rate_limit(call.service, call.action)
        if limit is None:
            return True
        tokens, at = self._tokens.get(limit.bucket, (limit.burst, now))
        tokens = min(limit.burst, tokens + (now - at) * limit.per_second)
        accepted = tokens >= 1
        self._tokens[limit.bucket] = (tokens - accepted, now)
        return accepted

    def _ask(self, call: Call) -> dict[str, Any]:
        if call.action == "GetAuthorizers":  # moto does not list them, and there are none
            return {"Items": []}
        if call.service not in self._clients:
            self._clients[call.service] = boto3.client(call.service, region_name=self._region)  # type: ignore[call-overload]
        answer: dict[str, Any] = getattr(self._clients[call.service], xform_name(call.action))(**call.parameters)
        return answer


class Process(Clients):
    """The clients of one operator process, whose calls reach the account without a network."""

    def __init__(self, aws: AWS) -> None:
        super().__init__(None, self._count)
        self._aws = aws

    def _count(self, service: str, action: str, code: str) -> None:
        if code == "RateLimited":
            self._aws.postponed[service, action] += 1

    async def _send(self, call: Call) -> dict[str, Any]:
        return await self._aws.answer(call)


def _page(answer: dict[str, Any], call: Call) -> dict[str, Any]:
    if "Items" not in answer:
        return answer
    start = int(call.parameters.get("NextToken", 0))
    following = {"NextToken": str(start + PAGE)} if len(answer["Items"]) > start + PAGE else {}
    return {"Items": answer["Items"][start : start + PAGE], **following}
