"""How long the shop remembers what may arrive again. The times of all services are here: they depend on each other.

An order's event may arrive again for as long as a message of it exists. SQS counts a message's age from its first
sending, also in the dead letter queue. A redrive sends the message again, so its age starts from zero.

    DEAD_LETTERS   the event waits in the queue, then in the dead letter queue
    DEAD_LETTERS   an administrator redrives it on the last day, and it becomes a dead letter again
    MARGIN         the administrator redrives it once more

Until then, the order service must recognize the event, and the product service must know how its reservation ended.
A test compares all of this.
"""

from datetime import timedelta

HELD_RESERVATIONS = timedelta(hours=1)
"""The longest time for which a buyer may hold goods."""
PENDING_ORDERS = timedelta(minutes=5)
"""The order service settles orders that are pending for longer: long before their goods are released."""
IDEMPOTENCY_KEYS = timedelta(days=1)

QUEUE = timedelta(days=4)
"""`spec.queues[].retention` of the order service: its default."""
DEAD_LETTERS = timedelta(days=14)
"""The operator gives this to every dead letter queue. It is the maximum of SQS."""
MARGIN = timedelta(days=2)

EVENTS = 2 * DEAD_LETTERS + MARGIN
"""No message of an event is older."""
HANDLED_EVENTS = EVENTS
"""How long the order service remembers that it handled an event."""
ENDED_RESERVATIONS = EVENTS
"""How long the product service remembers a confirmed or released reservation."""
CANCELLATION = timedelta(days=14)
"""Until when an order can be cancelled. Its reservation must still be known then, so that goods return only once."""
