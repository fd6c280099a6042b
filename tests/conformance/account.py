"""An account as a platform team prepares it, behind the strict layers, and a layer that withdraws permissions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

import boto3

from microservice_operator.api.environment import EnvironmentSpec
from microservice_operator.api.parsing import Environment
from microservice_operator.aws.engine.iam_actions import iam_action
from tests.fakes.aws.proxy import Answer, Call, Emulator, refusal
from tests.fakes.aws.tagging import Tagging
from tests.fakes.aws.whole import REGION, WholeAWS
from tests.whole.faults import denied

ACCOUNT = "123456789012"
CLIENTS = ("apigatewayv2", "dynamodb", "ec2", "elbv2", "iam", "kms", "sns", "sqs")
TRUST = '{"Version": "2012-10-17", "Statement": []}'
JSON = ("application-autoscaling", "kms", "tagging")  # services that answer refusals in JSON, with status 400
PREFIXES = {"tagging": "tag"}  # actions have another prefix than the name that requests are signed for


@dataclass
class AccountLayer:
    """A layer of the proxy: IAM's simulation and tags, then the strict services; `withdrawn` are IAM actions."""

    aws: WholeAWS
    tagging: Tagging
    withdrawn: set[str] = field(default_factory=set)
    caller: str = ""  # ARN that STS tells, "" for the emulator's
    before: Callable[[Call], None] = lambda _call: None  # called before each call that is let through
    asked: set[str] = field(default_factory=set)  # IAM actions of all calls

    def __call__(self, call: Call, emulator: Emulator) -> Answer:
        action = iam_action(f"{PREFIXES.get(call.service, call.service)}:{call.action}")
        self.asked.add(action)
        if action in self.withdrawn:
            return _refused(call)
        self.before(call)
        if self.tagging.gone_looks and call.action.startswith("Delete"):
            self.tagging.remember()
        if call.action == "SimulatePrincipalPolicy":
            return self._simulated(call.body)
        if call.action == "GetCallerIdentity" and self.caller:
            who = f"<Arn>{self.caller}</Arn><UserId>A:s</UserId><Account>{ACCOUNT}</Account>"
            result = f"<GetCallerIdentityResult>{who}</GetCallerIdentityResult>"
            body = f"<GetCallerIdentityResponse>{result}</GetCallerIdentityResponse>"
            return Answer(200, body.encode(), "text/xml")
        return self.tagging(call, emulator) if call.service == "tagging" else self.aws(call, emulator)

    def _simulated(self, form: dict[str, str]) -> Answer:
        """ "SimulatePrincipalPolicy" in the IAM API Reference: a result for each action and resource, in pages."""
        actions = [value for key, value in form.items() if key.startswith("ActionNames.member.")]
        start = int(form.get("Marker", 0))
        shown = "".join(map(self._result, actions[start : start + 3]))
        more = start + 3 < len(actions)
        marker = f"<Marker>{start + 3}</Marker>" if more else ""
        body = (
            "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult>"
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{marker}<EvaluationResults>{shown}</EvaluationResults>"
            "</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"
        )
        return Answer(200, body.encode(), "text/xml")

    def _result(self, action: str) -> str:
        decision = "implicitDeny" if action in self.withdrawn else "allowed"
        return (
            f"<member><EvalActionName>{escape(action)}</EvalActionName><EvalDecision>{decision}</EvalDecision></member>"
        )


def _refused(call: Call) -> Answer:
    """ "Common Errors" of each API Reference."""
    if call.service in JSON:
        message = f"User: operator is not authorized to perform: {call.action}"
        return refusal("AccessDeniedException", message, 400)
    return denied(call)


@dataclass(frozen=True)
class Prepared:
    """What an Environment names, by the names of its fields, and clients straight to the emulator."""

    aws: dict[str, Any]
    clients: dict[str, Any]

    def environment(self, **changed: Any) -> Environment:
        """The Environment; `changed` are fields of `spec.aws`, and None removes one."""
        aws = {key: value for key, value in {**self.aws, **changed}.items() if value is not None}
        rds = {
            "sizes": {"small": "db.t4g.small"},
            "caSecretRef": {"namespace": "platform", "name": "rds-ca"},
        }
        spec = {"aws": aws, "databases": {"provider": "rds", "rds": rds}, "tags": {"cost-center": "platform"}}
        return Environment("prod", EnvironmentSpec.model_validate(spec))


def prepare(upstream: str, aws: WholeAWS) -> Prepared:
    """Create everything that the Environment names."""
    session: Any = boto3.session.Session("test", "test", region_name=REGION)
    clients = {name: session.client(name, endpoint_url=upstream) for name in CLIENTS}
    ec2, vpc = clients["ec2"], aws.rds.groups.vpc
    listed = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    subnets = [each["SubnetId"] for each in sorted(listed, key=lambda each: str(each["AvailabilityZone"]))][:2]
    pods = ec2.create_security_group(GroupName="pods", Description="pods", VpcId=vpc)["GroupId"]
    policy = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
    boundary = clients["iam"].create_policy(PolicyName="boundary", PolicyDocument=policy)["Policy"]["Arn"]
    gateway = {
        "name": "prod",
        "vpcLinkID": clients["apigatewayv2"].create_vpc_link(Name="prod", SubnetIds=subnets)["VpcLinkId"],
        "listenerARN": create_listener(clients["elbv2"], vpc, subnets),
    }
    key = clients["kms"].create_key()["KeyMetadata"]["Arn"]
    return Prepared(
        {
            "region": REGION,
            "accountID": ACCOUNT,
            "vpcID": vpc,
            "subnetIDs": subnets,
            "podSecurityGroupID": pods,
            "identity": {"type": "PodIdentity", "clusterName": "prod"},
            "permissionsBoundaryARN": boundary,
            "messagingKeyARN": key,
            "apiGateway": gateway,
        },
        clients,
    )


def create_listener(elbv2: Any, vpc: str, subnets: list[str]) -> str:
    """An internal load balancer with a listener; the ARN of the listener."""
    balancer = elbv2.create_load_balancer(Name="prod", Subnets=subnets, Scheme="internal")["LoadBalancers"][0]
    group = elbv2.create_target_group(Name="prod", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]
    action = {"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}
    arn = balancer["LoadBalancerArn"]
    listener = elbv2.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=[action])
    return str(listener["Listeners"][0]["ListenerArn"])
