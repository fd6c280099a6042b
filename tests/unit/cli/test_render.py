"""`microservice-operator render`: what it prints and how it exits."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from microservice_operator.cli import application
from tests.golden.cases import HERE, cases

SHOP = Path(__file__).parents[3] / "services"
GOOD = """
apiVersion: microservice-operator.dev/v1alpha1
kind: Microservice
metadata: {name: hello, namespace: shop}
spec: {image: "hello:1"}
"""
ENVIRONMENT = """
apiVersion: microservice-operator.dev/v1alpha1
kind: Environment
metadata: {name: prod}
spec: {defaults: {replicas: 7}}
"""


def render(*arguments: str | Path, stdin: str = "") -> Result:
    words = ["render", *map(str, arguments)]
    return CliRunner().invoke(application(words), words, input=stdin)


def replicas(result: Result) -> int:
    (deployment,) = (d for d in yaml.safe_load_all(result.stdout) if d["kind"] == "Deployment")
    found: int = deployment["spec"]["replicas"]
    return found


@pytest.mark.parametrize("service", ["user", "product", "order"])
def test_the_shop(service: str) -> None:
    result = render(SHOP / service / "microservice.yaml")
    assert result.exit_code == 0, result.output
    kinds = [document["kind"] for document in yaml.safe_load_all(result.stdout)]
    assert {"ServiceAccount", "Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"} <= set(kinds)
    assert "placeholders" in result.stderr


@pytest.mark.parametrize("name", [case.name for case in cases()])
def test_every_golden_case(name: str) -> None:
    result = render(HERE / name / "resource.yaml", "-o", "json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["kind"] == "List"


def test_what_is_in_the_cluster_is_rendered_alike() -> None:
    (case,) = (case for case in cases() if case.name == "user-service")
    expected = list(yaml.safe_load_all(case.children_file.read_text("utf-8")))
    rendered = list(yaml.safe_load_all(render(HERE / case.name / "resource.yaml").stdout))
    assert [_told_apart(body) for body in rendered] == [_told_apart(body) for body in expected]


def _told_apart(body: dict[str, Any]) -> dict[str, Any]:
    metadata = {k: v for k, v in body["metadata"].items() if k not in ("ownerReferences", "annotations")}
    return {**body, "metadata": metadata}


def test_standard_input_and_an_environment_beside(tmp_path: Path) -> None:
    file = tmp_path / "environment.yaml"
    file.write_text(ENVIRONMENT)
    assert replicas(render("-", stdin=GOOD)) == 2
    assert replicas(render("-", "--environment", file, stdin=GOOD)) == 7
    assert replicas(render("-", stdin=f"{GOOD}---{ENVIRONMENT}")) == 7
    assert replicas(render("-", stdin=f"{GOOD}---{ENVIRONMENT}---{ENVIRONMENT.replace('prod', 'test')}")) == 2


WITHOUT = "so its defaults, variables such as AWS_REGION, and rules of network policies are left out; "


def test_a_note_says_what_is_left_out_without_an_environment(tmp_path: Path) -> None:
    file = tmp_path / "environment.yaml"
    file.write_text(ENVIRONMENT)
    other = GOOD.replace("hello", "other")
    notes = {
        f"{GOOD}---{other}": f"# No Environment for shop/hello, shop/other, {WITHOUT}add its file with --environment.",
        f"{GOOD}---{ENVIRONMENT}---{ENVIRONMENT.replace('prod', 'test')}": (
            f"# No Environment for shop/hello, {WITHOUT}name one of prod, test in spec.environment."
        ),
    }
    for text, note in notes.items():
        assert render("-", stdin=text).stderr.splitlines()[2:] == [note]
    assert len(render("-", "--environment", file, stdin=GOOD).stderr.splitlines()) == 2


def test_the_values_that_a_cluster_gives_are_named_placeholders() -> None:
    text = GOOD.replace('"}', '", topics: [{name: created}], databases: [{name: main}]}')
    rendered = yaml.safe_load_all(render("-", stdin=text).stdout)
    bodies = {body["kind"]: body for body in rendered if body["kind"] in {"Deployment", "Secret"}}
    [container] = bodies["Deployment"]["spec"]["template"]["spec"]["containers"]
    variables = {variable["name"]: variable.get("value", "") for variable in container["env"]}
    assert (
        variables["CREATED_TOPIC_ARN"]
        == "arn:aws:sns:unknown-region:unknown-account-id:shop-hello-created-unknown-hash"
    )
    assert bodies["Deployment"]["metadata"]["ownerReferences"][0]["uid"] == "unknown-uid"
    values = {b64decode(value).decode() for value in bodies["Secret"]["data"].values()}
    assert {"unknown-database-host", "unknown-user-name", "unknown-password"} <= values


def test_the_emulator() -> None:
    result = render(SHOP / "product" / "microservice.yaml", "--aws-endpoint-url", "http://moto.aws.svc:5000")
    assert "AWS_ENDPOINT_URL" in result.stdout


@pytest.mark.parametrize(("fifo", "end"), [("true", "-unknown-hash.fifo"), ("false", "-unknown-hash")])
def test_names_of_topics_and_queues_end_as_aws_wants_them(fifo: str, end: str) -> None:
    declared = f"topics: [{{name: said, fifo: {fifo}}}], queues: [{{name: heard, fifo: {fifo}}}]"
    result = render("-", stdin=GOOD.replace('"}', f'", {declared}}}'))
    assert result.exit_code == 0, result.output
    (deployment,) = (d for d in yaml.safe_load_all(result.stdout) if d["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    variables = {variable["name"]: variable.get("value", "") for variable in container["env"]}
    assert variables["SAID_TOPIC_ARN"].endswith(f":shop-hello-said{end}")
    assert variables["HEARD_QUEUE_URL"].endswith(f"/shop-hello-heard{end}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("image", "imagee"), ":5: document 1: Microservice shop/hello: spec.imagee: "),
        (GOOD.replace("Microservice\n", "Microservce\n"), ":3: document 1: Microservce shop/hello: kind: "),
        (
            GOOD.replace('"}', '", environment: prod}'),
            ":5: document 1: Microservice shop/hello: spec.environment: Environment prod is not in the files",
        ),
        (f"{GOOD}---{GOOD.replace('hello:1', '')}", "document 2: Microservice shop/hello: spec.image: "),
        (ENVIRONMENT, "no Microservice found; pass a file that contains one"),
        ("a: [", ": is not valid YAML: "),
        ("- 1", "a document must be an object"),
    ],
)
def test_wrong_resources(text: str, said: str) -> None:
    result = render("-", stdin=text)
    assert result.exit_code == 1
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nowhere.yaml",),
        (HERE / "minimal" / "resource.yaml", "--environment", "nowhere.yaml"),
        (HERE / "minimal" / "resource.yaml", "--aws-endpoint-url", "moto"),
        (HERE / "minimal" / "resource.yaml", "--aws-endpoint-url", "http://moto:port"),
        (HERE / "minimal" / "resource.yaml", "-o", "xml"),
    ],
)
def test_usage(arguments: tuple[str | Path, ...]) -> None:
    result = render(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
