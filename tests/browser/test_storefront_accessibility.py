"""axe-core, which this project did not write, finds no violation on any page of the storefront."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome

from tests.browser.conftest import Shop
from tests.browser.test_storefront import choose, goes_to, press, see, sign_up, stocked
from tests.browser.test_storefront_choices import first_name
from tests.tools.npm import installed

DESKTOP = {"width": 1280, "height": 960, "deviceScaleFactor": 1, "mobile": False}
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
AXE = "axe.run(document).then(arguments[arguments.length - 1])"


@pytest.fixture(scope="module")
def axe() -> str:
    """The script of axe-core."""
    folder = installed(Path(__file__).parent / "axe")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pages(browser: Chrome, shop: Shop) -> dict[str, str]:
    """Every kind of page by its name; the customer is signed in and has an order."""
    stocked(browser, shop)
    sign_up(browser, shop)
    choose(browser, first_name(browser), "1")
    press(browser, "Place order")
    goes_to(browser, "/shop/orders/")
    order = browser.current_url
    shop_url = f"{shop.gateway.url}/shop"
    paths = {"products": "", "sign-in": "/sign-in", "orders": "/orders", "status": "/status", "not-found": "/nothing"}
    return {"order": order} | {name: shop_url + path for name, path in paths.items()}


@contextmanager
def seen_on(browser: Chrome, screen: dict[str, Any], scheme: str) -> Iterator[None]:
    preference = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", preference)
    try:
        yield
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def violations(browser: Chrome, axe: str) -> list[str]:
    """Return the rules that the page violates, with the elements."""
    browser.execute_script(axe)
    result = browser.execute_async_script(AXE)
    assert len(result["passes"]) > 10, "axe checked nothing"
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}: {[node['target'] for node in rule['nodes']]}"
        for rule in result["violations"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_page_violates_a_rule_of_axe(
    browser: Chrome, axe: str, pages: dict[str, str], screenshots: Path, screen: dict[str, Any], scheme: str
) -> None:
    browser.set_script_timeout(60)
    found: dict[str, list[str]] = {}
    with seen_on(browser, screen, scheme):
        for name, url in pages.items():
            browser.get(url)
            see(browser, "main")
            assert browser.execute_script(f"return matchMedia('(prefers-color-scheme: {scheme})').matches")
            browser.save_screenshot(str(screenshots / f"{name}-{screen['width']}-{scheme}.png"))
            found[name] = violations(browser, axe)
    assert found == {name: [] for name in pages}


def test_axe_finds_what_is_wrong(browser: Chrome, axe: str, pages: dict[str, str]) -> None:
    browser.get(pages["products"])
    see(browser, ".card")
    browser.execute_script("document.querySelector('.badge').style.cssText = 'color: #999; background: #eee'")
    assert [rule for rule in violations(browser, axe) if rule.startswith("color-contrast")]
