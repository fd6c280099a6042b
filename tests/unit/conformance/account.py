"""An account as its answers: each call is answered by a table, and every other resource does not exist."""

import asyncio
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from microservice_operator.api.environment import EnvironmentSpec
from microservice_operator.api.parsing import Environment
from microservice_operator.aws.engine.call import Call, Measured
from microservice_operator.aws.engine.measured_clients import MeasuredClients
from microservice_operator.conformance.checks import new_account
from microservice_operator.conformance.report import Report
from microservice_operator.conformance.run import Conformance, Request
from microservice_operator.conformance.timing import Timing

ACCOUNT, REGION = "123456789012", "eu-west-1"
LISTENER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/prod/50dc6c495c0c9188/f2f7dc8efc522ab2"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
SUBNETS = [
    {"SubnetId": f"subnet-{zone}", "VpcId": "vpc-1", "AvailabilityZone": f"{REGION}{zone}"} for zone in ("a", "b")
]
ZONES = [{"Name": subnet["AvailabilityZone"]} for subnet in SUBNETS]
NAMED = {"DBInstanceIdentifier", "DBParameterGroupName", "DBSubnetGroupName"}
ANSWERS: dict[str, Any] = {
    "DescribeAccountAttributes": {"AccountQuotas": [{"AccountQuotaName": "DBInstances", "Used": 1, "Max": 40}]},
    "DescribeAddon": {"addon": {"status": "ACTIVE"}},
    "DescribeCluster": {"cluster": {"status": "ACTIVE"}},
    "DescribeDBEngineVersions": {"DBEngineVersions": [{"EngineVersion": "16.8"}]},
    "DescribeDBInstances": {"DBInstances": []},
    "DescribeDBParameterGroups": {"DBParameterGroups": []},
    "DescribeDBSubnetGroups": {"DBSubnetGroups": []},
    "DescribeKey": {"KeyMetadata": {"KeyState": "Enabled", "KeyUsage": "ENCRYPT_DECRYPT"}},
    "DescribeListeners": {"Listeners": [{}]},
    "DescribeOrderableDBInstanceOptions": {"OrderableDBInstanceOptions": [{"AvailabilityZones": ZONES}]},
    "DescribeRegions": {"Regions": [{"OptInStatus": "opted-in"}]},
    "DescribeSecurityGroups": {"SecurityGroups": [{"VpcId": "vpc-1"}]},
    "DescribeSubnets": {"Subnets": SUBNETS},
    "DescribeVpcs": {"Vpcs": [{"State": "available"}]},
    "GetAccountSummary": {"SummaryMap": {"Roles": 10, "RolesQuota": 1000}},
    "GetCallerIdentity": {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/platform"},
    "GetOpenIDConnectProvider": {"ClientIDList": ["sts.amazonaws.com"]},
    "GetPolicy": {"Policy": {}},
    "GetResources": {"ResourceTagMappingList": [], "PaginationToken": ""},
    "GetVpcLink": {"VpcLinkStatus": "AVAILABLE"},
    "ListFargateProfiles": {"fargateProfileNames": []},
    "ListPodIdentityAssociations": {"associations": []},
    "ListRoles": {"Roles": [], "IsTruncated": False},
    "SimulatePrincipalPolicy": {"EvaluationResults": [], "IsTruncated": False},
}


def environment(**aws: Any) -> Environment:
    """An Environment with everything; `aws` replaces fields of `spec.aws`."""
    given = {
        "region": REGION,
        "accountID": ACCOUNT,
        "vpcID": "vpc-1",
        "subnetIDs": [subnet["SubnetId"] for subnet in SUBNETS],
        "podSecurityGroupID": "sg-1",
        "identity": {"type": "PodIdentity", "clusterName": "prod"},
        "permissionsBoundaryARN": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
        "messagingKeyARN": KEY,
        "apiGateway": {"name": "prod", "vpcLinkID": "abc", "listenerARN": LISTENER},
    }
    sizes = {"small": "db.t4g.small"}
    rds = {"sizes": sizes, "caSecretRef": {"namespace": "platform", "name": "rds-ca"}}
    fields = {key: value for key, value in {**given, **aws}.items() if value is not None}
    spec = {"aws": fields, "databases": {"provider": "rds", "rds": rds}}
    return Environment("prod", EnvironmentSpec.model_validate(spec))


class Answering(MeasuredClients):
    """Clients that reach nobody: a table answers; what it lacks does not exist, or may not be changed."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        super().__init__(None)
        self.answers = {**ANSWERS, **answers}

    async def call(self, call: Call) -> dict[str, Any]:
        measured = Measured(call.service, call.action, "OK", 0.001)
        self.calls.append(measured)
        # lists are empty, and what is read by its name does not exist
        answer = None if NAMED & call.parameters.keys() else self.answers.get(call.action)
        if isinstance(answer, str):
            raise refused(answer, call.action)
        if answer is None:
            raise refused("AccessDenied" if measured.changes else "ResourceNotFoundException", call.action)
        return dict(answer)


def refused(code: str, action: str) -> ClientError:
    """A refusal of AWS."""
    response: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(response, action)


async def run(
    answers: Mapping[str, Any] | None = None, given: Environment | None = None, role_arn: str = "", **requested: bool
) -> tuple[Report, Answering]:
    """One run, on a clock that passes as fast as the run sleeps."""
    clients = Answering(answers or {})
    given = given or environment()
    assert given.spec.aws
    now = [0.0]

    async def sleep(seconds: float) -> None:
        now[0] += seconds
        await asyncio.sleep(0)

    account = new_account(clients, given, given.spec.aws, role_arn)
    conformance = Conformance(account, clients, Request(**requested), Timing(lambda: now[0], sleep))
    return await conformance.certify(), clients
