"""Adapter of EKS Pod Identity associations: the pods of one ServiceAccount get credentials of one role.

Its id is random, so it is found by its ServiceAccount: "CreatePodIdentityAssociation" in the Amazon EKS API Reference
allows one association for each, and says that it takes several seconds to be effective.
"""

from datetime import UTC, datetime
from typing import Any

from ...errors import Gone, NeedsPerson, NotYet
from ...facts import Reason
from ..engine.call import Lane
from ..engine.decide import Desired, Observed, Phase, Step
from ..engine.scope import AwsScope
from ..engine.service import AwsService
from ..engine.tags import Tag

EFFECTIVE_AFTER = 10.0  # seconds; a pod that starts earlier may get no credentials, also later
# seconds within which another service may not know a new role: Terraform's provider, too, tries for two minutes
# (`propagationTimeout` of its IAM package), and a slow account should not be told that its role is wrong
ROLE_KNOWN_AFTER = 150.0


class PodIdentityAssociation:
    """The association of one ServiceAccount: the Microservice's, in a cluster of EKS."""

    def __init__(
        self, scope: AwsScope, cluster: str, lane: Lane = Lane.MAIN, role_created: datetime | None = None
    ) -> None:
        """Set the cluster's name, without a call."""
        identity = scope.owner.identity
        self._for = {"clusterName": cluster, "namespace": identity.namespace, "serviceAccount": identity.name}
        self._here = {"clusterName": cluster}
        self._arn = ""
        self._role_created = role_created
        target = f"association of service account {identity.namespace}/{identity.name} in cluster {cluster}"
        self._service = AwsService(scope, "eks", target, lane)

    async def observe(self) -> Observed | None:
        """List by ServiceAccount, then describe; a missing cluster has no association."""
        try:
            listed = (await self._service.read("ListPodIdentityAssociations", **self._for))["associations"]
            if not listed:
                return None
            self._here["associationId"] = listed[0]["associationId"]
            association = (await self._service.read("DescribePodIdentityAssociation", **self._here))["association"]
        except Gone:
            return None
        self._arn = association["associationArn"]
        tags = association.get("tags", {})
        fields = {"tags": tags, "role": association["roleArn"]}
        return Observed(self._arn, Phase.CREATING if is_young(association["createdAt"]) else Phase.READY, fields, tags)

    async def create(self, desired: Desired) -> None:
        """Create the association with its tags in one call; while EKS rejects a new role, raise NotYet."""
        fields = desired.fields
        try:
            await self._service.write(
                "CreatePodIdentityAssociation", **self._for, roleArn=fields["role"], tags=fields["tags"]
            )
        except Gone:
            cluster = self._here["clusterName"]
            raise NeedsPerson(
                Reason.REJECTED,
                f"EKS has no cluster {cluster} in this account and region; correct spec.aws.identity.clusterName of "
                "the Environment",
            ) from None
        except NeedsPerson as error:
            if error.reason != Reason.REJECTED or not self._role_is_new():
                raise
            raise NotYet(Reason.IDENTITY_CREATING, f"EKS does not know the new role yet: {error}", 5) from None

    async def modify(self, step: Step, desired: Desired | None) -> None:  # noqa: ARG002 the port's signature
        """Make the one call of the step."""
        value: Any = step.changes[step.name]
        match step.name:
            case "tags" if isinstance(value, Tag):
                await self._service.write("TagResource", resourceArn=self._arn, tags=dict(value.tags))
            case "tags":
                await self._service.write("UntagResource", resourceArn=self._arn, tagKeys=list(value.keys))
            case _:
                await self._service.write("UpdatePodIdentityAssociation", **self._here, roleArn=value)

    async def delete(self) -> None:
        """Delete the association."""
        await self._service.write("DeletePodIdentityAssociation", **self._here)

    def _role_is_new(self) -> bool:
        return self._role_created is not None and _seconds_since(self._role_created) < ROLE_KNOWN_AFTER


def is_young(created: datetime | None) -> bool:
    """Whether it is so new that it may not be effective yet."""
    return created is not None and _seconds_since(created) < EFFECTIVE_AFTER


def _seconds_since(moment: datetime) -> float:
    return (datetime.now(UTC) - moment).total_seconds()
