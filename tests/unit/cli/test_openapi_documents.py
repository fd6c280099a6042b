"""OpenAPI documents offline: in ConfigMaps next to their Microservice, or in a file; routes and callers."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from microservice_operator.cli import application

from .test_validate_counts import service, validate

JWT: dict[str, Any] = {"auth": {"jwt": {"issuer": "https://login.example", "audiences": ["shop"]}}}
DOCUMENT = """\
openapi: 3.1.0
components:
  securitySchemes:
    login: {type: oauth2, flows: {}}
paths:
  /orders:
    get: {security: []}
    post: {security: [{login: [write]}]}
    put: {}
"""
WRONG = DOCUMENT.replace("[write]", "[read, write]").replace("put: {}", "trace: {}")


def publishing(name: str = "order", **api: Any) -> dict[str, Any]:
    """A Microservice with routes."""
    return service(name, api={"openAPI": {"configMapKeyRef": {"name": f"{name}-openapi"}}, **api})


def config_map(
    text: Any, name: str = "order-openapi", namespace: str | None = "shop", key: str = "openapi.yaml"
) -> dict[str, Any]:
    """A ConfigMap with a document."""
    where = {"namespace": namespace} if namespace else {}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **where}, "data": {key: text}}


def found(*documents: Any, words: tuple[str, ...] = ()) -> dict[str, Any]:
    """What the command prints of these documents as JSON."""
    result = validate("-", "-o", "json", *words, text=yaml.safe_dump_all(documents, sort_keys=False))
    assert result.exception is None or isinstance(result.exception, SystemExit)
    printed: dict[str, Any] = json.loads(result.stdout)
    return printed


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A document in a file."""
    file = tmp_path / "openapi.yaml"
    file.write_text(DOCUMENT, encoding="utf-8")
    return file


def test_the_prefix_of_the_environment_is_demanded() -> None:
    gateway = {
        "name": "shop",
        "vpcLinkID": "abc",
        "listenerARN": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/a/b",
        "pathPrefix": "Microservice",
    }
    aws = {"region": "eu-west-1", "accountID": "123456789012", "apiGateway": gateway}
    around = {**publishing(), "kind": "Environment", "metadata": {"name": "prod"}, "spec": {"aws": aws}}
    service = publishing(**JWT)
    name = f"/{service['metadata']['namespace']}/{service['metadata']['name']}"
    messages = [each["message"] for each in found(service, config_map(DOCUMENT), around)["problems"]]
    assert messages
    assert all(message.startswith(f"is not below {name}, as the Environment requires") for message in messages)
    below = DOCUMENT.replace("paths:", "paths:", 1).replace("\n  /", f"\n  {name}/")
    assert found(service, config_map(below), around)["problems"] == []


CONFIG_MAPS: dict[str, tuple[list[Any], int, list[str], list[str]]] = {
    "valid": ([publishing(**JWT), config_map(DOCUMENT)], 1, [], []),
    "without a namespace": ([publishing(**JWT), config_map(DOCUMENT, namespace=None)], 1, [], []),
    "of two": (
        [publishing(**JWT), publishing("user", **JWT), config_map(DOCUMENT), config_map(DOCUMENT, "user-openapi")],
        2,
        [],
        [],
    ),
    "wrong": (
        [publishing(**JWT), config_map(WRONG)],
        1,
        ["#/paths/~1orders/post/security/0/login", "#/paths/~1orders/trace"],
        [],
    ),
    "without auth": ([publishing(), config_map(DOCUMENT)], 1, ["#/paths/~1orders/post/security"], []),
    "with auth of the service's own": ([publishing(auth={"none": True}), config_map(DOCUMENT)], 1, [], []),
    "with another key": ([publishing(**JWT), config_map(DOCUMENT, key="x")], 1, [""], []),
    "with a number": ([publishing(**JWT), config_map(5)], 1, [""], []),
    "without data": ([publishing(**JWT), {**config_map(""), "data": "x"}], 1, [""], []),
    "elsewhere": ([publishing(**JWT)], 0, [], ["the OpenAPI document of shop/order"]),
    "in another namespace": (
        [publishing(**JWT), config_map(DOCUMENT, namespace="x")],
        0,
        [],
        ["the OpenAPI document of shop/order", "ConfigMap"],
    ),
    "of no Microservice": ([service(), config_map("x")], 0, [], ["ConfigMap"]),
    "of a service that is not valid": ([publishing(x=1), config_map(DOCUMENT)], 0, ["spec.api.x"], ["ConfigMap"]),
}


