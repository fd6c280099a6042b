"""Customers buy: one order through all three services, then more buyers than there is stock."""

import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import httpx2

from tests.tools.demo.shop import PRICE, QUANTITY, STOCK, bearer, buy

from .place import Place
from .stage import SHOP, Stage
from .stores import admin, dynamodb, secret, tables

BUYERS, OFFERED = 24, 16  # so few that no call of a slow machine times out


def test_an_order_goes_through_and_is_stored(stage: Stage, shop: Place) -> None:
    sale = buy(stage.urls)
    assert sale.left == STOCK - QUANTITY
    database = secret(shop.kubectl, SHOP, "order-orders-database")["database"]
    with admin(stage, database) as connection:
        stored = connection.execute(
            "SELECT customer_id::text, total_amount, quantity, unit_price FROM orders JOIN order_items USING (order_id)"
            " WHERE order_id = %s AND product_id = %s",
            (sale.order["orderId"], sale.product["productId"]),
        ).fetchall()
    assert stored == [(sale.user["userId"], Decimal(PRICE) * QUANTITY, QUANTITY, Decimal(PRICE))]
    assert _stock_in_dynamodb(stage, sale.product["productId"]) == STOCK - QUANTITY


def test_a_stock_makes_exactly_as_many_orders(stage: Stage, shop: Place) -> None:
    with httpx2.Client(timeout=30) as http:
        seller = bearer(stage.urls["gateway"], "seller", "shop:catalogue")
        product = _made(http.post(f"{stage.urls['product']}/products", json=_offer(), headers=seller))
        name = f"buyer-{uuid.uuid4().hex[:8]}"
        buyer, person = bearer(stage.urls["gateway"], name), {"name": "Grace", "email": f"{name}@example.com"}
        user = _made(http.post(f"{stage.urls['user']}/users", json=person, headers=buyer))
    items = [{"productId": product["productId"], "quantity": 1}]
    together = Barrier(BUYERS)

    def one_buyer(_: int) -> httpx2.Response:
        """Does as an overloaded shop asks: sends the same order again after `Retry-After`."""
        headers = {**buyer, "Idempotency-Key": str(uuid.uuid4())}
        order = {"customerId": user["userId"], "items": items}
        with httpx2.Client(timeout=120) as http:
            together.wait()
            for _ in range(5):
                answer = http.post(f"{stage.urls['order']}/orders", json=order, headers=headers)
                if "Retry-After" not in answer.headers:
                    break
                time.sleep(float(answer.headers["Retry-After"]))
        return answer

    with ThreadPoolExecutor(BUYERS) as buyers:
        answers = list(buyers.map(one_buyer, range(BUYERS)))

    refusals = [answer for answer in answers if answer.status_code != 201]
    responses = "\n".join(sorted({f"{answer.status_code} {answer.text}" for answer in refusals}))
    assert Counter(answer.status_code for answer in answers) == {201: OFFERED, 409: BUYERS - OFFERED}, responses
    assert {answer.json()["type"] for answer in refusals} == {"urn:shop:problem:out-of-stock"}, responses
    assert len({answer.json()["orderId"] for answer in answers if answer.status_code == 201}) == OFFERED
    assert _stock_in_dynamodb(stage, product["productId"]) == 0
    with admin(stage, secret(shop.kubectl, SHOP, "order-orders-database")["database"]) as connection:
        sold = connection.execute(
            "SELECT count(*), sum(quantity) FROM order_items WHERE product_id = %s", (product["productId"],)
        ).fetchone()
    assert sold == (OFFERED, OFFERED)


def _offer() -> dict[str, object]:
    return {"name": "Last chance", "price": "9.99", "inventory": OFFERED}


def _made(answer: httpx2.Response) -> dict[str, str]:
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


def _stock_in_dynamodb(stage: Stage, product: str) -> int:
    (table,) = [name for name in tables(stage, SHOP, "product") if "-products-" in name]
    item = dynamodb(stage).get_item(TableName=table, Key={"productId": {"S": product}}, ConsistentRead=True)["Item"]
    return int(item["inventory"]["N"])
