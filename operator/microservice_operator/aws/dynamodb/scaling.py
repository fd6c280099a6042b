"""PURE: what may move the capacity of a table and its indexes, and within which bounds.

"Managing throughput capacity automatically" in the DynamoDB Developer Guide: each kind of capacity of a table and of
each index is a scalable target of its own, with a policy that holds the utilization at a target value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..engine.decide import Step
from ..engine.rules import Bounds, Change, Outcome

UTILIZATION = 70.0  # per cent: what the DynamoDB console proposes; AWS takes 20 to 90
READ, WRITE = "Read", "Write"


@dataclass(frozen=True, order=True)
class Target:
    """One kind of capacity of one index, or of the table itself where `index` is ""."""

    index: str
    units: str

    def __str__(self) -> str:
        """As a sentence has it."""
        return f"{self.units.lower()} capacity" + (f" of index {self.index}" if self.index else "")

    def request(self, table: str) -> dict[str, str]:
        """How AWS names it."""
        kind = "index" if self.index else "table"
        return {
            "ServiceNamespace": "dynamodb",
            "ResourceId": resource_id(table, self.index),
            "ScalableDimension": f"dynamodb:{kind}:{self.units}CapacityUnits",
        }

    @property
    def metric(self) -> str:
        """The metric that its policy follows."""
        return f"DynamoDB{self.units}CapacityUtilization"


@dataclass(frozen=True)
class Tracked:
    """The policy that follows the utilization; `name` is how AWS knows it, and no difference."""

    value: float
    name: str = ""


def resource_id(table: str, index: str = "") -> str:
    """What AWS calls a table, or an index of it, where capacity is scaled."""
    return f"table/{table}/index/{index}" if index else f"table/{table}"


def desired_targets(capacity: tuple[Bounds, Bounds] | None, indexes: Iterable[str]) -> dict[Target, Bounds]:
    """Everything that AWS may move; what has one value only needs nobody to move it."""
    if capacity is None:
        return {}
    found = {
        Target(index, units): bounds
        for index in ("", *indexes)
        for units, bounds in zip((READ, WRITE), capacity, strict=True)
    }
    return {target: bounds for target, bounds in found.items() if bounds.low < bounds.high}


def observed_targets(described: Iterable[Mapping[str, Any]]) -> dict[Target, Bounds]:
    """Scalable targets of a table and its indexes as AWS describes them."""
    return {target_of(item): Bounds(item["MinCapacity"], item["MaxCapacity"]) for item in described}


def observed_policies(described: Iterable[Mapping[str, Any]]) -> dict[Target, Tracked]:
    """Policies that follow the utilization; there is one at most for each target, whatever its name."""
    found = {}
    for item in described:
        target, policy = target_of(item), item.get("TargetTrackingScalingPolicyConfiguration", {})
        if policy.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType") == target.metric:
            found[target] = Tracked(policy["TargetValue"], item["PolicyName"])
    return found


def target_of(item: Mapping[str, Any]) -> Target:
    """The target that a target or a policy of AWS is about."""
    index = item["ResourceId"].partition("/index/")[2]
    units = item["ScalableDimension"].rpartition(":")[2].removesuffix("CapacityUnits")
    return Target(index, units)


def unscaled(desired: Mapping[Target, Bounds], observed: Mapping[Target, Bounds]) -> Outcome:
    """One that is not wanted any more goes, its policy with it."""
    surplus = sorted(observed.keys() - desired.keys())
    return Change(surplus[0], f"scaling {surplus[0]} no longer") if surplus else None


def pre_delete_step(observed: Mapping[Target, Bounds]) -> Step | None:
    """What goes before a table goes."""
    outcome = unscaled({}, observed)
    return Step("unscaled", {"unscaled": outcome.to}, outcome.what) if isinstance(outcome, Change) else None


def scaled(desired: Mapping[Target, Bounds], observed: Mapping[Target, Bounds]) -> Outcome:
    """One after the other gets its bounds."""
    for target, bounds in sorted(desired.items(), key=lambda item: item[0]):
        if observed.get(target) != bounds:
            return Change((target, bounds), f"scaling {target} between {bounds.low} and {bounds.high}")
    return None


def tracked(desired: Mapping[Target, Bounds], observed: Mapping[Target, Tracked]) -> Outcome:
    """One after the other gets its policy; one that is there keeps its name."""
    for target in sorted(desired):
        policy = observed.get(target, Tracked(0))
        if policy.value != UTILIZATION:
            return Change((target, policy.name), f"scaling {target} at {UTILIZATION:.0f} per cent of use")
    return None
