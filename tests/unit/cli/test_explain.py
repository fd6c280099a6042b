"""`microservice-operator explain`: each action of the policy with the declaration that it comes from."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from microservice_operator.api.parsing import Identity
from microservice_operator.cli import application
from microservice_operator.ownership import Owner

SERVICE = """
apiVersion: microservice-operator.dev/v1alpha1
kind: Microservice
metadata: {name: product, namespace: shop}
spec:
  image: product:1
  tables:
    - {name: products, partitionKey: {name: id}, streamViewType: KeysOnly, access: ReadOnly}
---
apiVersion: microservice-operator.dev/v1alpha1
kind: Environment
metadata: {name: prod}
spec:
  aws: {region: us-east-1, accountID: "123456789012", identity: {type: PodIdentity, clusterName: prod}}
"""
BARE = """
apiVersion: microservice-operator.dev/v1alpha1
kind: Microservice
metadata: {name: web, namespace: shop}
spec: {image: "web:1"}
"""


def explain(*arguments: str | Path, stdin: str = SERVICE) -> Result:
    words = ["explain", *map(str, arguments)]
    return CliRunner().invoke(application(words), words, input=stdin)


def test_each_action_names_its_declaration() -> None:
    result = explain("-")
    assert result.exit_code == 0, result.output
    lines = [line for line in result.stdout.splitlines() if "dynamodb:" in line and "  on " not in line]
    assert all("spec.tables[0]  table products: access ReadOnly" in line for line in lines)
    assert any("dynamodb:GetRecords" in line and "streamViewType KeysOnly" in line for line in lines)
    assert "table/shop-product-products-unknown-hash" in result.stdout
    assert "role/microservice-operator/unknown-cluster-id/shop-product-role-unknown-hash" in result.stdout


def test_each_placeholder_says_what_it_stands_for() -> None:
    result = explain("-", stdin=SERVICE.partition("---")[0])
    assert "on arn:aws:dynamodb:unknown-region:unknown-account-id:table/shop-product-products-unknown-hash" in (
        result.stdout
    )


def test_what_is_to_be_taken_over_is_shown_as_if_it_were() -> None:
    taking = SERVICE.replace("{name: id}", "{name: id}, adopt: {name: legacy}")
    taking = taking.replace("  tables:", "  access: {from: [{microservice: web}]}\n  tables:")
    web = BARE.replace('"web:1"', '"web:1", tableRefs: [{microservice: product, table: products}]')
    result = explain("-", "-o", "json", stdin=f"{taking}---{web}")
    assert result.exit_code == 0, result.output
    legacy = "arn:aws:dynamodb:us-east-1:123456789012:table/legacy"
    explained = {entry["name"]: entry["grants"] for entry in json.loads(result.stdout)}
    for grants in explained.values():
        assert {row["resource"] for row in grants} == {legacy, f"{legacy}/stream/*"}
    assert {row["because"].partition(", ")[2] for row in explained["product"]} >= {"after its adoption"}


def test_who_else_may_send_is_shown() -> None:
    source = '{service: s3.amazonaws.com, sourceARN: "arn:aws:s3:::uploads"}'
    fed = BARE.replace('"web:1"', f'"web:1", queues: [{{name: files, awsSources: [{source}]}}]')
    result = explain("-", stdin=f"{fed}---{SERVICE.partition('---')[2]}")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    start = lines.index("  from s3.amazonaws.com, for arn:aws:s3:::uploads")
    queue = "arn:aws:sqs:us-east-1:123456789012:shop-web-files-unknown-hash"
    assert lines[start + 1] == f"    sqs:SendMessage  spec.queues[0].awsSources[0]  to {queue}"
    (explained,) = json.loads(explain("-", "-o", "json", stdin=fed).stdout)
    assert [sender["source"] for sender in explained["senders"]] == ["arn:aws:s3:::uploads"]


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_rows_and_policy_say_the_same(output: str) -> None:
    result = explain("-", "-o", output)
    (explained,) = json.loads(result.stdout) if output == "json" else yaml.safe_load(result.stdout)
    rows = {(row["action"], row["resource"]) for row in explained["grants"]}
    policy = {(a, r) for s in explained["policy"]["Statement"] for a in s["Action"] for r in s["Resource"]}
    assert rows == policy
    assert explained["trust"]["Statement"][0]["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert explained["note"] == ""


def test_with_the_cluster_the_names_are_exact() -> None:
    (explained,) = json.loads(explain("-", "-o", "json", "--cluster-id", "c1").stdout)
    owner = Owner("c1", Identity("shop", "product", ""))
    assert explained["role"].endswith(f"/microservice-operator/c1/{owner.name('role', 64)}")
    assert any(row["resource"].endswith(f":table/{owner.name('products', 255)}") for row in explained["grants"])


def test_what_keeps_a_role_from_being_made_is_said() -> None:
    assert "declares no AWS resource" in explain("-", stdin=BARE).stdout
    assert "add its file with --environment" in explain("-", stdin=SERVICE.partition("---")[0]).stdout
    without = SERVICE.replace(", identity: {type: PodIdentity, clusterName: prod}", "")
    assert "has no spec.aws.identity" in explain("-", stdin=without).stdout


def test_how_it_exits(tmp_path: Path) -> None:
    assert explain(tmp_path / "absent.yaml").exit_code == 2
    wrong = explain("-", stdin=BARE.replace("image", "imagine"))
    assert wrong.exit_code == 1
    assert "imagine" in wrong.stderr
    elsewhere = explain("-", stdin=BARE.replace('"web:1"', '"web:1", environment: away'))
    assert elsewhere.exit_code == 1
    assert "Environment away" in elsewhere.stderr


def test_a_ref_is_explained_with_its_consent_or_without() -> None:
    ref = BARE.replace('"web:1"', '"web:1", tableRefs: [{microservice: product, table: products}]')
    alone = explain("-", stdin=ref + SERVICE.partition("---")[2].join(["---", ""]))
    assert "does not exist" in alone.stdout
    both = ref + "---" + SERVICE.replace("  tables:", "  access: {from: [{microservice: web}]}\n  tables:")
    explained = json.loads(explain("-", "-o", "json", stdin=both).stdout)
    (web,) = (item for item in explained if item["name"] == "web")
    assert all(":table/shop-product-products-" in row["resource"] for row in web["grants"])
    assert {row["field"] for row in web["grants"]} == {"spec.tableRefs[0]"}
    assert all("which allows this one: access ReadOnly" in row["because"] for row in web["grants"])
