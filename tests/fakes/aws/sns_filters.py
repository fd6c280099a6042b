"""What SNS refuses of a filter policy, with the texts that `tests/aws/facts.yaml` has of AWS.

"Subscription filter policy constraints" of the Developer Guide: five keys, 150 combinations; of bodies nested keys.
"""

import json
from math import prod
from typing import Any

from tests.fakes.aws.proxy import Answer, xml_refusal

MOST_KEYS, MOST_COMBINATIONS = 5, 150
SCOPES = ("MessageAttributes", "MessageBody")


def refused_filter(attributes: dict[str, str], said: str = "") -> Answer | None:
    """`said` is what stands before the text: Subscribe says that it is about attributes."""
    scope = attributes.get("FilterPolicyScope", SCOPES[0])
    if scope not in SCOPES:
        text = f"FilterPolicyScope: Invalid value [{scope}]. Please use either MessageBody or MessageAttributes"
        return invalid(said + text)
    try:
        policy = json.loads(attributes.get("FilterPolicy") or "{}")
    except ValueError:
        return invalid(f"{said}FilterPolicy: failed to parse JSON.")
    if scope == SCOPES[0] and any(isinstance(value, dict) for value in policy.values()):
        return invalid(f"{said}Filter policy scope {scope} does not support nested filter policy")
    wrong = _wrong(policy)
    return invalid(f"{said}FilterPolicy: {wrong}") if wrong else None


def _wrong(policy: dict[str, Any]) -> str:
    combinations = _combinations(policy, 1)
    if len(policy) > MOST_KEYS:
        return f"Filter policy can not have more than {MOST_KEYS} keys"
    if prod(combinations) > MOST_COMBINATIONS:
        return "Filter policy is too complex"
    return "Empty arrays are not allowed" if 0 in combinations else ""


def invalid(what: str) -> Answer:
    return xml_refusal("InvalidParameter", f"Invalid parameter: {what}")


def _combinations(policy: dict[str, Any], depth: int) -> list[int]:
    """Each list counts as often as it has values, for each key above it."""
    found = []
    for value in policy.values():
        if isinstance(value, dict):
            found += _combinations(value, depth + 1)
        elif isinstance(value, list):
            found.append(len(value) * depth)
    return found
