"""Templates, and the headers of every page: pages load nothing from other sites, and caches store no page."""

from datetime import UTC, datetime
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse

from gateway_service.storefront.session import Visitor
from shop_shared import tracing

HERE = Path(__file__).parent
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
STATES = {
    "PENDING": ("wait", "Being confirmed"),
    "CONFIRMED": ("good", "Confirmed"),
    "CANCELLED": ("bad", "Cancelled"),
}

_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(
    template: str, visitor: Visitor, status: int = HTTPStatus.OK, *, refresh: int = 0, **shown: Any
) -> HTMLResponse:
    """Render a page. It reloads after `refresh` seconds, or never if `refresh` is 0."""
    text = _templates.get_template(template).render(
        **{"visitor": visitor, "refresh": refresh, "trace_id": tracing.trace_id(), **shown}
    )
    return HTMLResponse(text, status, HEADERS)


def see_other(path: str) -> RedirectResponse:
    """Redirect to another page."""
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)


def _money(amount: Decimal, currency: str = "") -> str:
    return f"{amount:,.2f} {currency}".rstrip()


def _when(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%-d %b %Y, %H:%M:%S UTC")


def _short(identifier: object) -> str:
    return str(identifier)[:8]


def _state(status: str) -> tuple[str, str]:
    return STATES.get(status, ("wait", status.capitalize()))


_templates.filters.update(money=_money, when=_when, short=_short, state=_state)
