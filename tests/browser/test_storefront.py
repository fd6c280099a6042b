"""A customer with a browser views products, signs up, orders, and sees the confirmation through topic and queue."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import httpx2
import pytest
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.conftest import Shop
from tests.services.shop_postgres import ShopPostgres

PATIENCE = 60
Seen = TypeVar("Seen")


@pytest.fixture(autouse=True)
def signed_out(browser: Chrome, shop: Shop) -> None:
    """Each test starts signed out."""
    browser.get(f"{shop.gateway.url}/shop/status")
    browser.delete_all_cookies()


def wait(browser: Chrome, what: Callable[[Chrome], Seen]) -> Seen:
    """Wait for a result. A page that updates itself may replace an element while the test reads it."""
    passing = (NoSuchElementException, StaleElementReferenceException)
    found: Seen = WebDriverWait(browser, PATIENCE, ignored_exceptions=passing).until(what)
    return found


def see(browser: Chrome, css: str) -> WebElement:
    return wait(browser, lambda driver: driver.find_element(By.CSS_SELECTOR, css))


def read(browser: Chrome, css: str) -> str:
    return wait(browser, lambda driver: driver.find_element(By.CSS_SELECTOR, css).text)


def lines(browser: Chrome, css: str) -> list[str]:
    """Return the text of each matching element, in one line."""
    return wait(browser, lambda driver: [e.text.replace("\n", " ") for e in driver.find_elements(By.CSS_SELECTOR, css)])


def press(browser: Chrome, text: str) -> None:
    see(browser, "body")
    browser.find_element(By.XPATH, f"//*[self::button or self::a][normalize-space()='{text}']").click()


def text(browser: Chrome) -> str:
    return read(browser, "main")


def goes_to(browser: Chrome, path: str) -> None:
    wait(browser, lambda driver: path in driver.current_url)


def sign_up(browser: Chrome, shop: Shop, name: str = "Ada Lovelace") -> None:
    browser.get(f"{shop.gateway.url}/shop/sign-in")
    see(browser, "input[name=name]").send_keys(name)
    see(browser, "input[name=email]").send_keys(f"{uuid4().hex[:12]}@example.com")
    press(browser, "Sign up")
    wait(browser, lambda driver: driver.current_url.endswith("/shop"))


def stocked(browser: Chrome, shop: Shop) -> None:
    browser.get(f"{shop.gateway.url}/shop")
    if "The shelves are empty" in text(browser):
        press(browser, "Add sample products")
        see(browser, ".card")


def quantity(browser: Chrome, product: str) -> WebElement:
    where = f"//li[.//h2[normalize-space()='{product}']]//input[@type='number']"
    return browser.find_element(By.XPATH, where)


def choose(browser: Chrome, product: str, count: str) -> None:
    field = quantity(browser, product)
    field.clear()
    field.send_keys(count)


def stock(browser: Chrome, product: str) -> int:
    return int(quantity(browser, product).get_attribute("max") or "")


def badge(browser: Chrome) -> str:
    css = "main .badge[data-status]"
    return wait(browser, lambda driver: driver.find_element(By.CSS_SELECTOR, css).get_attribute("data-status")) or ""


def test_an_order_is_placed_and_confirmed_through_topic_and_queue(
    browser: Chrome, shop: Shop, screenshots: Path
) -> None:
    browser.get(shop.gateway.url)
    goes_to(browser, "/shop")
    assert "The shelves are empty" in text(browser)
    browser.save_screenshot(str(screenshots / "empty.png"))
    stocked(browser, shop)
    sign_up(browser, shop)
    before = stock(browser, "Stoneware mug")

    choose(browser, "Stoneware mug", "3")
    choose(browser, "Reading chair", "1")
    assert read(browser, "#total") == "4 pieces · 291.60 EUR"
    browser.save_screenshot(str(screenshots / "products.png"))
    press(browser, "Place order")
    goes_to(browser, "/shop/orders/")
    order_id = browser.current_url.rpartition("/")[2]
    browser.save_screenshot(str(screenshots / "order-placed.png"))
    # the page updates itself without a reload
    wait(browser, lambda driver: badge(driver) != "PENDING")
    assert badge(browser) == "CONFIRMED"
    assert sorted(lines(browser, "tbody tr")) == ["Reading chair 1 249.00 249.00", "Stoneware mug 3 14.20 42.60"]
    assert read(browser, "tfoot") == "Total 291.60 EUR"
    browser.save_screenshot(str(screenshots / "order-confirmed.png"))

    press(browser, "Orders")
    see(browser, f"a[href='/shop/orders/{order_id}']")
    assert badge(browser) == "CONFIRMED"
    browser.save_screenshot(str(screenshots / "orders.png"))
    press(browser, "Products")
    see(browser, ".card")
    assert stock(browser, "Stoneware mug") == before - 3

    one_trace_holds_it_all(shop, order_id)


def one_trace_holds_it_all(shop: Shop, order_id: str) -> None:
    (created,) = [
        line for line in shop.order.log_lines if (line.get("orderId"), line["message"]) == (order_id, "order created")
    ]
    logged = shop.lines(created["traceId"])
    print(f"\ntrace {created['traceId']} of order {order_id}:")
    for service, messages in logged.items():
        print(f"  {service:8} {' · '.join(messages)}")
    assert created["total"] == "291.60"
    assert "request forwarded" in logged["gateway"]
    assert "request answered" in logged["user"]
    assert "request answered" in logged["product"]
    assert {"order created", "event published", "order confirmed"} <= set(logged["order"])


def test_the_status_page_shows_breakers_queues_and_routes(browser: Chrome, shop: Shop, screenshots: Path) -> None:
    stocked(browser, shop)
    sign_up(browser, shop)
    choose(browser, "Wall clock", "1")
    press(browser, "Place order")
    goes_to(browser, "/shop/orders/")
    press(browser, "Behind the scenes")
    for upstream in ("user", "product"):
        assert read(browser, f"[data-breaker={upstream}]") == "Closed: calls pass"
    figures = lines(browser, "[data-queue='order-events'] dt")
    assert figures == ["Waiting", "In flight", "Delayed", "Dead letters"]
    shown = lines(browser, "tbody tr")
    assert "POST /orders order.shop a token" in shown
    assert "GET /products product.shop nothing" in shown
    browser.save_screenshot(str(screenshots / "behind-the-scenes.png"))


def test_an_order_above_the_stock_is_rejected_with_a_message(browser: Chrome, shop: Shop, screenshots: Path) -> None:
    stocked(browser, shop)
    sign_up(browser, shop)
    before = stock(browser, "Linen apron")
    browser.execute_script("document.querySelectorAll('input[type=number]').forEach(field => field.max = 1000)")
    choose(browser, "Linen apron", str(before + 1))
    press(browser, "Place order")
    assert "There is not enough stock of a product that you chose" in read(browser, ".notice[role=alert]")
    assert "Linen apron" in read(browser, ".card.short")
    assert quantity(browser, "Linen apron").get_attribute("value") == str(before + 1)
    assert stock(browser, "Linen apron") == before
    browser.save_screenshot(str(screenshots / "refused.png"))


def test_the_form_sent_twice_is_one_order(browser: Chrome, shop: Shop) -> None:
    stocked(browser, shop)
    sign_up(browser, shop)
    choose(browser, "Wool blanket", "1")
    cookie = browser.get_cookie("shop_token")
    assert cookie
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/shop")
    name = quantity(browser, "Wool blanket").get_attribute("name") or ""
    form = {"key": see(browser, "input[name=key]").get_attribute("value") or "", name: "1"}
    with httpx2.Client(timeout=60, trust_env=False, cookies={"shop_token": cookie["value"]}) as http:
        answers = [http.post(f"{shop.gateway.url}/shop/orders", data=form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["location"] == answers[1].headers["location"]


def test_the_storefront_works_without_javascript(shop: Shop) -> None:
    """A client without scripts: forms, redirects, and pages that refresh themselves."""
    with httpx2.Client(base_url=shop.gateway.url, timeout=60, trust_env=False, follow_redirects=True) as http:
        http.post("/shop/samples")
        person = {"name": "Grace <b>Hopper</b>", "email": f"{uuid4().hex[:12]}@example.com"}
        products = http.post("/shop/sign-in", data=person)
        assert "Grace &lt;b&gt;Hopper" in products.text
        assert "default-src 'none'" in products.headers["content-security-policy"]
        name = products.text.partition('name="quantity-')[2].partition('"')[0]
        order = http.post("/shop/orders", data={f"quantity-{name}": "1"})
        assert order.url.path.startswith("/shop/orders/")
        assert ('http-equiv="refresh"' in order.text) == ('data-status="PENDING"' in order.text)
        nothing = http.post("/shop/orders", data={f"quantity-{name}": "0"})
        assert (nothing.status_code, "Nothing is chosen yet" in nothing.text) == (422, True)
        http.post("/shop/sign-out")
        http.post("/shop/sign-in", data={"name": "Eve", "email": f"{uuid4().hex[:12]}@example.com"})
        assert http.get(order.url.path).status_code == 404
        http.post("/shop/sign-out")
        assert http.get("/shop/orders").url.path == "/shop/sign-in"


def test_routes_require_tokens(shop: Shop) -> None:
    with httpx2.Client(base_url=shop.gateway.url, timeout=60, trust_env=False) as http:
        assert http.get("/products").status_code == 200
        for method, path in (
            ("GET", "/users"),
            ("POST", "/products"),
            ("POST", "/orders"),
            ("GET", f"/orders/{uuid4()}"),
        ):
            assert http.request(method, path).status_code == 401
        for scope, status in (("", 403), ("shop:admin", 200)):
            asked = {"subject": "me", "scope": scope}
            given = http.post("/.well-known/token", data=asked).json()["access_token"]
            assert http.get("/users", headers={"authorization": f"Bearer {given}"}).status_code == status


def test_samples_are_added_only_to_an_empty_shop(shop: Shop) -> None:
    with httpx2.Client(base_url=shop.gateway.url, timeout=60, trust_env=False) as http:
        for _ in range(2):
            assert http.post("/shop/samples").status_code == 303
        names = [item["name"] for item in http.get("/products?limit=100").json()["items"]]
        assert names
        assert len(names) == len(set(names))


def test_a_returning_customer_sees_their_orders(shop: Shop) -> None:
    with httpx2.Client(base_url=shop.gateway.url, timeout=60, trust_env=False, follow_redirects=True) as http:
        http.post("/shop/samples")
        email = f"{uuid4().hex[:12]}@example.com"
        products = http.post("/shop/sign-in", data={"name": "Mary", "email": email})
        name = products.text.partition('name="quantity-')[2].partition('"')[0]
        order = http.post("/shop/orders", data={f"quantity-{name}": "1"}).url.path
        http.post("/shop/sign-out")
        token = http.post("/.well-known/token", data={"subject": "me", "scope": "shop:admin"}).json()["access_token"]
        found: dict[str, str] = {}
        cursor: str | None = ""
        while cursor is not None:
            query = {"limit": "100", **({"cursor": cursor} if cursor else {})}
            page = http.get("/users", params=query, headers={"authorization": f"Bearer {token}"}).json()
            found |= {user["email"]: user["userId"] for user in page["items"]}
            cursor = page["nextCursor"]
        http.post("/shop/sign-in", data={"customer_id": found[email]})
        assert http.get(order).status_code == 200


def test_an_outage_is_shown_and_the_page_recovers(
    browser: Chrome, shop: Shop, postgres: ShopPostgres, screenshots: Path
) -> None:
    stocked(browser, shop)
    sign_up(browser, shop)
    postgres.run("ALTER DATABASE orders ALLOW_CONNECTIONS false")
    postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'orders'")
    try:
        press(browser, "Orders")
        alert = read(browser, ".notice[role=alert]")
        browser.save_screenshot(str(screenshots / "away.png"))
    finally:
        postgres.run("ALTER DATABASE orders ALLOW_CONNECTIONS true")
    assert "The shop cannot do this right now" in alert
    assert "A part of the shop does not answer" in alert
    assert "HTTP 503" in alert
    press(browser, "Try again")
    assert "No orders yet" in text(browser)
    browser.save_screenshot(str(screenshots / "no-orders.png"))


def test_pages_fit_a_phone_in_dark_mode(browser: Chrome, shop: Shop, screenshots: Path) -> None:
    stocked(browser, shop)
    sign_up(browser, shop)
    choose(browser, "Oak stool", "1")
    press(browser, "Place order")
    goes_to(browser, "/shop/orders/")
    pages = {"products": "", "orders": "/orders", "status": "/status", "sign-in": "/sign-in"}
    pages["order"] = browser.current_url.partition("/shop")[2]
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": dark})
    try:
        for name, page in pages.items():
            browser.get(f"{shop.gateway.url}/shop{page}")
            see(browser, "h1")
            browser.save_screenshot(str(screenshots / f"phone-{name}.png"))
            assert browser.execute_script("return document.documentElement.scrollWidth") <= 390, page
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
