"""Posts what happened in a reconciliation as Events on the Microservice, and logs it: Events are kept for an hour.

If an Event is lost, this is logged and does no harm.
"""

from datetime import UTC, datetime
from typing import Any

import structlog

from . import names
from .api.parsing import Identity
from .cluster.api_client import ApiError, Connection
from .cluster.kinds import EVENT, MICROSERVICE
from .errors import OperatorError
from .facts import Event

log = structlog.get_logger(__name__)

MESSAGE_LIMIT = 1024


async def post(connection: Connection, owner: Identity, event: Event) -> None:
    """Post one core/v1 Event on its Microservice."""
    tell = log.warning if event.type == "Warning" else log.info
    tell(event.message, reason=event.reason.value)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{owner.name}.", "namespace": owner.namespace},
        "involvedObject": {
            "apiVersion": MICROSERVICE.api_version,
            "kind": MICROSERVICE.kind,
            "namespace": owner.namespace,
            "name": owner.name,
            "uid": owner.uid,
        },
        "type": event.type,
        "reason": event.reason.value,
        "message": event.message[:MESSAGE_LIMIT],
        "source": {"component": names.FIELD_MANAGER},
        "reportingComponent": names.FIELD_MANAGER,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
    try:
        await connection.send("POST", EVENT.path(owner.namespace), body=body)
    except (ApiError, OperatorError) as error:
        log.info("cannot post event", reason=event.reason.value, error=str(error))
