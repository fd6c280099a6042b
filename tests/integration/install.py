"""Installs what a platform team installs: the rights in `manifests/base`, an Environment, the admin's Secret."""

import base64
import http.client
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from microservice_operator import names
from microservice_operator.cluster.kinds import CRD, ENVIRONMENT, LEASE, MICROSERVICE, NAMESPACE, SECRET, Kind
from tests.conftest import REPOSITORY
from tests.fakes.aws.whole import WholeAWS
from tests.whole.spec import LISTENER, SIZES

from .api import Api, Refused, until

BASE = REPOSITORY / "manifests" / "base"
OPERATOR_NAMESPACE = "microservice-operator-system"
OPERATOR_USER = f"system:serviceaccount:{OPERATOR_NAMESPACE}:microservice-operator"
ENVIRONMENT_NAME = "test"
ACCOUNT, REGION = "123456789012", "us-east-1"
ADMIN_SECRET = {"namespace": "platform", "name": "postgres-admin"}
CA_SECRET = {"namespace": "platform", "name": "rds-ca"}

SERVICE_ACCOUNT = Kind("ServiceAccount", "v1", "serviceaccounts")
CLUSTER_ROLE = Kind("ClusterRole", "rbac.authorization.k8s.io/v1", "clusterroles", namespaced=False)
BINDING = Kind("ClusterRoleBinding", "rbac.authorization.k8s.io/v1", "clusterrolebindings", namespaced=False)
ROLE = Kind("Role", "rbac.authorization.k8s.io/v1", "roles")
ROLE_BINDING = Kind("RoleBinding", "rbac.authorization.k8s.io/v1", "rolebindings")
PRIORITY_CLASS = Kind("PriorityClass", "scheduling.k8s.io/v1", "priorityclasses", namespaced=False)
RUNTIME_CLASS = Kind("RuntimeClass", "node.k8s.io/v1", "runtimeclasses", namespaced=False)


def cluster_role() -> dict[str, Any]:
    """The operator's ClusterRole as it is in the repository."""
    role: dict[str, Any] = yaml.safe_load((BASE / "cluster-role.yaml").read_text("utf-8"))
    return role


def role(kind: str = "Role") -> dict[str, Any]:
    """The operator's Role in its own namespace, or its binding, as in the repository."""
    found = yaml.safe_load_all((BASE / "role.yaml").read_text("utf-8"))
    each: dict[str, Any] = next(one for one in found if one["kind"] == kind)
    return each


def grant(api: Api) -> None:
    """Give the operator's ServiceAccount exactly what the repository says."""
    namespace(api, OPERATOR_NAMESPACE)
    account = yaml.safe_load((BASE / "service-account.yaml").read_text("utf-8"))
    account["metadata"]["namespace"] = OPERATOR_NAMESPACE
    api.apply(SERVICE_ACCOUNT, account)
    api.apply(CLUSTER_ROLE, cluster_role())
    api.apply(BINDING, yaml.safe_load((BASE / "cluster-role-binding.yaml").read_text("utf-8")))
    for kind, each in ((ROLE, role()), (ROLE_BINDING, role("RoleBinding"))):
        api.apply(kind, {**each, "metadata": {**each["metadata"], "namespace": OPERATOR_NAMESPACE}})


def operator_kubeconfig(api: Api, admin: Path, file: Path, account: str = "microservice-operator") -> Path:
    """A kubeconfig with a token of a ServiceAccount, the operator's own, and nothing of the administrator's."""
    path = SERVICE_ACCOUNT.path(OPERATOR_NAMESPACE, account, "token")
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 7200}}
    token = api.request("POST", path, request)["status"]["token"]
    config = yaml.safe_load(admin.read_text())
    config["users"][0]["user"] = {"token": token}
    file.write_text(yaml.safe_dump(config))
    return file


