"""Children, Jobs and pods with any content that the API server accepts get a status; nothing raises an exception.

The API server enforces types and required fields; everything else in them is what a controller, a kubelet, another
client or a tenant wrote. The examples start from the documented states and change, repeat and leave out values.
"""

import asyncio
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from microservice_operator.cluster.child_cache import Children
from microservice_operator.cluster.drift import drift
from microservice_operator.cluster.hardening import addition
from microservice_operator.desired import children as desired_children
from tests.unit.support.workloads import JUST_NOW, LONG_AGO, Object, Ownership, pod

from .test_status_of_children import ROWS

REQUIRED = {"metadata", "spec", "name", "namespace", "uid", "template", "kind", "apiVersion", "operation", "type"}
TIMES = (LONG_AGO, JUST_NOW, "2026-01-01T12:00:00.123456Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
TEXTS = ("", " ", "\u2028", "True", "Unknown", "x" * 5000, 'pods "a-1b-2c" is forbidden', "%s{}", "ünï\ncode", "[" * 99)
NUMBERS = (0, 1, -1, 2**31 - 1, -(2**31))


def changed(chance: random.Random, value: Any, name: str = "") -> Any:
    """The value with some of its leaves replaced by others of their type, and optional fields left out."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if key in REQUIRED or chance.random() > 0.08}
        return {key: item if key in ("namespace", "uid") else changed(chance, item, key) for key, item in kept.items()}
    if isinstance(value, list):
        items = [changed(chance, item, name) for item in value for _ in range(chance.choice((1, 1, 1, 1, 2)))]
        return [] if chance.random() < 0.05 else items
    if isinstance(value, bool):
        return value if chance.random() > 0.15 else not value
    if isinstance(value, int):
        return value if chance.random() > 0.15 else chance.choice(NUMBERS)
    if isinstance(value, str) and chance.random() < 0.15:
        is_time = name.endswith(("Time", "Timestamp", "At"))
        return value if name == "name" else chance.choice(TIMES if is_time else TEXTS)
    return value


@given(st.sampled_from([row.values[0] for row in ROWS]), st.randoms(use_true_random=False))
def test_states_of_children_and_pods(row: Any, chance: random.Random) -> None:
    statuses = {kind: changed(chance, status) for kind, status in row.statuses.items()}
    pods = tuple(changed(chance, each) for each in row.pods or (pod(),))
    observed = Ownership(row.spec, statuses, row.edits, pods)
    status = asyncio.run(observed.status())
    again = asyncio.run(observed.status(before=status))
    assert again == status
    assert all(condition["message"].strip() for condition in status["conditions"] if condition["type"] == "Ready")


@given(st.randoms(use_true_random=False))
def test_children_that_others_have_edited(chance: random.Random) -> None:
    service = Ownership({"databases": [], "autoscaling": {"maxReplicas": 4}}).of
    for child in desired_children(service):
        if child.body is None:
            continue
        edited: Object = changed(chance, {**child.body, "metadata": {**child.body["metadata"], "uid": "u"}})
        cache = Children(lambda _: None)
        cache.saw(child.kind, edited)
        cache.noticed(child.kind, edited)
        addition(child.kind, child.body, edited)
        drift(child.body, edited)
        cache.lost(child.kind, edited)
