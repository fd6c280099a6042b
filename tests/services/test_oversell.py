"""No overselling: no order exceeds the stock, and no goods are lost."""

import asyncio
from collections import Counter

from tests.services.customer import Customer


async def test_64_buyers_of_50_pieces_give_50_orders_and_14_refusals(customer: Customer) -> None:
    product_id = await customer.product(inventory=50)
    buyers = [await customer.sign_up() for _ in range(4)]

    answers = await asyncio.gather(*(customer.order(buyers[i % 4], (product_id, 1)) for i in range(64)))

    assert Counter(answer.status_code for answer in answers) == {201: 50, 409: 14}
    refusals = [answer.json() for answer in answers if answer.status_code == 409]
    assert {refusal["type"] for refusal in refusals} == {"urn:shop:problem:out-of-stock"}
    assert len({answer.json()["orderId"] for answer in answers if answer.status_code == 201}) == 50
    assert await customer.stock(product_id) == 0


async def test_orders_for_several_pieces_leave_the_remainder(customer: Customer) -> None:
    product_id = await customer.product(inventory=10)
    buyer = await customer.sign_up()

    answers = await asyncio.gather(*(customer.order(buyer, (product_id, 3)) for _ in range(8)))

    assert Counter(answer.status_code for answer in answers) == {201: 3, 409: 5}
    assert await customer.stock(product_id) == 1


async def test_buyers_who_need_two_products_do_not_keep_the_one_they_got(customer: Customer) -> None:
    plenty, scarce = await customer.product(inventory=100), await customer.product(inventory=5)
    buyer = await customer.sign_up()

    answers = await asyncio.gather(*(customer.order(buyer, (plenty, 1), (scarce, 1)) for _ in range(16)))

    assert Counter(answer.status_code for answer in answers) == {201: 5, 409: 11}
    assert await customer.stock(plenty) == 95
    assert await customer.stock(scarce) == 0
