"""Fixtures: the whole example, applied once for all tests of this folder and destroyed at the end."""

import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.terraform.account import REGION, Account, account
from tests.terraform.tool import Terraform, mirror, program

REPOSITORY = Path(__file__).parents[2]
MODULES = REPOSITORY / "manifests/terraform"
TOPIC = "order-created"  # as the operator would call that of the Microservice order
API = "made-by-the-operator"
ZONE = "shop.example"
DOMAIN = f"api.{ZONE}"
CLUSTER_ID = "11111111-2222-3333-4444-555555555555"
SECOND = "210987654321"  # another account, which Terraform enters by a role
Root = Callable[[str, str], Terraform]


def client(cloud: Account, service: Any) -> Any:  # boto3's stubs know each name by a literal
    """A client of the account, independent of Terraform."""
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=cloud.address,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@pytest.fixture(scope="session")
def terraform_program() -> str:
    found = program()
    if found is None:
        pytest.skip("terraform is not on the PATH: install it, or name it in TERRAFORM")
    return found


@pytest.fixture(scope="session")
def root(terraform_program: str, tmp_path_factory: pytest.TempPathFactory) -> Root:
    """A copy of a module that can be run, so that Terraform writes nothing into the tree."""
    found = mirror()
    if found is None:
        pytest.skip("no mirror of Terraform's providers is found: name one that holds hashicorp/aws in TF_PLUGIN_DIR")

    def copy(name: str, address: str) -> Terraform:
        folder = tmp_path_factory.mktemp(name) / "terraform"
        shutil.copytree(MODULES, folder, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfvars"))
        environment = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": address,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        made = Terraform(terraform_program, found, folder / name, environment)
        made.init()
        return made

    return copy


@pytest.fixture(scope="session")
def cloud() -> Iterator[Account]:
    with account() as made:
        yield made


@pytest.fixture(scope="session")
def unapplied(root: Root, cloud: Account) -> Terraform:
    made = root("example", cloud.address)
    (made.folder / "test.auto.tfvars").write_text("""
repository          = "shop/shop"
repository_ids      = { owner = "12", repository = "345" }
deletion_protection = false
interface_endpoints = ["ecr.api"]
alarm_emails        = ["on-call@shop.example"]
""")
    return made


@pytest.fixture(scope="session")
def example(unapplied: Terraform) -> Terraform:
    """Its first apply, as docs/delivery.md has it: neither the cluster's id nor the topic is known yet."""
    unapplied.do("apply", "-auto-approve", "-input=false", "-no-color")
    return unapplied


@pytest.fixture(scope="session")
def whole(example: Terraform, cloud: Account, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Its second apply, when the operator has made the topic and the API: its role, the functions, the domain come."""
    topic = client(cloud, "sns").create_topic(Name=TOPIC)["TopicArn"]
    api = client(cloud, "apigatewayv2").create_api(Name=API, ProtocolType="HTTP")["ApiId"]
    zone = client(cloud, "route53").create_hosted_zone(Name=ZONE, CallerReference="tests")["HostedZone"]["Id"]
    firewall = client(cloud, "wafv2").create_web_acl(
        Name="shop",
        Scope="REGIONAL",
        DefaultAction={"Allow": {}},
        VisibilityConfig={"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "shop"},
    )["Summary"]["ARN"]
    package = tmp_path_factory.mktemp("package") / "order-intake.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("empty.py", "")  # what is in it is for the tests of the function
    (example.folder / "second.auto.tfvars").write_text(f"""
cluster_id  = "{CLUSTER_ID}"
restores    = true
access_logs = true
web_acl_arn = "{firewall}"
domain      = {{ name = "{DOMAIN}", zone_id = "{zone.removeprefix("/hostedzone/")}", api_id = "{api}" }}
second_account = {{
  terraform_role_arn       = "arn:aws:iam::{SECOND}:role/terraform"
  permissions_boundary_arn = "arn:aws:iam::{SECOND}:policy/boundary"
}}
order_intake = {{
  package   = "{package}"
  topic_arn = "{topic}"
}}
identity = {{
  package       = "{package}"
  callback_urls = ["https://shop.example/signed-in"]
  domain_prefix = "shop"
}}
""")
    example.do("apply", "-auto-approve", "-input=false", "-no-color", "-refresh=false")
    return example
