"""A customer of the shop: over HTTP, from outside the cluster, through the three services."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from runpy import run_path
from typing import Any

import httpx2

from .errors import DemoError
from .rendering import REPOSITORY

# Run and not imported: the gateway's package is on the path of tests, and not of this program.
SAMPLES = run_path(str(REPOSITORY / "services/gateway/gateway_service/storefront/samples.py"))["SAMPLES"]
STOCK, QUANTITY, PRICE = 10, 3, "12.50"
Json = dict[str, Any]


@dataclass(frozen=True)
class Sale:
    """What was made and what is left."""

    user: Json
    product: Json
    order: Json
    left: int


def buy(urls: Mapping[str, str]) -> Sale:
    """Create a user and a product, order some of it, and read back what was stored once the order is confirmed.

    `urls` are those of the three services, and of the gateway that signs tokens for them.

    Raises DemoError.
    """
    with httpx2.Client(timeout=15) as http:
        for name in ("user", "product", "order", "gateway"):
            _await_ready(http, name, urls[name])
        seller = bearer(urls["gateway"], "seller", "shop:catalogue")
        fill_the_shelves(http, f"{urls['product']}/products", seller)
        # a subject and an address may be used once, and the demo may be run often
        name = f"ada-{uuid.uuid4().hex[:8]}"
        teapot = {"name": "Teapot", "price": PRICE, "inventory": STOCK}
        product = _send(http, f"{urls['product']}/products", teapot, seller)
        http.headers.update(bearer(urls["gateway"], name))
        user = _send(http, f"{urls['user']}/users", {"name": "Ada", "email": f"{name}@example.com"})
        items = [{"productId": product["productId"], "quantity": QUANTITY}]
        once = {"Idempotency-Key": str(uuid.uuid4())}
        placed = _send(http, f"{urls['order']}/orders", {"customerId": user["userId"], "items": items}, once)
        order = _settled(http, f"{urls['order']}/orders/{placed['orderId']}")
        left = _read(http, f"{urls['product']}/products/{product['productId']}")["inventory"]
    if left != STOCK - QUANTITY:
        raise DemoError(f"the stock was {STOCK}, {QUANTITY} were ordered, and {left} are left: that does not add up")
    return Sale(user, product, order, left)


def bearer(gateway: str, subject: str, *scopes: str) -> dict[str, str]:
    """The Authorization header with a token of the gateway's local issuer. Raises DemoError."""
    asked = {"subject": subject, "scope": " ".join(scopes)}
    given = _json(httpx2.post(f"{gateway}/.well-known/token", data=asked, timeout=15))
    return {"authorization": f"Bearer {given['access_token']}"}


def fill_the_shelves(http: httpx2.Client, url: str, seller: Mapping[str, str]) -> None:
    """Add the storefront's samples to an empty shop, so that a visitor sees a catalogue and not one teapot."""
    if not _read(http, url)["items"]:
        for name, price, inventory in SAMPLES:
            _send(http, url, {"name": name, "price": price, "inventory": inventory}, seller)


def _await_ready(http: httpx2.Client, name: str, url: str) -> None:
    """A pod is Ready a moment before the node routes requests to it."""
    path = "/.well-known/jwks.json" if name == "gateway" else "/ready"  # its probes are on a port that no Service has
    deadline = time.monotonic() + 30
    said = ""
    while time.monotonic() < deadline:
        try:
            answer = http.get(f"{url}{path}")
        except httpx2.TransportError as error:
            said = f"{type(error).__name__} {error}"
        else:
            if answer.is_success:
                return
            said = f"HTTP {answer.status_code} {answer.text}"
        time.sleep(0.3)
    raise DemoError(
        f"the {name} service does not say that it is ready at {url}{path}: {said}; "
        f"look at kubectl describe msvc {name} -n shop"
    )


def _settled(http: httpx2.Client, url: str) -> Json:
    """The order once it is confirmed, which takes its way through the outbox, the topic and the queue."""
    deadline = time.monotonic() + 60
    while (order := _read(http, url))["status"] == "PENDING" and time.monotonic() < deadline:
        time.sleep(0.3)
    if order["status"] != "CONFIRMED":
        raise DemoError(
            f"the order at {url} is {order['status']} and was to be CONFIRMED: its event goes from the order service's "
            "outbox to the topic order-created and back by the queue order-events; look at "
            "kubectl logs -n shop -l app.kubernetes.io/name=order"
        )
    return order


def _send(http: httpx2.Client, url: str, body: Json, headers: Mapping[str, str] | None = None) -> Json:
    """Send it again, for half a minute, while the service says that it is unavailable: nothing was stored."""
    deadline = time.monotonic() + 30
    while True:
        answer = http.post(url, json=body, headers=headers)
        if answer.status_code != httpx2.codes.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
            return _json(answer)
        time.sleep(min(5.0, float(answer.headers.get("retry-after", 1))))


def _read(http: httpx2.Client, url: str) -> Json:
    return _json(http.get(url))


def _json(answer: httpx2.Response) -> Json:
    request = answer.request
    if not answer.is_success:
        raise DemoError(
            f"{request.method} {request.url} answered HTTP {answer.status_code}: {answer.text}; "
            "the logs of the service say why: kubectl logs -n shop -l app.kubernetes.io/name=NAME"
        )
    read: Json = answer.json()
    return read
