"""The platform's modules, applied to an emulated account; the tests run in file order.

docs/delivery.md lists what this cannot show: moto has no NAT and no traffic, and IAM does not check policies. EKS is a
layer of these tests that follows AWS's documentation. No pod runs.
"""

import json
import re
import shutil
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from microservice_operator.api.base import Model
from microservice_operator.api.environment import AWS
from microservice_operator.api.microservice import MicroserviceSpec
from microservice_operator.api.routes import APIGateway
from microservice_operator.aws.engine.arns import MESSAGING_KEY
from microservice_operator.aws.iam.service_policy import CLOSED, document, grants
from tests.terraform.account import ACCOUNT, REGION, Account
from tests.terraform.conftest import API, CLUSTER_ID, DOMAIN, MODULES, SECOND, TOPIC, Root, client
from tests.terraform.tool import Terraform
from tests.tools.iam_simulator import simulate

EVERYTHING = {
    "image": "shop/all:1",
    "tables": [
        {
            "name": "items",
            "partitionKey": {"name": "id"},
            "globalSecondaryIndexes": [{"name": "byTime", "partitionKey": {"name": "time"}}],
            "streamViewType": "NewImage",
        }
    ],
    "topics": [{"name": "made"}],
    "queues": [{"name": "work"}],
}
pytestmark = pytest.mark.timeout(1200)  # two minutes on a machine that does nothing else


def test_files_are_formatted(terraform_program: str) -> None:
    terraform = Terraform(terraform_program, Path(), MODULES, {})
    assert terraform.do("fmt", "-check", "-recursive", "-diff") == ""


def test_the_example_is_valid_and_uses_every_module(unapplied: Terraform) -> None:
    assert '"valid": true' in unapplied.do("validate", "-json")
    used = set(re.findall(r'source *= "\.\./([^"]+)"', (MODULES / "example/main.tf").read_text()))
    assert used == {folder.name for folder in MODULES.iterdir() if folder.is_dir()} - {"example", "state"}


def test_values_that_make_no_sense_are_refused(root: Root) -> None:
    """Terraform tests its variables with variables.tftest.hcl, without an account."""
    made = root("example", "http://127.0.0.1:9")
    (made.folder / "tests").mkdir()
    shutil.copy(Path(__file__).parent / "variables.tftest.hcl", made.folder / "tests")
    made.init()  # once more: it looks for the modules that tests name, too
    said = made.do("test", "-no-color")
    assert re.search(r"Success! [1-9]\d* passed, 0 failed", said), said


def test_the_module_environment_can_set_every_field_of_aws(root: Root) -> None:
    """Terraform drops attributes that a variable's type does not have, without a word."""
    made = root("environment", "http://127.0.0.1:9")
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
    gateway = {
        "name": "shop",
        "vpc_link_id": "abc",
        "listener_arn": f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/a/b/c",
        "source_cidrs": ["10.0.0.0/24"],
        "cors_origins": ["https://shop.example"],
        "path_prefix": "Namespace",
        "max_routes": 600,
        "max_authorizers": 20,
        "access_log_group_arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:shop",
        "throttling": {"requests_per_second": 100, "burst": 200},
        "disable_execute_api_endpoint": True,
        "deletion_policy": "Delete",
    }
    values = {
        "name": "prod",
        "region": REGION,
        "account_id": ACCOUNT,
        "vpc_id": "vpc-1",
        "subnet_ids": ["subnet-1", "subnet-2"],
        "pod_security_group_id": "sg-1",
        "permissions_boundary_arn": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
        "role_arn": f"arn:aws:iam::{ACCOUNT}:role/operator",
        "external_id": "external",
        "oidc_provider_arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example/id/1",
        "messaging_key_arn": key,
        "table_key_arn": key,
        "database_key_arn": key,
        "api_gateway": gateway,
        "auth": {"issuer": "https://issuer.example", "audiences": ["shop"]},
    }
    (made.folder / "test.auto.tfvars.json").write_text(json.dumps(values))
    made.do("apply", "-auto-approve", "-input=false", "-no-color")
    aws = yaml.safe_load(made.outputs()["manifest"])["spec"]["aws"]
    assert aws.keys() == _names(AWS)
    assert aws["apiGateway"].keys() == _names(APIGateway)
    assert AWS.model_validate(aws)