@pytest.mark.parametrize("name", CONFIG_MAPS)
def test_config_maps(name: str) -> None:
    documents, checked, fields, unchecked = CONFIG_MAPS[name]
    said = found(*documents)
    assert [problem["field"] for problem in said["problems"]] == fields
    assert said["checked"]["openAPIDocuments"] == checked
    assert [each["what"] for each in said["notChecked"]] == unchecked


def test_a_problem_in_a_config_map_names_it_and_its_line() -> None:
    documents = [publishing(**JWT), config_map(WRONG)]
    problem = found(*documents)["problems"][0]
    assert problem["resource"] == "ConfigMap shop/order-openapi"
    text = yaml.safe_dump_all(documents, sort_keys=False)
    assert text.splitlines()[problem["line"] - 1].strip().startswith("openapi.yaml:")


def test_a_file_alone_shows_its_routes_and_who_may_call_them(document: Path) -> None:
    assert validate("--openapi", str(document)).stdout.splitlines() == [
        "GET /orders   public",
        "POST /orders  a token with scope write",
        "PUT /orders   any token",
        "valid: 1 OpenAPI document",
    ]
    rows = json.loads(validate("--openapi", str(document), "-o", "json").stdout)["routes"]
    assert rows[1] == {
        "microservice": "",
        "route": "POST /orders",
        "callers": "a token with scope write",
        "public": False,
        "scopes": ["write"],
    }


def test_a_file_beside_its_microservice_is_read_as_that_says(document: Path) -> None:
    said = found(publishing(auth={"none": True}), words=("--openapi", str(document)))
    assert [(row["microservice"], row["callers"]) for row in said["routes"]] == [("shop/order", "public")] * 3
    said = found(publishing(), words=("--openapi", str(document)))
    (problem,) = said["problems"]
    assert (problem["file"], problem["line"]) == (str(document), 8)
    assert (said["routes"], said["checked"]) == ([], {"resources": 1, "openAPIDocuments": 1})


def test_the_line_of_each_problem_in_a_file(document: Path) -> None:
    document.write_text(WRONG, encoding="utf-8")
    result = validate("--openapi", str(document))
    assert result.exit_code == 1
    assert [line.split(": ")[0] for line in result.stdout.splitlines()] == [
        f"{document}:8",
        f"{document}:9",
        "2 errors",
    ]
    document.write_text(f"{DOCUMENT}  x: [", encoding="utf-8")
    assert validate("--openapi", str(document)).stdout.startswith(
        f"{document}:11: document 1: OpenAPI: cannot be read: "
    )


def test_wrong_usage(document: Path) -> None:
    both = yaml.safe_dump_all([publishing(), publishing("user")])
    for words, text, message in (
        (["--openapi", str(document), "-"], both, "belongs to one Microservice"),
        (["--openapi", "absent.yaml"], None, "absent.yaml: No such file"),
        ([], None, "pass files with resources, or --openapi"),
    ):
        result = validate(*words, text=text)
        assert result.exit_code == 2
        assert message in " ".join(result.stderr.replace("│", " ").split())


def explain(*words: str, documents: list[Any]) -> Result:
    """Run the command in this process."""
    command = ["explain", "-", *words]
    return CliRunner().invoke(application(command), command, input=yaml.safe_dump_all(documents))


def test_explain_shows_routes_too(document: Path) -> None:
    beside = explain("-o", "json", documents=[publishing(**JWT), config_map(DOCUMENT)])
    in_a_file = explain("-o", "json", "--openapi", str(document), documents=[publishing(**JWT)])
    assert beside.stdout == in_a_file.stdout
    (explained,) = json.loads(beside.stdout)
    assert [row["callers"] for row in explained["routes"]] == ["public", "a token with scope write", "any token"]
    assert (
        "    POST /orders  a token with scope write"
        in explain(documents=[publishing(**JWT), config_map(DOCUMENT)]).stdout
    )
    assert "is not in the files" in explain(documents=[publishing(**JWT)]).stdout
    (without,) = json.loads(explain("-o", "json", documents=[service()]).stdout)
    assert without["routes"] == []
    refused = explain(documents=[publishing(**JWT), config_map(WRONG)])
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "#/paths/~1orders/trace: is a method that API Gateway does not route" in refused.stderr
