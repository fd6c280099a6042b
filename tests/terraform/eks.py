"""EKS for Terraform: clusters, node groups and add-ons, as AWS documents them.

moto's EKS omits fields of a request (accessConfig, updateConfig) and adds a key pair, and has no add-ons, so a plan
after an apply would never be empty. Sources are pages of the Amazon EKS API Reference, "CreateCluster",
"CreateNodegroup", "CreateAddon" and their siblings. A created resource is CREATING until it is ACTIVE, a deleted one is
DELETING until it is not found. CoreDNS is DEGRADED while there are no nodes; a cluster with nodes cannot be deleted.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.fakes.aws.proxy import Answer, Call
from tests.terraform.access import answer_access

KIND = "application/json"
PLACE = "arn:aws:eks:us-east-1:123456789012"
_ids = count(1)


@dataclass(frozen=True)
class Network:
    """What EKS does in the VPC of a cluster: it makes a security group there, and takes it away again."""

    make: Callable[[str, list[str]], tuple[str, str]]  # cluster, subnets → VPC, security group
    remove: Callable[[str], None]


Key = tuple[str, ...]


@dataclass
class EKS:
    """Each state ends after one read; `left` is the rest."""

    network: Network
    left: dict[Key, dict[str, Any]] = field(default_factory=dict)

    def __call__(self, call: Call) -> Answer:
        if "Access" in call.action:
            return answer_access(call, self.left)
        kind = next(kind for kind in ("cluster", "nodegroup", "addon") if kind in call.action.lower())
        verb = next(verb for verb in ("Create", "Describe", "Delete", "List") if call.action.startswith(verb))
        body = call.body
        if verb == "List":
            return Answer(200, {f"{kind}s": [key[2] for key in self.left if key[:2] == (kind, body["name"])]}, KIND)
        name = {"cluster": [], "nodegroup": ["nodegroupName"], "addon": ["addonName"]}[kind]
        key = (kind, body["name"], *(body[each] for each in name))
        if verb == "Create":
            return self._create(key, body)
        if key not in self.left:
            return _refusal("ResourceNotFoundException", f"No {kind} found for name: {key[-1]}.", 404)
        return self._describe(key) if verb == "Describe" else self._delete(key)

    def _create(self, key: Key, body: dict[str, Any]) -> Answer:
        kind, cluster = key[:2]
        if key in self.left:
            return _refusal("ResourceInUseException", f"{kind} already exists with name {key[-1]}.", 409)
        if kind != "cluster" and ("cluster", cluster) not in self.left:
            return _refusal("ResourceNotFoundException", f"No cluster found for name: {cluster}.", 404)
        if kind != "cluster" and self.left[("cluster", cluster)]["status"] != "ACTIVE":
            return _refusal("InvalidRequestException", f"Cluster {cluster} is not ACTIVE.", 400)
        make = {"cluster": self._cluster, "nodegroup": self._nodegroup, "addon": self._addon}[kind]
        now = {"createdAt": time.time(), "status": "CREATING", "tags": body.get("tags", {})}
        self.left[key] = {**make(body), **now}
        return Answer(200, {kind: self.left[key]}, KIND)

    def _describe(self, key: Key) -> Answer:
        there = self.left[key]
        seen = Answer(200, {key[0]: dict(there)}, KIND)
        if there["status"] == "DELETING":
            del self.left[key]
            if key[0] == "cluster":
                self.network.remove(there["resourcesVpcConfig"]["clusterSecurityGroupId"])
        elif key[0] == "addon" and key[2] == "coredns" and not self._has("nodegroup", key[1]):
            there["status"] = "DEGRADED"
        else:
            there["status"] = "ACTIVE"
        return seen

    def _delete(self, key: Key) -> Answer:
        if key[0] == "cluster" and self._has("nodegroup", key[1]):
            return _refusal("ResourceInUseException", "Cluster has nodegroups attached", 409)
        self.left[key]["status"] = "DELETING"
        return Answer(200, {key[0]: self.left[key]}, KIND)

    def _has(self, kind: str, cluster: str) -> bool:
        return any(key[:2] == (kind, cluster) for key in self.left)

    def _cluster(self, body: dict[str, Any]) -> dict[str, Any]:
        name, asked = body["name"], body["resourcesVpcConfig"]
        vpc, group = self.network.make(name, asked["subnetIds"])
        kept = ("name", "version", "roleArn", "logging", "encryptionConfig", "accessConfig", "upgradePolicy")
        return {
            **{field: body[field] for field in kept if field in body},
            "arn": f"{PLACE}:cluster/{name}",
            "endpoint": f"https://{name}.gr7.us-east-1.eks.amazonaws.com",
            "certificateAuthority": {"data": "Y2VydGlmaWNhdGU="},
            "platformVersion": "eks.1",
            "identity": {"oidc": {"issuer": f"https://oidc.eks.us-east-1.amazonaws.com/id/{next(_ids):032X}"}},
            "kubernetesNetworkConfig": {
                "serviceIpv4Cidr": "172.20.0.0/16",
                "ipFamily": "ipv4",
                "elasticLoadBalancing": body.get("kubernetesNetworkConfig", {}).get("elasticLoadBalancing"),
            },
            "computeConfig": body.get("computeConfig"),
            "storageConfig": body.get("storageConfig"),
            "resourcesVpcConfig": {
                "subnetIds": asked["subnetIds"],
                "securityGroupIds": asked.get("securityGroupIds", []),
                "clusterSecurityGroupId": group,
                "vpcId": vpc,
                "endpointPublicAccess": asked.get("endpointPublicAccess", True),
                "endpointPrivateAccess": asked.get("endpointPrivateAccess", False),
                "publicAccessCidrs": asked.get("publicAccessCidrs") or [],
            },
        }

    def _nodegroup(self, body: dict[str, Any]) -> dict[str, Any]:
        cluster, name = body["name"], body["nodegroupName"]
        kept = ("nodegroupName", "scalingConfig", "subnets", "instanceTypes", "amiType", "nodeRole", "updateConfig")
        return {
            **{field: body[field] for field in kept},
            "clusterName": cluster,
            "nodegroupArn": f"{PLACE}:nodegroup/{cluster}/{name}/{next(_ids)}",
            "version": self.left[("cluster", cluster)]["version"],
            "releaseVersion": "1.0.0-20260101",
            "capacityType": body.get("capacityType", "ON_DEMAND"),
            "launchTemplate": {"name": f"{cluster}-nodes", **body["launchTemplate"]},
            "labels": body.get("labels", {}),
            "resources": {"autoScalingGroups": [{"name": f"eks-{name}"}]},
            "health": {"issues": []},
        }

    def _addon(self, body: dict[str, Any]) -> dict[str, Any]:
        cluster, name = body["name"], body["addonName"]
        return {
            "addonName": name,
            "clusterName": cluster,
            "addonVersion": body.get("addonVersion", "v1.0.0-eksbuild.1"),
            "health": {"issues": []},
            "addonArn": f"{PLACE}:addon/{cluster}/{name}/{next(_ids)}",
            "modifiedAt": time.time(),
            "configurationValues": body.get("configurationValues"),
        }


def _refusal(code: str, message: str, status: int) -> Answer:
    return Answer(status, {"__type": code, "message": message}, KIND)
