"""Where MiniStack differs from AWS in what the operator reads, and the layer of the proxy that makes up for it.

`test_gaps.py` asks MiniStack about each gap, and fails as soon as MiniStack closes it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Any
from xml.etree import ElementTree as ET

from tests.fakes.aws.proxy import Answer, Call, Emulator
from tests.fakes.aws.scaling import StrictScaling

RDS = "http://rds.amazonaws.com/doc/2014-10-31/"
INTEGRATIONS = ("CreateIntegration", "GetIntegration", "GetIntegrations", "UpdateIntegration")
INSTANCES = ("CreateDBInstance", "DeleteDBInstance", "DescribeDBInstances", "ModifyDBInstance")
VERSIONS = {"16": ("16.4", "17.5")}  # major engine version, as MiniStack shows it → version, upgrade
PARAMETERS = {"rds.force_ssl": "dynamic", "work_mem": "dynamic", "max_connections": "static"}
Bridge = Callable[[Call, Emulator], Answer]


@dataclass(frozen=True)
class Gap:
    """What MiniStack does, and the source that says what AWS does."""

    service: str
    what: str
    aws: str


GAPS = {
    "scaling": Gap(
        "application-autoscaling",
        "has no Application Auto Scaling",
        "botocore's model of application-autoscaling",
    ),
    "connection": Gap(
        "apigateway",
        "drops the ConnectionId of an integration",
        "botocore's model of apigatewayv2: CreateIntegrationResult and Integration have ConnectionId",
    ),
    "tagging": Gap(
        "eks",
        "refuses TagResource for a Pod Identity association",
        "Amazon EKS API Reference, TagResource; AWS::EKS::PodIdentityAssociation in the CloudFormation Template "
        "Reference: Tags are updated without interruption",
    ),
    "secret": Gap(
        "rds",
        "creates no secret if RDS is to manage the admin password",
        "getmoto/moto 0af643a5, test_db_instance_managed_master_user_password_lifecycle, run against AWS: the first "
        "answer has MasterUserSecret",
    ),
    "parameters": Gap(
        "rds",
        "lists few parameters of a parameter group, without those of RDS",
        "Amazon RDS User Guide, RDS for PostgreSQL DB instance parameter list: rds.force_ssl, work_mem, …",
    ),
    "versions": Gap(
        "rds",
        "does not resolve a major engine version, and offers no upgrades",
        "Amazon RDS API Reference, DescribeDBEngineVersions: EngineVersion with DefaultOnly, ValidUpgradeTarget",
    ),
    "lifecycle": Gap(
        "rds",
        "keeps no EngineLifecycleSupport of an instance",
        "botocore's model of rds: DBInstance has EngineLifecycleSupport",
    ),
    "endpoint": Gap(
        "rds",
        "starts no server without Docker, and shows an endpoint all the same",
        "Amazon RDS API Reference, Endpoint: the instance answers there",
    ),
}
# Where an answer of ours would only show that we can read it: `conformance` reports these.
REPORTED = {
    "link": Gap("apigateway", "has no VPC links", "botocore's model of apigatewayv2: CreateVpcLink, GetVpcLink"),
    "classes": Gap(
        "rds",
        "offers few instance classes, for one engine version",
        "Amazon RDS API Reference, DescribeOrderableDBInstanceOptions; Supported DB engines for DB instance classes in "
        "the User Guide",
    ),
    "fargate": Gap("eks", "has no Fargate profiles", "botocore's model of eks: ListFargateProfiles"),
    "quotas": Gap("rds", "has no DescribeAccountAttributes", "botocore's model of rds"),
}


@dataclass
class Gaps:
    """A layer of the proxy; `clients` go straight to MiniStack, instances answer on `database`: host and port."""

    clients: dict[str, Any]
    database: tuple[str, int]
    admin: Callable[[str, str], object]  # makes a login for the name and the password of an instance's admin
    connections: dict[str, str] = field(default_factory=dict)  # integration → VPC link
    tags: dict[str, dict[str, str]] = field(default_factory=dict)  # ARN of an association → tags
    secrets: dict[str, str] = field(default_factory=dict)  # instance → ARN
    lifecycles: dict[str, str] = field(default_factory=dict)  # instance → EngineLifecycleSupport
    scaling: StrictScaling = field(init=False)

    def __post_init__(self) -> None:
        self.scaling = StrictScaling(self.clients["dynamodb"])

    def __call__(self, call: Call, emulator: Emulator) -> Answer:
        bridges: dict[str, Bridge] = {
            "application-autoscaling": self.scaling,
            "apigateway": self._gateway,
            "eks": self._eks,
            "rds": self._rds,
        }
        bridge = bridges.get(call.service)
        return bridge(call, emulator) if bridge else emulator(call)

    def _gateway(self, call: Call, emulator: Emulator) -> Answer:
        answer = emulator(call)
        if call.action not in INTEGRATIONS or answer.status >= 300:
            return answer
        content = json.loads(answer.body)
        for integration in content.get("items", [content]):
            name = integration["integrationId"]
            if call.action.startswith(("Create", "Update")) and "connectionId" in call.body:
                self.connections[name] = call.body["connectionId"]
            if name in self.connections:
                integration["connectionId"] = self.connections[name]
        return Answer(answer.status, json.dumps(content).encode(), answer.kind)

    def _eks(self, call: Call, emulator: Emulator) -> Answer:
        arn = call.body.get("resourceArn", "")
        if ":podidentityassociation/" in arn:
            return self._tagged(arn, call)
        answer = emulator(call)
        if call.action != "DescribePodIdentityAssociation" or answer.status >= 300:
            return answer
        content = json.loads(answer.body)
        association = content["association"]
        association["tags"] = self.tags.setdefault(association["associationArn"], association.get("tags", {}))
        return Answer(answer.status, json.dumps(content).encode(), answer.kind)

    def _tagged(self, arn: str, call: Call) -> Answer:
        tags = self.tags[arn]  # the operator describes it before
        if call.action == "TagResource":
            tags |= call.body["tags"]
        else:
            gone = call.body["tagKeys"]
            for key in [gone] if isinstance(gone, str) else gone:
                tags.pop(key, None)
        return Answer(200, b"{}", "application/json")

    def _rds(self, call: Call, emulator: Emulator) -> Answer:
        answer = emulator(call)
        if answer.status >= 300 or call.action not in (*INSTANCES, "DescribeDBEngineVersions", "DescribeDBParameters"):
            return answer
        root = ET.fromstring(answer.body)
        match call.action:
            case "DescribeDBParameters":
                _add_parameters(root, call.body)
            case "DescribeDBEngineVersions":
                _add_version(root, call.body.get("EngineVersion", ""))
            case "CreateDBInstance" | "ModifyDBInstance":
                self._remember(call.body)
        for instance in root.iter(f"{{{RDS}}}DBInstance"):
            self._complete(instance)
        if call.action == "DeleteDBInstance":
            self._forget(call.body["DBInstanceIdentifier"])
        return Answer(answer.status, ET.tostring(root), answer.kind)

    def _remember(self, form: dict[str, str]) -> None:
        """What MiniStack drops of an instance."""
        instance = form["DBInstanceIdentifier"]
        if form.get("ManageMasterUserPassword") == "true":
            self._manage(instance, form.get("MasterUsername", ""))
        if "EngineLifecycleSupport" in form:
            self.lifecycles[instance] = form["EngineLifecycleSupport"]

    def _manage(self, instance: str, admin: str) -> None:
        """ "Password management with Amazon RDS and AWS Secrets Manager" in the User Guide: its name and content."""
        if instance in self.secrets:
            return
        login = {"username": admin, "password": token_urlsafe(20)}
        made = self.clients["secretsmanager"].create_secret(Name=f"rds!db-{instance}", SecretString=json.dumps(login))
        self.secrets[instance] = made["ARN"]
        self.admin(login["username"], login["password"])

    def _forget(self, instance: str) -> None:
        """RDS deletes the secret with the instance."""
        self.lifecycles.pop(instance, None)
        if instance in self.secrets:
            self.clients["secretsmanager"].delete_secret(
                SecretId=self.secrets.pop(instance), ForceDeleteWithoutRecovery=True
            )

    def _complete(self, instance: ET.Element) -> None:
        """Add what RDS shows of an instance."""
        name = instance.findtext(f"{{{RDS}}}DBInstanceIdentifier", "")
        endpoint = instance.find(f"{{{RDS}}}Endpoint")
        if endpoint is not None:
            host, port = self.database
            _set(endpoint, {"Address": host, "Port": str(port)})
        if name in self.secrets and instance.find(f"{{{RDS}}}MasterUserSecret") is None:
            secret = ET.SubElement(instance, f"{{{RDS}}}MasterUserSecret")
            _set(secret, {"SecretArn": self.secrets[name], "SecretStatus": "active"})
        if name in self.lifecycles:
            _set(instance, {"EngineLifecycleSupport": self.lifecycles[name]})


def _add_parameters(root: ET.Element, form: dict[str, str]) -> None:
    """Parameters that nobody has set yet; MiniStack shows each that somebody has set."""
    (listed,) = root.iter(f"{{{RDS}}}Parameters")
    there = {entry.findtext(f"{{{RDS}}}ParameterName") for entry in listed}
    if form.get("Source") == "user":
        return
    for name in PARAMETERS.keys() - there:
        entry = ET.SubElement(listed, f"{{{RDS}}}Parameter")
        _set(entry, {"ParameterName": name, "ApplyType": PARAMETERS[name], "IsModifiable": "true", "Source": "system"})


def _add_version(root: ET.Element, major: str) -> None:
    """The version of a major one, and its upgrade."""
    (listed,) = root.iter(f"{{{RDS}}}DBEngineVersions")
    if major not in VERSIONS:
        return
    version, upgrade = VERSIONS[major]
    entry = ET.SubElement(listed, f"{{{RDS}}}DBEngineVersion")
    _set(entry, {"Engine": "postgres", "EngineVersion": version})
    targets = ET.SubElement(entry, f"{{{RDS}}}ValidUpgradeTarget")
    target = ET.SubElement(targets, f"{{{RDS}}}UpgradeTarget")
    _set(target, {"Engine": "postgres", "EngineVersion": upgrade, "IsMajorVersionUpgrade": "true"})


def _set(element: ET.Element, values: dict[str, str]) -> None:
    """Give an element these children."""
    for name, value in values.items():
        child = element.find(f"{{{RDS}}}{name}")
        (ET.SubElement(element, f"{{{RDS}}}{name}") if child is None else child).text = value