def _names(model: type[Model]) -> set[str]:
    return {str(field.alias or name) for name, field in model.model_fields.items()}


def test_the_first_apply_needs_no_cluster(example: Terraform) -> None:
    later = {"operator_role_arn", "order_intake_endpoint"}
    assert not later & set(example.outputs())  # an output without a value is none


def test_a_plan_after_an_apply_is_empty(whole: Terraform) -> None:
    done = whole.run("plan", "-detailed-exitcode", "-input=false", "-no-color")
    assert done.returncode == 0, done.stdout  # 2: there is something to change


def test_outputs_make_a_valid_environment(whole: Terraform, tmp_path: Path) -> None:
    file = tmp_path / "environment.yaml"
    file.write_text(whole.outputs()["environment"])
    command = [sys.executable, "-m", "microservice_operator.cli", "validate", str(file)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    aws = yaml.safe_load(file.read_text())["spec"]["aws"]
    assert (aws["region"], aws["accountID"]) == (REGION, ACCOUNT)


def test_what_the_environment_names_is_there(whole: Terraform, cloud: Account) -> None:
    aws = yaml.safe_load(whole.outputs()["environment"])["spec"]["aws"]
    ec2, gateway, balancers = client(cloud, "ec2"), client(cloud, "apigatewayv2"), client(cloud, "elbv2")
    subnets = ec2.describe_subnets(SubnetIds=aws["subnetIDs"])["Subnets"]
    assert {subnet["VpcId"] for subnet in subnets} == {aws["vpcID"]}
    assert len({subnet["AvailabilityZone"] for subnet in subnets}) == 2
    gateway.get_vpc_link(VpcLinkId=aws["apiGateway"]["vpcLinkID"])
    listeners = balancers.describe_listeners(ListenerArns=[aws["apiGateway"]["listenerARN"]])["Listeners"]
    assert listeners[0]["Port"] == 80
    assert ("cluster", aws["identity"]["clusterName"]) in cloud.eks.left
    client(cloud, "iam").get_policy(PolicyArn=aws["permissionsBoundaryARN"])


def test_only_the_load_balancer_has_addresses_that_network_policies_allow(whole: Terraform, cloud: Account) -> None:
    """Otherwise every pod of the cluster could call every Microservice with routes."""
    aws = yaml.safe_load(whole.outputs()["environment"])["spec"]["aws"]
    allowed = [ip_network(cidr) for cidr in aws["apiGateway"]["sourceCIDRs"]]
    subnets = client(cloud, "ec2").describe_subnets(Filters=[{"Name": "vpc-id", "Values": [aws["vpcID"]]}])["Subnets"]
    inside = {
        subnet["SubnetId"]
        for subnet in subnets
        if any(network.overlaps(ip_network(subnet["CidrBlock"])) for network in allowed)
    }
    balancer = client(cloud, "elbv2").describe_load_balancers()["LoadBalancers"][0]
    assert {zone["SubnetId"] for zone in balancer["AvailabilityZones"]} == inside
    link = client(cloud, "apigatewayv2").get_vpc_link(VpcLinkId=aws["apiGateway"]["vpcLinkID"])
    assert set(link["SubnetIds"]) == inside
    nodes = {subnet for each in cloud.eks.left.values() for subnet in each.get("subnets", [])}
    assert nodes == set(aws["subnetIDs"])
    assert not nodes & inside


@pytest.mark.usefixtures("whole")
def test_the_cluster_has_what_pods_and_autoscalers_need(cloud: Account) -> None:
    cluster = next(each for key, each in cloud.eks.left.items() if key[0] == "cluster")
    assert cluster["upgradePolicy"] == {"supportType": "STANDARD"}
    switches = (
        cluster["computeConfig"],
        cluster["kubernetesNetworkConfig"]["elasticLoadBalancing"],
        cluster["storageConfig"]["blockStorage"],
    )
    assert [each["enabled"] for each in switches] == [True] * 3  # EKS refuses a cluster with some of them
    addons = {key[2]: each for key, each in cloud.eks.left.items() if key[0] == "addon"}
    assert {"metrics-server", "coredns", "vpc-cni", "eks-pod-identity-agent"} <= addons.keys()
    assert json.loads(addons["vpc-cni"]["configurationValues"]) == {"enableNetworkPolicy": "true"}
    groups = {each["logGroupName"] for each in client(cloud, "logs").describe_log_groups()["logGroups"]}
    for name in ("application", "dataplane", "host", "performance"):
        assert f"/aws/containerinsights/shop/{name}" in groups


def test_new_nodes_are_like_the_others(whole: Terraform, cloud: Account) -> None:
    """Their pods get the security groups that databases and the load balancer accept, and enforce NetworkPolicies."""
    policies, node_class, pool = yaml.safe_load_all(whole.outputs()["node_pool"])
    assert policies["data"] == {"enable-network-policy-controller": "true"}
    assert node_class["spec"]["networkPolicy"] == "DefaultAllow"
    template = client(cloud, "ec2").describe_launch_template_versions(LaunchTemplateName="shop-nodes")
    groups = template["LaunchTemplateVersions"][-1]["LaunchTemplateData"]["SecurityGroupIds"]
    assert {each["id"] for each in node_class["spec"]["securityGroupSelectorTerms"]} == set(groups)
    subnets = next(each["subnets"] for key, each in cloud.eks.left.items() if key[0] == "nodegroup")
    assert {each["id"] for each in node_class["spec"]["subnetSelectorTerms"]} == set(subnets)
    assert pool["spec"]["template"]["spec"]["nodeClassRef"]["name"] == node_class["metadata"]["name"]
    entry = next(each for key, each in cloud.eks.left.items() if key[0] == "accessentry")
    assert (entry["type"], entry["principalArn"].rpartition("/")[2]) == ("EC2", node_class["spec"]["role"])
    assert [policy.rpartition("/")[2] for policy in entry["policies"]] == ["AmazonEKSAutoNodePolicy"]


def test_tokens_come_from_the_user_pool(whole: Terraform, cloud: Account) -> None:
    cognito, outputs = client(cloud, "cognito-idp"), whole.outputs()
    pool, audience = outputs["user_pool_id"], outputs["auth"]["audiences"][0]
    assert outputs["auth"]["issuer"] == f"https://cognito-idp.{REGION}.amazonaws.com/{pool}"
    app = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=audience)["UserPoolClient"]
    assert not app.get("ClientSecret")
    # A scope of the resource server here would go to every user who signs in.
    assert set(app["AllowedOAuthScopes"]) == {"email", "openid", "profile"}
    groups = {each["GroupName"] for each in cognito.list_groups(UserPoolId=pool)["Groups"]}
    server = cognito.describe_resource_server(UserPoolId=pool, Identifier="shop")["ResourceServer"]
    assert groups == {f"shop:{scope['ScopeName']}" for scope in server["Scopes"]} == {"shop:admin", "shop:catalogue"}
    trigger = cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["LambdaConfig"]["PreTokenGenerationConfig"]
    assert trigger["LambdaVersion"] == "V3_0"
    function = client(cloud, "lambda").get_function_configuration(FunctionName=trigger["LambdaArn"])
    assert set(function["Environment"]["Variables"]["SCOPES"].split()) == groups
    gateway = yaml.safe_load(outputs["environment"])["spec"]["aws"]["apiGateway"]
    assert gateway["auth"] == {"jwt": outputs["auth"]}


