"""The order-created event in SNS and SQS: the article's message, with an id and the trace in the attributes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel, Field

from order_service.model import Order

EVENT_ID = "eventId"
SOURCE = "order"
"""The queue's filter policy matches it, so the queue gets only this service's events, not those of other publishers."""
TRACEPARENT = "traceparent"


class NotAnEvent(Exception):
    """The message is not one of our events. Retrying does not help."""


@dataclass(frozen=True)
class Event:
    """An order was created."""

    event_id: UUID
    order_id: UUID
    body: str
    traceparent: str | None

    @property
    def attributes(self) -> dict[str, str]:
        trace = {TRACEPARENT: self.traceparent} if self.traceparent else {}
        return {EVENT_ID: str(self.event_id), "source": SOURCE, **trace}


def body(order: Order) -> str:
    """Return the article's message. Amounts are strings, as everywhere in the shop."""
    fields = order.model_dump(mode="json", by_alias=True)
    message = {
        "id": fields["orderId"],
        "customerId": fields["customerId"],
        "items": fields["items"],
        "total": fields["totalAmount"],
    }
    return json.dumps(message, separators=(",", ":"))


class _Body(BaseModel):
    id: UUID


class _Envelope(BaseModel):
    """The envelope that SNS adds to a message when raw delivery is off."""

    message: str = Field(alias="Message")
    attributes: dict[str, dict[str, str]] = Field(default={}, alias="MessageAttributes")


def parse(text: str, attributes: Mapping[str, str]) -> Event:
    """Parse an SQS message. Raises ``NotAnEvent``."""
    try:
        if EVENT_ID not in attributes:
            envelope = _Envelope.model_validate_json(text)
            text = envelope.message
            attributes = {name: attribute["Value"] for name, attribute in envelope.attributes.items()}
        return Event(
            event_id=UUID(attributes[EVENT_ID]),
            order_id=_Body.model_validate_json(text).id,
            body=text,
            traceparent=attributes.get(TRACEPARENT),
        )
    except (ValueError, KeyError) as error:
        raise NotAnEvent("not an order-created event: it needs an id in the body and the attribute eventId") from error
