"""Application Auto Scaling of DynamoDB as AWS documents it; the emulator accepts any request.

Sources are pages of its API Reference: "RegisterScalableTarget", "PutScalingPolicy" and "DescribeScalingPolicies" (ten
per page), "DeregisterScalableTarget" (deletes the policies); of its User Guide: "Target tracking scaling policies" (one
for each metric of a target); and of the DynamoDB Developer Guide: "Managing throughput capacity automatically" (a
target value is 20 to 90; targets remain after the table is deleted).
"""

from dataclasses import dataclass, field
from typing import Any

from tests.fakes.aws.proxy import Answer, Call, Emulator, refusal

Key = tuple[str, str]  # resource id, dimension


@dataclass
class StrictScaling:
    """A layer of the proxy with its own memory; `client` is DynamoDB, straight to the emulator."""

    client: Any
    page: int = 10
    targets: dict[Key, dict[str, Any]] = field(default_factory=dict)
    policies: dict[tuple[Key, str], dict[str, Any]] = field(default_factory=dict)

    def __call__(self, call: Call, _emulator: Emulator) -> Answer:
        if call.body["ServiceNamespace"] != "dynamodb":
            return refusal("ValidationException", "Unsupported service namespace, resource type or scalable dimension")
        key = (call.body.get("ResourceId", ""), call.body.get("ScalableDimension", ""))
        match call.action:
            case "RegisterScalableTarget":
                return self._refused_target(key, call.body) or self._register(key, call.body)
            case "DeregisterScalableTarget":
                return self._refused_absent(key) or self._deregister(key)
            case "PutScalingPolicy":
                return self._refused_absent(key) or self._refused_policy(key, call.body) or self._put(key, call.body)
            case "DescribeScalableTargets":
                ids = call.body["ResourceIds"]
                return self._listed("ScalableTargets", [t for at, t in self.targets.items() if at[0] in ids], call)
            case "DescribeScalingPolicies":
                found = [policy for (at, _), policy in self.policies.items() if at[0] == key[0]]
                return self._listed("ScalingPolicies", found, call)
        raise AssertionError(call.action)

    def of(self, table: str) -> dict[Key, tuple[int, int]]:
        """Bounds of the targets of a table and its indexes, by index and units."""
        return {
            (at[0].partition("/index/")[2], at[1].rpartition(":")[2].removesuffix("CapacityUnits")): (
                target["MinCapacity"],
                target["MaxCapacity"],
            )
            for at, target in self.targets.items()
            if at[0].split("/")[1] == table
        }

    def _refused_target(self, key: Key, body: dict[str, Any]) -> Answer | None:
        resource, dimension = key
        kind = "index" if "/index/" in resource else "table"
        if dimension not in {f"dynamodb:{kind}:{units}CapacityUnits" for units in ("Read", "Write")}:
            return refusal("ValidationException", "Unsupported service namespace, resource type or scalable dimension")
        name, _, index = resource.removeprefix("table/").partition("/index/")
        try:
            table = self.client.describe_table(TableName=name)["Table"]
        except self.client.exceptions.ResourceNotFoundException:
            return refusal("ValidationException", f"DynamoDB table does not exist: {resource}")
        if index and index not in {item["IndexName"] for item in table.get("GlobalSecondaryIndexes", [])}:
            return refusal("ValidationException", f"DynamoDB index does not exist: {resource}")
        given = {**self.targets.get(key, {}), **body}
        if not {"MinCapacity", "MaxCapacity"} <= given.keys() or given["MinCapacity"] > given["MaxCapacity"]:
            return refusal("ValidationException", "Maximum capacity cannot be less than minimum capacity")
        return None

    def _register(self, key: Key, body: dict[str, Any]) -> Answer:
        self.targets[key] = {"SuspendedState": {}, **self.targets.get(key, {}), **body}
        return Answer(200, {"ScalableTargetARN": f"arn:aws:application-autoscaling:::scalable-target/{key}"})

    def _refused_absent(self, key: Key) -> Answer | None:
        if key in self.targets:
            return None
        return refusal("ObjectNotFoundException", f"No scalable target found for resource ID: {key[0]}")

    def _deregister(self, key: Key) -> Answer:
        del self.targets[key]
        self.policies = {at: policy for at, policy in self.policies.items() if at[0] != key}
        return Answer(200, {})

    def _refused_policy(self, key: Key, body: dict[str, Any]) -> Answer | None:
        wanted = body["TargetTrackingScalingPolicyConfiguration"]
        if not 20 <= wanted["TargetValue"] <= 90:
            return refusal("ValidationException", "Target value must be between 20 and 90")
        if wanted["PredefinedMetricSpecification"]["PredefinedMetricType"].removeprefix("DynamoDB") != (
            key[1].rpartition(":")[2].removesuffix("Units") + "Utilization"
        ):
            return refusal("ValidationException", "Unsupported metric for this scalable dimension")
        others = [p for (at, name), p in self.policies.items() if at == key and name != body["PolicyName"]]
        if any(_metric(other) == _metric(body) for other in others):
            return refusal("ValidationException", "Only one policy for a given metric specification is allowed.")
        return None

    def _put(self, key: Key, body: dict[str, Any]) -> Answer:
        self.policies[key, body["PolicyName"]] = body
        return Answer(200, {"PolicyARN": f"arn:aws:autoscaling:::scalingPolicy/{body['PolicyName']}", "Alarms": []})

    def _listed(self, what: str, found: list[dict[str, Any]], call: Call) -> Answer:
        start = int(call.body.get("NextToken", 0))
        more = {"NextToken": str(start + self.page)} if start + self.page < len(found) else {}
        return Answer(200, {what: found[start : start + self.page], **more})


def _metric(policy: dict[str, Any]) -> Any:
    return policy["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"]