@pytest.mark.usefixtures("whole")
def test_alarms_reach_a_person(cloud: Account) -> None:
    sent = client(cloud, "sns").list_subscriptions()["Subscriptions"]
    topics = {
        each["TopicArn"] for each in sent if (each["Protocol"], each["Endpoint"]) == ("email", "on-call@shop.example")
    }
    alarms = client(cloud, "cloudwatch").describe_alarms()["MetricAlarms"]
    assert {"shop-order-errors", "shop-product-errors", "shop-user-errors"} <= {each["AlarmName"] for each in alarms}
    assert {action for each in alarms for action in each["AlarmActions"]} == topics


@pytest.mark.usefixtures("whole")
def test_no_concurrency_is_reserved_in_a_new_account(cloud: Account) -> None:
    """Lambda refuses to reserve what a new account does not have."""
    functions = client(cloud, "lambda")
    names = [each["FunctionName"] for each in functions.list_functions()["Functions"]]
    assert len(names) == 3
    assert not any(
        "ReservedConcurrentExecutions" in functions.get_function_concurrency(FunctionName=name) for name in names
    )
    mapping = functions.list_event_source_mappings()["EventSourceMappings"][0]
    assert mapping["ScalingConfig"]["MaximumConcurrency"] == 5


def test_pods_are_reached_from_the_load_balancer_alone(whole: Terraform, cloud: Account) -> None:
    group = yaml.safe_load(whole.outputs()["environment"])["spec"]["aws"]["podSecurityGroupID"]
    permissions = client(cloud, "ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    assert [(each["FromPort"], each["ToPort"], each["IpRanges"]) for each in permissions] == [(8080, 8080, [])]
    balancer = client(cloud, "elbv2").describe_load_balancers()["LoadBalancers"][0]
    assert balancer["Scheme"] == "internal"
    assert [pair["GroupId"] for pair in permissions[0]["UserIdGroupPairs"]] == balancer["SecurityGroups"]


def test_a_service_is_behind_its_header(whole: Terraform, cloud: Account) -> None:
    balancers = client(cloud, "elbv2")
    listener = yaml.safe_load(whole.outputs()["environment"])["spec"]["aws"]["apiGateway"]["listenerARN"]
    rules = balancers.describe_rules(ListenerArn=listener)["Rules"]
    groups = {
        rule["Conditions"][0]["HttpHeaderConfig"]["Values"][0]: rule["Actions"][0]["TargetGroupArn"]
        for rule in rules
        if rule["Conditions"]
    }
    bindings = list(yaml.safe_load_all(whole.outputs()["target_group_bindings"]))
    assert {
        f"{each['metadata']['name']}.{each['metadata']['namespace']}": each["spec"]["targetGroupARN"]
        for each in bindings
    } == groups
    assert set(groups) == {"order.shop", "product.shop", "user.shop"}


def test_the_operator_gets_its_role_and_its_policy(whole: Terraform, cloud: Account) -> None:
    role = whole.outputs()["operator_role_arn"].rpartition("/")[2]
    policy = client(cloud, "iam").get_role_policy(RoleName=role, PolicyName="operator")["PolicyDocument"]
    assert CLUSTER_ID in str(policy)
    assert "${" not in str(policy)
    accounts = {(each["namespace"], each["serviceAccount"]) for each in cloud.pod_identity.associations.values()}
    assert ("microservice-operator-system", "microservice-operator") in accounts


def test_only_the_operator_assumes_its_role_in_a_second_account(whole: Terraform, cloud: Account) -> None:
    outputs = whole.outputs()
    arn, operator = outputs["second_account_role_arn"], outputs["operator_role_arn"]
    assert arn == f"arn:aws:iam::{SECOND}:role/shop-microservice-operator"
    here, there = client(cloud, "iam"), client(cloud, "iam")
    there.meta.events.register(
        "before-call", lambda params, **_: params["headers"].update({"x-moto-account-id": SECOND})
    )
    name, operators = (each.rpartition("/")[2] for each in (arn, operator))
    trusted = there.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert [each["Principal"] for each in trusted] == [{"AWS": operator}] * 2
    assert [(each["Action"], each.get("Condition")) for each in trusted] == [
        ("sts:AssumeRole", {"StringEquals": {"sts:ExternalId": CLUSTER_ID}}),
        ("sts:TagSession", None),
    ]
    policy = there.get_role_policy(RoleName=name, PolicyName="operator")["PolicyDocument"]
    assert f":{SECOND}:" in str(policy)
    assert f":{ACCOUNT}:" not in str(policy)
    assumes = here.get_role_policy(RoleName=operators, PolicyName="environments")["PolicyDocument"]["Statement"]
    assert [(sorted(each["Action"]), each["Resource"]) for each in assumes] == [
        (["sts:AssumeRole", "sts:TagSession"], arn)
    ]


def test_the_boundary_lets_through_what_the_operator_grants_and_nothing_else(whole: Terraform, cloud: Account) -> None:
    aws = yaml.safe_load(whole.outputs()["environment"])["spec"]["aws"]
    boundary = client(cloud, "iam").get_policy_version(PolicyArn=aws["permissionsBoundaryARN"], VersionId="v1")
    boundary = boundary["PolicyVersion"]["Document"]
    arns = {
        ("Table", "items"): f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/items",
        ("Topic", "made"): f"arn:aws:sns:{REGION}:{ACCOUNT}:made",
        ("Queue", "work"): f"arn:aws:sqs:{REGION}:{ACCOUNT}:work",
        MESSAGING_KEY: aws["messagingKeyARN"],
    }
    granted = grants(MicroserviceSpec.model_validate(EVERYTHING), arns)
    nothing: dict[str, str] = {}
    asked = [(action, grant.resource.replace("*", "x"), nothing) for grant in granted for action in grant.actions]
    assert {action for action, _, _ in asked} == CLOSED
    policy = document(granted)
    assert policy
    assert {verdict.result for verdict in simulate(ACCOUNT, policy, asked, boundary)} == {"Allowed"}
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    beyond = [
        ("dynamodb:DeleteTable", arns["Table", "items"], nothing),
        ("dynamodb:GetItem", arns["Table", "items"].replace(ACCOUNT, "210987654321"), nothing),
        ("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/x", nothing),
        ("kms:Decrypt", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/another", nothing),
        ("sns:DeleteTopic", arns["Topic", "made"], nothing),
        ("sqs:SetQueueAttributes", arns["Queue", "work"], nothing),
        ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/x", nothing),
    ]
    assert {verdict.allowed for verdict in simulate(ACCOUNT, everything, beyond, boundary)} == {False}


def test_the_api_has_a_name_of_its_own(whole: Terraform, cloud: Account) -> None:
    gateway, dns = client(cloud, "apigatewayv2"), client(cloud, "route53")
    (api,) = [each for each in gateway.get_apis()["Items"] if each["Name"] == API]
    (mapping,) = gateway.get_api_mappings(DomainName=DOMAIN)["Items"]
    assert (mapping["ApiId"], mapping["Stage"]) == (api["ApiId"], "$default")
    (zone,) = dns.list_hosted_zones()["HostedZones"]
    records = dns.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    assert [each["Type"] for each in records if each["Name"] == f"{DOMAIN}."] == ["A"]
    assert whole.outputs()["url"] == f"https://{DOMAIN}"


@pytest.mark.usefixtures("whole")
def test_a_firewall_is_before_the_load_balancer(cloud: Account) -> None:
    (balancer,) = client(cloud, "elbv2").describe_load_balancers()["LoadBalancers"]
    found = client(cloud, "wafv2").get_web_acl_for_resource(ResourceArn=balancer["LoadBalancerArn"])
    assert found["WebACL"]["Name"] == "shop"


def test_images_cannot_be_pushed_over(whole: Terraform, cloud: Account) -> None:
    found = client(cloud, "ecr").describe_repositories()["repositories"]
    assert {repository["repositoryUri"] for repository in found} == set(whole.outputs()["repository_urls"].values())
    assert {repository["imageTagMutability"] for repository in found} == {"IMMUTABLE"}
    assert all(repository["imageScanningConfiguration"]["scanOnPush"] for repository in found)


def test_the_state_has_a_bucket_that_nothing_deletes(root: Root, cloud: Account) -> None:
    made = root("state", cloud.address)
    (made.folder / "test.auto.tfvars").write_text('bucket = "shop-terraform-state"\n')
    made.do("apply", "-auto-approve", "-input=false", "-no-color")
    done = made.run("plan", "-detailed-exitcode", "-input=false", "-no-color")
    assert done.returncode == 0, done.stdout
    s3, bucket = client(cloud, "s3"), "shop-terraform-state"
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    refused = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert [(each["Effect"], each["Condition"]) for each in refused] == [
        ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    ]
    backend = made.outputs()["backend"]
    assert 'bucket       = "shop-terraform-state"' in backend
    assert "use_lockfile = true" in backend
    (made.folder / "backend.tf").write_text(backend)
    assert made.do("fmt", "-check", "backend.tf") == ""
    (made.folder / "backend.tf").unlink()
    assert "prevent_destroy" in made.run("destroy", "-auto-approve", "-input=false", "-no-color").stdout


def test_destroy_leaves_nothing(whole: Terraform, cloud: Account) -> None:
    before = _left(cloud)
    assert all(before.values()), before  # else a call that finds nothing would prove nothing
    whole.do("apply", "-destroy", "-auto-approve", "-input=false", "-no-color", "-refresh=false")
    assert whole.do("state", "list") == ""
    assert _left(cloud) == dict.fromkeys(before, ())
    keys = client(cloud, "kms")
    own = {"TagKey": "managed-by", "TagValue": "terraform"}  # the emulator makes some for services that encrypt, too
    ours = [key for key in keys.list_keys()["Keys"] if own in keys.list_resource_tags(KeyId=key["KeyId"])["Tags"]]
    states = [keys.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] for key in ours]
    # AWS keeps a deleted key for the configured days, so that its encrypted data is not lost
    assert set(states) == {"PendingDeletion"}


def _left(cloud: Account) -> dict[str, Any]:
    """The resources in the account, without those of an empty account."""
    ec2, iam, logs = client(cloud, "ec2"), client(cloud, "iam"), client(cloud, "logs")
    own = [{"Name": "tag:managed-by", "Values": ["terraform"]}]
    gone = ("deleted", "deleting")
    found = {
        "vpcs": ec2.describe_vpcs(Filters=own)["Vpcs"],
        "subnets": ec2.describe_subnets(Filters=own)["Subnets"],
        "gateways": ec2.describe_internet_gateways(Filters=own)["InternetGateways"],
        "addresses": ec2.describe_addresses()["Addresses"],
        "nat": [each for each in ec2.describe_nat_gateways()["NatGateways"] if each["State"] not in gone],
        "endpoints": [each for each in ec2.describe_vpc_endpoints()["VpcEndpoints"] if each["State"] not in gone],
        "flow logs": ec2.describe_flow_logs()["FlowLogs"],
        "groups": [each for each in ec2.describe_security_groups()["SecurityGroups"] if each["GroupName"] != "default"],
        "templates": ec2.describe_launch_templates()["LaunchTemplates"],
        "roles": iam.list_roles()["Roles"],
        "policies": iam.list_policies(Scope="Local")["Policies"],
        "providers": iam.list_open_id_connect_providers()["OpenIDConnectProviderList"],
        "logs": logs.describe_log_groups()["logGroups"],
        "filters": logs.describe_metric_filters()["metricFilters"],
        "tables": client(cloud, "dynamodb").list_tables()["TableNames"],
        "functions": client(cloud, "lambda").list_functions()["Functions"],
        "apis": [each for each in client(cloud, "apigatewayv2").get_apis()["Items"] if each["Name"] != API],
        "domains": client(cloud, "apigatewayv2").get_domain_names()["Items"],
        "certificates": client(cloud, "acm").list_certificates()["CertificateSummaryList"],
        "links": client(cloud, "apigatewayv2").get_vpc_links()["Items"],
        "balancers": client(cloud, "elbv2").describe_load_balancers()["LoadBalancers"],
        "targets": client(cloud, "elbv2").describe_target_groups()["TargetGroups"],
        "repositories": client(cloud, "ecr").describe_repositories()["repositories"],
        "topics": [each for each in client(cloud, "sns").list_topics()["Topics"] if TOPIC not in each["TopicArn"]],
        "subscriptions": client(cloud, "sns").list_subscriptions()["Subscriptions"],
        "queues": client(cloud, "sqs").list_queues().get("QueueUrls", []),
        "mappings": client(cloud, "lambda").list_event_source_mappings()["EventSourceMappings"],
        "user pools": client(cloud, "cognito-idp").list_user_pools(MaxResults=60)["UserPools"],
        "alarms": client(cloud, "cloudwatch").describe_alarms()["MetricAlarms"],
        "eks": list(cloud.eks.left),
        "pod identity": list(cloud.pod_identity.associations),
    }
    return {name: tuple(map(str, each)) for name, each in found.items()}
