"""Choices are kept over pages and sign-in, errors are pages, and on a phone everything of an order is in sight."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.browser.conftest import Shop
from tests.browser.test_storefront import choose, goes_to, press, quantity, read, see, sign_up, stocked, text, wait

FILLERS = 26
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
BROWSER = {"accept": "text/html"}


@pytest.fixture(autouse=True)
def signed_out(browser: Chrome, shop: Shop) -> None:
    browser.get(f"{shop.gateway.url}/shop/status")
    browser.delete_all_cookies()


@pytest.fixture(scope="module")
def two_pages(browser: Chrome, shop: Shop) -> None:
    """The catalogue has more products than a page shows."""
    stocked(browser, shop)
    with httpx2.Client(timeout=60, trust_env=False) as http:
        staff = {"subject": "staff", "scope": "shop:catalogue"}
        token = http.post(f"{shop.gateway.url}/.well-known/token", data=staff).json()["access_token"]
        bearer = {"authorization": f"Bearer {token}"}
        for number in range(FILLERS):
            product = {"name": f"Bowl {number}", "price": "2.50", "inventory": 9}
            assert http.post(f"{shop.product.url}/products", json=product, headers=bearer).status_code == 201


@contextmanager
def on_a_phone(browser: Chrome) -> Iterator[None]:
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        yield
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def first_name(browser: Chrome) -> str:
    """Return the first product on the page that can be bought."""
    cards = browser.find_elements(By.CSS_SELECTOR, ".card:not(.gone) h2")
    return str(cards[0].text)


@pytest.mark.usefixtures("two_pages")
def test_choices_of_two_pages_become_one_order_after_signing_in(browser: Chrome, shop: Shop, screenshots: Path) -> None:
    browser.get(f"{shop.gateway.url}/shop")
    first = first_name(browser)
    choose(browser, first, "2")
    browser.execute_script("window.scrollTo(0, document.body.scrollHeight)")
    press(browser, "More products")
    goes_to(browser, "cursor=")
    assert first in read(browser, ".others")
    second = first_name(browser)
    assert second != first
    choose(browser, second, "1")
    assert read(browser, "#total").startswith("3 pieces · ")
    assert read(browser, "#total").endswith(" EUR")
    browser.save_screenshot(str(screenshots / "second-page.png"))

    press(browser, "Sign in to order")
    goes_to(browser, "/shop/sign-in")
    see(browser, "input[name=name]").send_keys("Ada Lovelace")
    see(browser, "input[name=email]").send_keys(f"{uuid4().hex[:12]}@example.com")
    press(browser, "Sign up")
    wait(browser, lambda driver: driver.current_url.endswith("/shop"))
    assert quantity(browser, first).get_attribute("value") == "2"
    press(browser, "Place order")
    goes_to(browser, "/shop/orders/")
    assert sorted(row.text.rsplit(" ", 3)[0] for row in browser.find_elements(By.CSS_SELECTOR, "tbody tr")) == sorted(
        [first, second]
    )
    press(browser, "Products")
    see(browser, ".card")
    assert read(browser, "#total") == "Nothing chosen yet"


def test_a_link_to_another_page_keeps_the_choices(browser: Chrome, shop: Shop) -> None:
    stocked(browser, shop)
    name = first_name(browser)
    choose(browser, name, "3")
    press(browser, "Behind the scenes")
    goes_to(browser, "/shop/status")
    press(browser, "Products")
    see(browser, ".card")
    assert quantity(browser, name).get_attribute("value") == "3"


@pytest.mark.usefixtures("two_pages")
def test_choices_are_kept_without_javascript(shop: Shop) -> None:
    with httpx2.Client(base_url=shop.gateway.url, timeout=60, trust_env=False, follow_redirects=True) as http:
        page = http.get("/shop").text
        product = page.partition('name="quantity-')[2].partition('"')[0]
        more = page.partition('value="/shop?cursor=')[2].partition('"')[0]
        second = http.post("/shop/basket", data={f"quantity-{product}": "2", "then": f"/shop?cursor={more}"})
        assert second.url.params["cursor"]
        assert "Also chosen" in second.text
        assert f'name="quantity-{product}"' in second.text
        signing_in = http.post("/shop/basket", data={f"quantity-{product}": "1", "then": "/shop/sign-in"})
        assert signing_in.url.path == "/shop/sign-in"
        person = {"name": "Grace", "email": f"{uuid4().hex[:12]}@example.com"}
        assert http.post("/shop/sign-in", data=person).url.path == "/shop"
        gone = http.post("/shop/basket", data={f"quantity-{uuid4()}": "1", "then": "/shop"})
        assert "Also chosen" not in gone.text
        assert http.post("/shop/orders", data={}).url.path.startswith("/shop/orders/")


def test_errors_are_pages(browser: Chrome, shop: Shop, screenshots: Path) -> None:
    for path in ("/shop/nothing", "/shop/orders/not-an-order", "/shop/static/nothing"):
        browser.get(f"{shop.gateway.url}{path}")
        assert "This page does not exist" in text(browser)
    browser.get(f"{shop.gateway.url}/shop/nothing")
    browser.save_screenshot(str(screenshots / "not-found.png"))
    press(browser, "Back to the products")
    wait(browser, lambda driver: driver.current_url.endswith("/shop"))
    with httpx2.Client(base_url=shop.gateway.url, timeout=60, trust_env=False) as http:
        long = http.post("/shop/basket", content=b"x" * 10_485_761, headers=BROWSER)
        assert (long.status_code, "That was too much to send" in long.text) == (413, True)
        foreign = http.post("/shop/samples", headers=BROWSER | {"origin": "https://evil.example"})
        assert foreign.status_code == 403
        icon = http.get("/favicon.ico", follow_redirects=True)
        assert icon.headers["content-type"] == "image/svg+xml"
        assert http.head("/shop").status_code == 200


def test_the_orders_on_a_phone_show_their_state(browser: Chrome, shop: Shop, screenshots: Path) -> None:
    stocked(browser, shop)
    sign_up(browser, shop)
    choose(browser, first_name(browser), "1")
    press(browser, "Place order")
    goes_to(browser, "/shop/orders/")
    with on_a_phone(browser):
        browser.get(f"{shop.gateway.url}/shop/orders")
        state = see(browser, "tbody .badge")
        browser.save_screenshot(str(screenshots / "phone-orders-light.png"))
        assert state.rect["x"] + state.rect["width"] <= PHONE["width"]
        table = browser.execute_script(
            "const box = document.querySelector('.sheet'); return box.scrollWidth - box.clientWidth"
        )
        assert table == 0
