"""PURE: the trust policy of a Microservice's role: only the pods of its ServiceAccount in its cluster may assume it.

"Create IAM role with trust policy required by EKS Pod Identity" and "Enable or disable session tags" in the Amazon EKS
User Guide name the service principal and the request tags; "Assign IAM roles to Kubernetes service accounts" the
subject and audience of IRSA.
"""

from typing import Any

from ...api.environment import AWS, PodRoles
from ...api.parsing import Identity
from ...partitions import partition
from ..engine.policy_documents import Document

_AUDIENCE = "sts.amazonaws.com"


def cluster_arn(aws: AWS, cluster_name: str) -> str:
    """Return the ARN of an EKS cluster."""
    return f"arn:{partition(aws.region)}:eks:{aws.region}:{aws.account_id}:cluster/{cluster_name}"


def trust(aws: AWS, roles: PodRoles, identity: Identity) -> Document:
    """Return the trust policy of a Microservice's role; the ServiceAccount has the Microservice's name."""
    return _document(_token(roles, identity) if roles.type == "IRSA" else _association(aws, roles, identity))


def _association(aws: AWS, roles: PodRoles, identity: Identity) -> dict[str, Any]:
    tags = {
        "aws:RequestTag/eks-cluster-arn": cluster_arn(aws, roles.cluster_name or ""),
        "aws:RequestTag/kubernetes-namespace": identity.namespace,
        "aws:RequestTag/kubernetes-service-account": identity.name,
    }
    return {
        "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {"StringEquals": tags},
    }


def _token(roles: PodRoles, identity: Identity) -> dict[str, Any]:
    provider = roles.oidc_provider_arn or ""
    issuer = provider.partition(":oidc-provider/")[2]
    claims = {
        f"{issuer}:aud": _AUDIENCE,
        f"{issuer}:sub": f"system:serviceaccount:{identity.namespace}:{identity.name}",
    }
    return {
        "Principal": {"Federated": provider},
        "Action": ["sts:AssumeRoleWithWebIdentity"],
        "Condition": {"StringEquals": claims},
    }


def _document(statement: dict[str, Any]) -> Document:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
