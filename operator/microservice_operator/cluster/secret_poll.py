"""Reads our Secrets by name, a few per second, to detect changes: the operator may neither list nor watch Secrets.

The right to list or watch Secrets is the right to read every Secret of the cluster, because RBAC does not know labels.
So the operator detects a Secret that was deleted or edited by hand by reading it (docs/decisions). The API server
answers from its watch cache (`resourceVersion=0`), so this costs no read of etcd.
"""

import asyncio

import structlog

from ..errors import NotYet
from .api_client import NOT_FOUND, ApiError, Connection
from .child_cache import Children
from .kinds import SECRET

log = structlog.get_logger(__name__)

SHORTEST = 5.0  # seconds between two reads of the same Secret while there are few
PER_SECOND = 10.0
ANSWER = 5.0  # seconds for one read: the Secrets of others wait for it


class SecretPoll:
    """The poll of a whole process; a difference requests a reconciliation of the owner."""

    def __init__(self, connection: Connection, children: Children, shortest: float = SHORTEST) -> None:
        """Read through `connection`, and record the Secrets in `children`.

        `shortest` is the shortest time between two reads of the same Secret, in seconds.
        """
        self._connection = connection
        self._children = children
        self._shortest = shortest

    async def run(self) -> None:
        """Read one Secret after the other until cancelled."""
        while True:
            secrets = self._children.secrets()
            pause = max(self._shortest, len(secrets) / PER_SECOND) / max(1, len(secrets))
            for namespace, name in secrets:
                await asyncio.sleep(pause)
                await self._look(namespace, name)
            if not secrets:
                await asyncio.sleep(self._shortest)

    async def _look(self, namespace: str, name: str) -> None:
        try:
            async with asyncio.timeout(ANSWER):
                secret = await self._connection.send(
                    "GET", SECRET.path(namespace, name), query={"resourceVersion": "0"}
                )
        except TimeoutError:
            waited = f"no answer within {ANSWER:.0f} seconds; retried automatically"
            log.warning("cannot read secret", namespace=namespace, secret=name, error=waited)
            return
        except NotYet:
            return  # the next round reads it again
        except ApiError as error:
            if error.code == NOT_FOUND:
                self._children.lost(SECRET.kind, {"metadata": {"namespace": namespace, "name": name}})
            else:
                log.warning("cannot read secret", namespace=namespace, secret=name, error=str(error))
            return
        self._children.noticed(SECRET.kind, secret)
