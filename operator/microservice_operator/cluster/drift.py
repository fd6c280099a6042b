"""PURE: detects drift, a difference between a declared field and the observed one.

Only declared fields count. Fields that the server defaults, an autoscaler sets or a person adds are not ours; a
comparison of whole objects would cause fights over them. Values that the server rewrites when it stores them are
compared by meaning: quantities ("0.5" is stored as "500m") and empty values, which it leaves out.
"""

from decimal import Decimal, InvalidOperation
from typing import Any

from ..api.quantity import amount

# Strings and numbers below these keys are quantities.
QUANTITY_MAPS = frozenset({"requests", "limits"})
QUANTITIES = frozenset({"sizeLimit", "divisor", "averageValue", "tolerance"})
# Keys that identify an item of a list, the most specific first.
LIST_KEYS = ("mountPath", "uid", "containerPort", "port", "name", "key")


def drift(desired: Any, observed: Any, path: str = "") -> str:
    """Return the path of the first field that differs from the desired state, "" if there is none."""
    if isinstance(desired, dict):
        return _mapping_drift(desired, observed, path)
    if isinstance(desired, list):
        return _list_drift(desired, observed, path)
    if _same(desired, observed, path):
        return ""
    return path or "."


def _mapping_drift(desired: dict[str, Any], observed: Any, path: str) -> str:
    if observed is None:
        observed = {}
    if not isinstance(observed, dict):
        return path
    for key, value in desired.items():
        drifted = drift(value, observed.get(key), f"{path}.{key}")
        if drifted:
            return drifted
    return ""


def _list_drift(desired: list[Any], observed: Any, path: str) -> str:  # noqa: PLR0911 the first difference is the answer
    observed = observed or []
    if not isinstance(observed, list):
        return path
    key = next((k for k in LIST_KEYS if desired and all(isinstance(item, dict) and k in item for item in desired)), "")
    if key:
        theirs = {item.get(key): item for item in observed if isinstance(item, dict)}
        if len(theirs) == len(observed) and len({item[key] for item in desired}) == len(desired):
            for item in desired:
                if item[key] not in theirs:
                    return f"{path}[{item[key]}]"
                drifted = drift(item, theirs[item[key]], f"{path}[{item[key]}]")
                if drifted:
                    return drifted
            return ""
    if len(desired) != len(observed):
        return path
    for index, (ours, observed_item) in enumerate(zip(desired, observed, strict=True)):
        drifted = drift(ours, observed_item, f"{path}[{index}]")
        if drifted:
            return drifted
    return ""


def _same(desired: Any, observed: Any, path: str) -> bool:
    if desired == observed and type(desired) is type(observed):
        return True
    if observed is None and desired in (None, "", False, 0):
        return True
    keys = path.split(".")
    if keys[-1] in QUANTITIES or (len(keys) > 1 and keys[-2] in QUANTITY_MAPS):
        return _quantity(desired) == _quantity(observed) is not None
    return False


def _quantity(value: Any) -> Decimal | None:
    try:
        return amount(value)
    except (AttributeError, InvalidOperation):
        return None
