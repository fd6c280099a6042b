"""PURE: scalable targets and scaling policies of a table and its indexes.

"Managing throughput capacity automatically" in the DynamoDB Developer Guide: each kind of capacity of a table and of
each index is a separate scalable target. Its policy keeps the utilization at a target value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..engine.decide import Step
from ..engine.rules import Bounds, Change, Outcome

UTILIZATION = 70.0  # per cent: the default of the DynamoDB console; AWS accepts 20 to 90
READ, WRITE = "Read", "Write"


@dataclass(frozen=True, order=True)
class Target:
    """One kind of capacity of one index, or of the table itself if `index` is ""."""

    index: str
    units: str

    def __str__(self) -> str:
        """Describe the target in a message."""
        return f"{self.units.lower()} capacity" + (f" of index {self.index}" if self.index else "")

    def request(self, table: str) -> dict[str, str]:
        """Return the parameters that name it in a call."""
        kind = "index" if self.index else "table"
        return {
            "ServiceNamespace": "dynamodb",
            "ResourceId": resource_id(table, self.index),
            "ScalableDimension": f"dynamodb:{kind}:{self.units}CapacityUnits",
        }

    @property
    def metric(self) -> str:
        """Metric that its policy follows."""
        return f"DynamoDB{self.units}CapacityUtilization"


@dataclass(frozen=True)
class Tracked:
    """The policy that follows the utilization; `name` is its name in AWS, which is not compared."""

    value: float
    name: str = ""


def resource_id(table: str, index: str = "") -> str:
    """Return the ResourceId of a table, or of one of its indexes, in Application Auto Scaling."""
    return f"table/{table}/index/{index}" if index else f"table/{table}"


def desired_targets(capacity: tuple[Bounds, Bounds] | None, indexes: Iterable[str]) -> dict[Target, Bounds]:
    """Return the targets that AWS may scale; a capacity with minimum equal to maximum needs no scaling."""
    if capacity is None:
        return {}
    targets = {
        Target(index, units): bounds
        for index in ("", *indexes)
        for units, bounds in zip((READ, WRITE), capacity, strict=True)
    }
    return {target: bounds for target, bounds in targets.items() if bounds.low < bounds.high}


def observed_targets(described: Iterable[Mapping[str, Any]]) -> dict[Target, Bounds]:
    """Return the scalable targets of a table and its indexes from AWS's descriptions."""
    return {target_of(item): Bounds(item["MinCapacity"], item["MaxCapacity"]) for item in described}


def observed_policies(described: Iterable[Mapping[str, Any]]) -> dict[Target, Tracked]:
    """Return the policies that follow the utilization; each target has at most one, whatever its name."""
    policies = {}
    for item in described:
        target, policy = target_of(item), item.get("TargetTrackingScalingPolicyConfiguration", {})
        if policy.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType") == target.metric:
            policies[target] = Tracked(policy["TargetValue"], item["PolicyName"])
    return policies


def target_of(item: Mapping[str, Any]) -> Target:
    """Return the target of a scalable target or a policy of AWS."""
    index = item["ResourceId"].partition("/index/")[2]
    units = item["ScalableDimension"].rpartition(":")[2].removesuffix("CapacityUnits")
    return Target(index, units)


def unscaled(desired: Mapping[Target, Bounds], observed: Mapping[Target, Bounds]) -> Outcome:
    """Rule: remove one surplus target, and its policy with it."""
    surplus = sorted(observed.keys() - desired.keys())
    return Change(surplus[0], f"no longer scaling {surplus[0]}") if surplus else None


def pre_delete_step(observed: Mapping[Target, Bounds]) -> Step | None:
    """Return the step that removes a scalable target before the table is deleted, or None."""
    outcome = unscaled({}, observed)
    return Step("unscaled", {"unscaled": outcome.to}, outcome.what) if isinstance(outcome, Change) else None


def scaled(desired: Mapping[Target, Bounds], observed: Mapping[Target, Bounds]) -> Outcome:
    """Rule: set the bounds of one target at a time."""
    for target, bounds in sorted(desired.items(), key=lambda item: item[0]):
        if observed.get(target) != bounds:
            return Change((target, bounds), f"scaling {target} between {bounds.low} and {bounds.high}")
    return None


def tracked(desired: Mapping[Target, Bounds], observed: Mapping[Target, Tracked]) -> Outcome:
    """Rule: set the policy of one target at a time; an existing policy keeps its name."""
    for target in sorted(desired):
        policy = observed.get(target, Tracked(0))
        if policy.value != UTILIZATION:
            return Change((target, policy.name), f"scaling {target} at {UTILIZATION:.0f} per cent utilization")
    return None
