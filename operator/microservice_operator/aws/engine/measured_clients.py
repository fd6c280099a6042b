"""Clients that remember each call with its duration and answer, for `microservice-operator conformance`."""

import time
from typing import Any

from botocore.exceptions import ClientError

from .call import Call, Measured
from .clients import Clients, Limits


class MeasuredClients(Clients):
    """The operator's clients; `calls` has every call that has ended, in order, and `parameters` only if `keep`."""

    def __init__(self, endpoint_url: str | None, limits: Limits | None = None, *, keep: bool = False) -> None:
        """Use AWS, or an emulator at `endpoint_url`; `keep` also remembers parameters and answers."""
        super().__init__(endpoint_url, limits=limits)
        self.calls: list[Measured] = []
        self._keep = keep

    async def call(self, call: Call) -> dict[str, Any]:
        """Make one call and return its answer.

        Raises what botocore raises.
        """
        begun, code, answer = time.perf_counter(), "Cancelled", {}
        try:
            answer = await super().call(call)
            code = "OK"
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "Unknown")
            answer = dict(error.response)
            raise
        except Exception as error:
            code = type(error).__name__
            raise
        finally:
            seconds = time.perf_counter() - begun
            kept = (dict(call.parameters), answer) if self._keep else ({}, {})
            self.calls.append(Measured(call.service, call.action, code, seconds, *kept))
        return answer
