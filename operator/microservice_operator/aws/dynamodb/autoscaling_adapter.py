"""Adapter of Application Auto Scaling for DynamoDB tables: translates, never decides.

"DeregisterScalableTarget" in its API Reference: the deletion of a target deletes its policies. "Managing throughput
capacity automatically" in the DynamoDB Developer Guide: the deletion of a table does not delete its targets.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from ..engine.call import Lane
from ..engine.decide import Step
from ..engine.pagination import pages
from ..engine.rules import Bounds
from ..engine.scope import AwsScope
from ..engine.service import AwsService
from .scaling import UTILIZATION, Target, Tracked, observed_policies, observed_targets, resource_id


class TableScaling:
    """Scaling of the capacity of one table and its indexes."""

    def __init__(self, scope: AwsScope, table: str, lane: Lane = Lane.MAIN) -> None:
        """Set the table's name, without a call."""
        self._table = table
        self._service = AwsService(scope, "application-autoscaling", f"table {table}", lane)

    async def targets(self, indexes: Iterable[str]) -> dict[Target, Bounds]:
        """Return the scalable targets of the table and of these indexes, from one call."""
        ids = [resource_id(self._table, index) for index in ("", *indexes)]
        return observed_targets(await self._all("ScalableTargets", ResourceIds=ids))

    async def policies(self, indexes: Iterable[str]) -> dict[Target, Tracked]:
        """Return the scaling policies of the table and of these indexes, from concurrent calls."""
        ids = [resource_id(self._table, index) for index in ("", *indexes)]
        lists = await asyncio.gather(*(self._all("ScalingPolicies", ResourceId=id_) for id_ in ids))
        return observed_policies(item for items in lists for item in items)

    async def modify(self, step: Step) -> None:
        """Make the one call of the step."""
        value = step.changes[step.name]
        if step.name == "unscaled":
            await self._service.write("DeregisterScalableTarget", **value.request(self._table))
        elif step.name == "scaling":
            target, bounds = value
            await self._service.write(
                "RegisterScalableTarget",
                **target.request(self._table),
                MinCapacity=bounds.low,
                MaxCapacity=bounds.high,
            )
        else:
            target, name = value
            await self._service.write(
                "PutScalingPolicy",
                **target.request(self._table),
                PolicyName=name or target.metric,
                PolicyType="TargetTrackingScaling",
                TargetTrackingScalingPolicyConfiguration={
                    "TargetValue": UTILIZATION,
                    "PredefinedMetricSpecification": {"PredefinedMetricType": target.metric},
                },
            )

    async def _all(self, what: str, **query: Any) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        async for page in pages(self._service.read, f"Describe{what}", ServiceNamespace="dynamodb", **query):
            items += page[what]
        return items
