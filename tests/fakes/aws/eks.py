"""EKS Pod Identity associations, which the emulator does not know, as AWS documents them.

Sources are pages of the Amazon EKS API Reference, "CreatePodIdentityAssociation" and its siblings and "Errors", and
"Learn how EKS Pod Identity grants pods access to AWS services" in the User Guide: one association for a
ServiceAccount, a role that exists, several seconds until it is effective.
"""

import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.fakes.aws.proxy import Answer, Call, Emulator

KIND = "application/json"
_SUMMARY = ("clusterName", "namespace", "serviceAccount", "associationArn", "associationId")


@dataclass
class PodIdentity:
    """A layer of the proxy that never asks the emulator."""

    clusters: tuple[str, ...] = ("prod",)
    addons: dict[str, str] = field(default_factory=lambda: {"eks-pod-identity-agent": "ACTIVE"})  # name → status
    # name of a profile → namespaces that it selects
    fargate: dict[str, list[str]] = field(default_factory=lambda: {"system": ["kube-system"]})
    unknown_roles: int = 0  # calls that are refused because EKS has not heard of the role yet
    age: float = 3600  # seconds that an association has existed when it is made; 0 shows how it becomes effective
    associations: dict[str, dict[str, Any]] = field(default_factory=dict)
    _numbers: Any = field(default_factory=count)

    def __call__(self, call: Call, emulator: Emulator) -> Answer:  # noqa: ARG002 the signature of a layer
        if "resourceArn" in call.body:
            return self._tag(call)
        if call.body["name"] not in self.clusters:
            return _refusal("ResourceNotFoundException", f"No cluster found for name: {call.body['name']}.", 404)
        if "FargateProfile" in call.action:
            return self._on_fargate(call.body)
        return self._on_cluster(call)

    def _on_cluster(self, call: Call) -> Answer:
        match call.action:
            case "ListPodIdentityAssociations":
                return self._list(call.body)
            case "DescribeCluster" | "DescribeAddon":
                return self._described(call.body)
            case "CreatePodIdentityAssociation":
                return self._create(call.body)
            case _:
                return self._one(call)

    def _described(self, body: dict[str, Any]) -> Answer:
        """A cluster, or an add-on of it."""
        name = body.get("addonName", "")
        if not name:
            return Answer(200, {"cluster": {"name": body["name"], "status": "ACTIVE"}}, KIND)
        if name not in self.addons:
            return _refusal("ResourceNotFoundException", f"No addon: {name} found in cluster", 404)
        return Answer(200, {"addon": {"addonName": name, "status": self.addons[name]}}, KIND)

    def _on_fargate(self, body: dict[str, Any]) -> Answer:
        """The names of all profiles, or one with the namespaces that it selects."""
        if "fargateProfileName" not in body:
            return Answer(200, {"fargateProfileNames": list(self.fargate)}, KIND)
        selectors = [{"namespace": each} for each in self.fargate[body["fargateProfileName"]]]
        return Answer(200, {"fargateProfile": {"selectors": selectors}}, KIND)

    def _list(self, body: dict[str, Any]) -> Answer:
        found = [
            {key: each[key] for key in _SUMMARY}
            for each in self.associations.values()
            if each["clusterName"] == body["name"]
            and body.get("namespace", each["namespace"]) == each["namespace"]
            and body.get("serviceAccount", each["serviceAccount"]) == each["serviceAccount"]
        ]
        return Answer(200, {"associations": found}, KIND)

    def _create(self, body: dict[str, Any]) -> Answer:
        if any((a["namespace"], a["serviceAccount"]) == _key(body) for a in self._of(body["name"])):
            return _refusal("ResourceInUseException", "Association already exists: a-1", 409)
        if self.unknown_roles > 0:
            self.unknown_roles -= 1
            return _refusal("InvalidParameterException", "Role provided in the request does not exist.")
        name = f"a-{next(self._numbers):017d}"
        association = {
            "clusterName": body["name"],
            "namespace": body["namespace"],
            "serviceAccount": body["serviceAccount"],
            "roleArn": body["roleArn"],
            "tags": body.get("tags", {}),
            "associationId": name,
            "associationArn": f"arn:aws:eks:us-east-1:123456789012:podidentityassociation/{body['name']}/{name}",
            "createdAt": time.time() - self.age,
            "modifiedAt": time.time() - self.age,
            "disableSessionTags": False,
        }
        self.associations[name] = association
        return Answer(200, {"association": association}, KIND)

    def _one(self, call: Call) -> Answer:
        name = call.body["associationId"]
        if name not in self.associations:
            return _refusal("ResourceNotFoundException", f"The association {name} was not found.", 404)
        association = self.associations[name]
        if call.action == "UpdatePodIdentityAssociation":
            association["roleArn"] = call.body["roleArn"]
        if call.action == "DeletePodIdentityAssociation":
            del self.associations[name]
        return Answer(200, {"association": association}, KIND)

    def _tag(self, call: Call) -> Answer:
        name = call.body["resourceArn"].rpartition("/")[2]
        if name not in self.associations:
            return _refusal("NotFoundException", f"Resource {call.body['resourceArn']} was not found", 404)
        tags = self.associations[name]["tags"]
        if call.action == "TagResource":
            tags |= call.body["tags"]
        else:
            gone = call.body["tagKeys"]
            for key in [gone] if isinstance(gone, str) else gone:
                tags.pop(key, None)
        return Answer(200, {}, KIND)

    def _of(self, cluster: str) -> list[dict[str, Any]]:
        return [each for each in self.associations.values() if each["clusterName"] == cluster]


def _key(body: dict[str, Any]) -> tuple[str, str]:
    return body["namespace"], body["serviceAccount"]


def _refusal(code: str, message: str, status: int = 400) -> Answer:
    return Answer(status, {"__type": code, "message": message}, KIND)