def namespace(api: Api, name: str, labels: dict[str, str] | None = None) -> None:
    """Create a namespace, if it does not exist."""
    try:
        api.create(NAMESPACE, {"metadata": {"name": name, "labels": labels or {}}})
    except Refused as error:
        if error.code != http.client.CONFLICT:
            raise


def environment(api: Api, port: int, admin: dict[str, str], name: str = ENVIRONMENT_NAME, **more: Any) -> None:
    """An Environment on the test's AWS and PostgreSQL, and the admin login that it names."""
    namespace(api, ADMIN_SECRET["namespace"])
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in admin.items()}
    api.apply(SECRET, {"metadata": ADMIN_SECRET, "data": encoded})
    shared = {"host": "localhost", "port": port, "adminSecretRef": ADMIN_SECRET, "sslMode": "verify-full"}
    spec = {
        "aws": {"region": REGION, "accountID": ACCOUNT},
        "databases": {"provider": "shared", "shared": shared},
        **more,
    }
    api.apply(ENVIRONMENT, {"metadata": {"name": name}, "spec": spec})


def rds_environment(api: Api, aws: WholeAWS, certificates: str, name: str, **more: Any) -> None:
    """An Environment for all AWS resources, with one instance for each database; `more` extends its `aws`."""
    namespace(api, CA_SECRET["namespace"])
    encoded = base64.b64encode(certificates.encode()).decode()
    api.apply(SECRET, {"metadata": CA_SECRET, "data": {"ca.crt": encoded}})
    ec2 = aws.clients["ec2"]
    found = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["pods"]}])["SecurityGroups"]
    vpc = aws.rds.groups.vpc
    pods = found[0] if found else ec2.create_security_group(GroupName="pods", Description="pods", VpcId=vpc)
    spec = {
        "region": REGION,
        "accountID": ACCOUNT,
        "vpcID": vpc,
        "subnetIDs": ["subnet-1", "subnet-2"],
        "podSecurityGroupID": pods["GroupId"],
        "apiGateway": {"name": name, "vpcLinkID": "abc123", "listenerARN": LISTENER, "deletionPolicy": "Delete"},
        **more,
    }
    databases = {"provider": "rds", "rds": {"sizes": SIZES, "caSecretRef": CA_SECRET}}
    api.apply(ENVIRONMENT, {"metadata": {"name": name}, "spec": {"aws": spec, "databases": databases}})


def sweep(api: Api) -> None:
    """Delete what an earlier session left in a kept cluster, without finalizers: its AWS no longer exists."""
    for left in api.items(MICROSERVICE, ""):
        key = (left["metadata"]["namespace"], left["metadata"]["name"])
        with suppress(Refused):  # some are deleted meanwhile
            api.merge(MICROSERVICE, key, {"metadata": {"finalizers": None}})
            api.delete(NAMESPACE, "", key[0])
            api.delete(MICROSERVICE, *key)
    api.delete(LEASE, OPERATOR_NAMESPACE, "microservice-operator")
    for left in api.items(ENVIRONMENT, ""):
        api.delete(ENVIRONMENT, "", left["metadata"]["name"])


def service_monitors(api: Api) -> None:
    """A replacement for the CRD of the Prometheus operator that accepts any object."""
    group, plural = "monitoring.coreos.com", "servicemonitors"
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}
    names_ = {
        "kind": "ServiceMonitor",
        "listKind": "ServiceMonitorList",
        "plural": plural,
        "singular": "servicemonitor",
    }
    spec = {"group": group, "scope": "Namespaced", "names": names_, "versions": [version]}
    api.apply(CRD, {"metadata": {"name": f"{plural}.{group}"}, "spec": spec})

    def served() -> bool:
        conditions = api.get(CRD, "", f"{plural}.{group}").get("status", {}).get("conditions") or []
        return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)

    until(served, "the ServiceMonitor CRD is not established")


LABELS = {names.LABEL_ENVIRONMENT: ENVIRONMENT_NAME}
