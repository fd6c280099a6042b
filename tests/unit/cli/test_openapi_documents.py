"""OpenAPI documents offline: in ConfigMaps next to their Microservice, or in a file; routes and callers."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from microservice_operator.cli import application

from .test_validate_counts import service, validate

TOKENS: dict[str, Any] = {"jwt": {"issuer": "https://login.example", "audiences": ["shop"]}}
JWT: dict[str, Any] = {"auth": TOKENS, "allowAnonymous": True}
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


def environment(**fields: Any) -> dict[str, Any]:
    """An Environment with these settings of its API."""
    listener = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/a/b"
    gateway = {"name": "shop", "vpcLinkID": "abc", "listenerARN": listener, **fields}
    aws = {"region": "eu-west-1", "accountID": "123456789012", "apiGateway": gateway}
    return {**publishing(), "kind": "Environment", "metadata": {"name": "prod"}, "spec": {"aws": aws}}


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
    around = environment(pathPrefix="Microservice")
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
    "without auth, in an unknown Environment": (
        [publishing(), config_map(DOCUMENT)],
        1,
        [],
        ["who may call the routes of shop/order"],
    ),
    "without auth": (
        [publishing(allowAnonymous=True), config_map(DOCUMENT), environment()],
        1,
        ["#/paths/~1orders/put", "#/paths/~1orders/post"],
        [],
    ),
    "with the Environment's auth": (
        [publishing(allowAnonymous=True), config_map(DOCUMENT), environment(auth=TOKENS)],
        1,
        [],
        [],
    ),
    "without consent": (
        [publishing(), config_map(DOCUMENT), environment(auth=TOKENS)],
        1,
        ["#/paths/~1orders/get"],
        [],
    ),
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
    callers = "public at the gateway (auth.none), so the service itself must check its callers"
    assert [(row["microservice"], row["callers"]) for row in said["routes"]] == [("shop/order", callers)] * 3
    said = found(publishing(auth=TOKENS), words=("--openapi", str(document)))
    (problem,) = said["problems"]
    assert (problem["file"], problem["line"]) == (str(document), 7)
    assert "only if spec.api.allowAnonymous is true" in problem["message"]
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
    token = "token of https://login.example"
    assert [row["callers"] for row in explained["routes"]] == ["public", f"{token} with scope write", token]
    assert (
        f"    POST /orders  {token} with scope write"
        in explain(documents=[publishing(**JWT), config_map(DOCUMENT)]).stdout
    )
    assert "is not in the files" in explain(documents=[publishing(**JWT)]).stdout
    (without,) = json.loads(explain("-o", "json", documents=[service()]).stdout)
    assert without["routes"] == []
    refused = explain(documents=[publishing(**JWT), config_map(WRONG)])
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "#/paths/~1orders/trace: is a method that API Gateway does not route" in refused.stderr


PUBLIC: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "by consent": (JWT, ("spec.api.allowAnonymous", "everybody may call GET /orders without a token")),
    "by the service's own check": (
        {"auth": {"none": True}},
        (
            "spec.api.auth",
            "everybody may call GET /orders, POST /orders, PUT /orders without a token; the service itself must check"
            " its callers (auth.none)",
        ),
    ),
}


@pytest.mark.parametrize("case", PUBLIC)
def test_public_routes_are_a_warning_in_their_microservice(case: str) -> None:
    api, expected = PUBLIC[case]
    said = found(publishing(**api), config_map(DOCUMENT))
    (warning,) = said["warnings"]
    assert (warning["field"], warning["message"]) == expected
    assert warning["resource"] == "Microservice shop/order"
    closed = DOCUMENT.replace("get: {security: []}", "get: {}")
    assert found(publishing(auth=TOKENS), config_map(closed))["warnings"] == []


def plan(tmp_path: Path, old: list[Any], new: list[Any], *words: str) -> Result:
    """Compare with the older file."""
    file = tmp_path / "old.yaml"
    file.write_text(yaml.safe_dump_all(old), encoding="utf-8")
    command = ["plan", "-", "--against", str(file), *words]
    return CliRunner().invoke(application(command), command, input=yaml.safe_dump_all(new))


def changes(result: Result) -> list[tuple[str, str, str]]:
    (planned,) = json.loads(result.stdout)
    return [(row["field"], row["effect"], row["what"]) for row in planned["changes"]]


def test_plan_shows_every_route_and_how_its_callers_change(tmp_path: Path) -> None:
    old = [publishing(**JWT), config_map(DOCUMENT), environment()]
    changed = DOCUMENT.replace("get: {security: []}", "get: {}").replace("put: {}", "delete: {}")
    new = [publishing(**JWT), config_map(changed), environment()]
    token = "token of https://login.example"
    result = plan(tmp_path, old, new)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "shop/order",
        f"  created   spec.api: DELETE /orders: {token}",
        f"  in place  spec.api: GET /orders: {token} instead of public",
        "  deleted   spec.api: PUT /orders",
        "  routes",
        f"    DELETE /orders  {token}",
        f"    GET /orders     {token}",
        f"    POST /orders    {token} with scope write",
    ]
    (planned,) = json.loads(plan(tmp_path, old, new, "-o", "json").stdout)
    assert [row["route"] for row in planned["routes"]] == ["DELETE /orders", "GET /orders", "POST /orders"]


def test_plan_compares_no_routes_of_a_document_that_is_not_in_the_files(tmp_path: Path) -> None:
    whole = [publishing(**JWT), config_map(DOCUMENT), environment()]
    bare = [publishing(**JWT), environment()]
    assert changes(plan(tmp_path, bare, whole, "-o", "json")) == []
    assert "is not in the files; add its ConfigMap" in plan(tmp_path, whole, bare).stdout
    closing = [publishing(allowAnonymous=True), config_map(DOCUMENT), environment()]  # refused by this version
    assert not [row for row in changes(plan(tmp_path, closing, whole, "-o", "json")) if "/orders" in row[2]]


def test_plan_refuses_what_would_be_stalled(tmp_path: Path) -> None:
    old = [publishing(**JWT), config_map(DOCUMENT), environment()]
    result = plan(tmp_path, old, [publishing(allowAnonymous=True), config_map(DOCUMENT), environment()])
    assert result.exit_code == 1
    assert "#/paths/~1orders/put: must have a token, but neither spec.api.auth nor" in result.stderr


def test_plan_shows_what_an_environment_changes_for_its_routes(tmp_path: Path) -> None:
    def around(role: str, **fields: Any) -> dict[str, Any]:
        made = environment(**fields)
        made["spec"]["aws"]["roleARN"] = f"arn:aws:iam::123456789012:role/{role}"
        return made

    other = {"jwt": {**TOKENS["jwt"], "issuer": "https://other.example"}}
    service = publishing(allowAnonymous=True)
    old = [service, config_map(DOCUMENT), around("a", auth=TOKENS)]
    new = [service, config_map(DOCUMENT), around("b", auth=other, stage="v1")]
    rows = changes(plan(tmp_path, old, new, "-o", "json"))
    of = "Environment prod: spec.aws"
    assert rows[:3] == [
        (f"{of}.apiGateway.auth.jwt.issuer", "in place", "changing apiGateway.auth.jwt.issuer"),
        (f"{of}.apiGateway.stage", "replace", "the old stage and its URL are deleted"),
        (f"{of}.roleARN", "in place", "changing roleARN"),
    ]
    was = "token of https://login.example"
    assert ("spec.api", "in place", f"PUT /orders: {was.replace('login', 'other')} instead of {was}") in rows


def test_render_tells_the_callers_of_each_route_on_stderr() -> None:
    command = ["render", "-"]
    documents = yaml.safe_dump_all([publishing(allowAnonymous=True), config_map(DOCUMENT), environment(auth=TOKENS)])
    result = CliRunner().invoke(application(command), command, input=documents)
    assert [line for line in result.stderr.splitlines() if line.startswith("# Route")] == [
        "# Route of shop/order: GET /orders: public",
        "# Route of shop/order: POST /orders: token of https://login.example with scope write",
        "# Route of shop/order: PUT /orders: token of https://login.example",
    ]
    assert "GET /orders" not in result.stdout
