"""PURE: a Microservice's settings for its OpenAPI document, and the document's text from a ConfigMap."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from ..api.routes import API, APIGateway, effective_auth
from ..errors import NeedsPerson
from ..facts import Reason
from .routes import Checks, Settings


def settings(spec: API, gateway: APIGateway | None, prefix: str = "") -> Settings:
    """Return the settings of a Microservice for its document; `prefix` is that of `path_prefix`."""
    auth = effective_auth(spec, gateway)
    checks = Checks.UNSAID if auth is None else Checks.TOKENS if auth.jwt else Checks.NOTHING
    return Settings(checks, spec.open_api.base_path, prefix, spec.allow_anonymous)


def path_prefix(gateway: APIGateway | None, namespace: str, name: str) -> str:
    """Return the path below which the routes of a Microservice must be: `/shop/order`; "" if there is none."""
    match gateway.path_prefix if gateway else None:
        case "Namespace":
            return f"/{namespace}"
        case "Microservice":
            return f"/{namespace}/{name}"
        case _:
            return ""


def document_text(config_map: Mapping[str, Any], name: str, key: str) -> str:
    """Return the text under a key of a ConfigMap; an empty mapping means that the ConfigMap does not exist.

    Raises NeedsPerson if the key is missing or its value is not text.
    """
    held = (config_map.get("data") or {}).get(key)
    raw = (config_map.get("binaryData") or {}).get(key)
    if held is None and raw is None:
        what = f"ConfigMap {name} has no key {key}" if config_map else f"ConfigMap {name} does not exist"
        raise NeedsPerson(Reason.INVALID_DOCUMENT, f"{what}; put the service's OpenAPI document there")
    try:
        return str(held) if held is not None else b64decode(raw or b"").decode()
    except ValueError:
        message = f"{key} of ConfigMap {name} is not UTF-8 text; save the OpenAPI document as UTF-8, and put it there"
        raise NeedsPerson(Reason.INVALID_DOCUMENT, message) from None
