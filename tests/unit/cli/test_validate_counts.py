"""`microservice-operator validate` counts what it checked and names what it did not check."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from microservice_operator.cli import application

OURS = "microservice-operator.dev/v1alpha1"


def service(name: str = "order", **spec: Any) -> dict[str, Any]:
    """A Microservice."""
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": OURS, "kind": "Microservice", "metadata": metadata, "spec": {"image": "order:1", **spec}}


def other(kind: str = "ConfigMap", api_version: str = "v1") -> dict[str, Any]:
    """An object of another kind."""
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}}


def listed(*items: Any, kind: str = "List", api_version: str = "v1") -> dict[str, Any]:
    """A list of objects."""
    return {"apiVersion": api_version, "kind": kind, "items": list(items)}


def validate(*words: str, text: str | None = None) -> Result:
    """Run the command in this process."""
    command = ["validate", *words]
    return CliRunner().invoke(application(command), command, input=text)


ENVIRONMENT = {"apiVersion": OURS, "kind": "Environment", "metadata": {"name": "prod"}, "spec": {}}
# Documents of one file; how many resources were checked, kinds that were not, and the place of each problem.
FILES: dict[str, tuple[list[Any], int, dict[str, int], list[str]]] = {
    "one": ([service()], 1, {}, []),
    "both kinds": ([service(), ENVIRONMENT], 2, {}, []),
    "beside others": (
        [service(), other(), other("Deployment", "apps/v1"), other()],
        1,
        {"ConfigMap": 2, "Deployment": 1},
        [],
    ),
    "others only": ([other()], 0, {"ConfigMap": 1}, [""]),
    "a kind of an unknown group": (
        [service(), other("Application", "argoproj.io/v1alpha1")],
        1,
        {"Application": 1},
        [],
    ),
    "a namesake of another group": ([service(), other("Environment", "apps.example/v1")], 1, {"Environment": 1}, []),
    "an unknown version of ours": (
        [{**service(), "apiVersion": "microservice-operator.dev/v2"}],
        1,
        {},
        ["apiVersion"],
    ),
    "our group misspelt": ([{**service(), "apiVersion": "microservices-operator.dev/v1alpha1"}], 1, {}, ["apiVersion"]),
    "our group forgotten": ([{**service(), "apiVersion": "v1alpha1"}], 1, {}, ["apiVersion"]),
    "a kind that we do not have": ([{**service(), "kind": "Service"}], 1, {}, ["kind"]),
    "a kind that is no text": ([{**service(), "kind": {}}], 1, {}, ["kind"]),
    "no apiVersion": ([{"foo": "bar"}], 1, {}, ["apiVersion", "kind"]),
    "an apiVersion that is a list": ([{**service(), "apiVersion": []}], 1, {}, ["apiVersion"]),
    "a text": (["x"], 1, {}, [""]),
    "a list of YAML": ([[service()]], 1, {}, [""]),
    "a List": ([listed(service(), other())], 1, {"ConfigMap": 1}, []),
    "a List with a wrong item": ([listed(service("a"), service("b", replicas="3"))], 2, {}, ["spec.replicas"]),
    "a List of Lists": ([listed(listed(service(replicas="3")))], 1, {}, ["spec.replicas"]),
    "a List of one kind": (
        [
            listed(
                {k: v for k, v in service(replicas="3").items() if k in ("metadata", "spec")},
                kind="MicroserviceList",
                api_version=OURS,
            )
        ],
        1,
        {},
        ["spec.replicas"],
    ),
    "a List of texts": ([listed("x")], 1, {}, [""]),
    "an empty List": ([listed()], 0, {}, [""]),
    "a List without items": ([{"apiVersion": "v1", "kind": "List"}], 0, {"List": 1}, [""]),
    "empty documents between": ([None, service(), None], 1, {}, []),
    "nothing": ([None], 0, {}, [""]),
    "an Environment that is not valid": ([service(), {**ENVIRONMENT, "spec": {"x": 1}}], 2, {}, ["spec.x"]),
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_counted(name: str) -> None:
    documents, checked, others, fields = FILES[name]
    text = "---\n".join("" if document is None else yaml.safe_dump(document) for document in documents)
    result = validate("-", "-o", "json", text=text)
    report = json.loads(result.stdout)
    assert [problem["field"] for problem in report["problems"]] == fields
    assert report["checked"] == {"resources": checked, "openAPIDocuments": 0}
    assert {each["what"]: each["count"] for each in report["notChecked"]} == others
    assert result.exit_code == int(bool(fields))
    output = validate("-", text=text).stdout
    assert all(f"{count} {kind}" in output for kind, count in others.items())
    assert ("valid: " in output) == (not fields)


def test_the_place_of_a_problem_in_a_list() -> None:
    text = yaml.safe_dump(listed(service("a"), service("b", replicas="3")), sort_keys=False)
    (problem,) = json.loads(validate("-", "-o", "json", text=text).stdout)["problems"]
    assert (problem["resource"], problem["field"]) == ("Microservice shop/b", "spec.replicas")
    assert "replicas: '3'" in text.splitlines()[problem["line"] - 1]


def test_a_warning_is_printed_and_changes_no_exit_code(tmp_path: Path) -> None:
    aws = {"region": "eu-central-1", "accountID": "123456789012"}
    environment = {**ENVIRONMENT, "spec": {"aws": aws, "tags": {"team": "a"}}}
    file = tmp_path / "a.yaml"
    file.write_text(yaml.safe_dump_all([service(tags={"team": "b"}), environment]), encoding="utf-8")
    result = validate(str(file))
    assert result.exit_code == 0
    warning, verdict = result.stdout.splitlines()
    assert warning.startswith(f"{file}:")
    assert ": Microservice shop/order: warning: spec.tags.team: has no effect in AWS, because" in warning
    assert verdict == "valid: 2 resources, 1 warning"
    report = json.loads(validate(str(file), "-o", "json").stdout)
    assert (report["problems"], [each["field"] for each in report["warnings"]]) == ([], ["spec.tags.team"])


def test_text_says_how_much_of_what_was_checked(tmp_path: Path) -> None:
    files = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    files[0].write_text(yaml.safe_dump_all([service(), ENVIRONMENT, other()]), encoding="utf-8")
    files[1].write_text(json.dumps(other("Secret")), encoding="utf-8")
    assert (
        validate(*map(str, files)).stdout == "not checked: 1 ConfigMap, 1 Secret, of other kinds\nvalid: 2 resources\n"
    )
    alone = validate(str(files[1]))
    assert alone.exit_code == 1
    assert "contains no Microservice and no Environment, so nothing was checked" in alone.stdout


@pytest.mark.parametrize("command", ["render", "plan", "explain"])
def test_the_other_commands_read_lists_too(command: str, tmp_path: Path) -> None:
    file = tmp_path / "list.yaml"
    file.write_text(yaml.safe_dump(listed(service(), other("Environment", "apps.example/v1"))), encoding="utf-8")
    words = [command, str(file), *(["--against", str(file)] if command == "plan" else [])]
    result = CliRunner().invoke(application(words), words)
    assert result.exit_code == 0, result.output
    assert "order" in result.stdout


def test_a_change_of_an_item_of_a_list(tmp_path: Path) -> None:
    key = {"name": "orders", "partitionKey": {"name": "id"}}
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(yaml.safe_dump(listed(service(tables=[key]))), encoding="utf-8")
    new.write_text(yaml.safe_dump(service(tables=[{**key, "partitionKey": {"name": "number"}}])), encoding="utf-8")
    assert validate(str(new)).exit_code == 0
    assert "partitionKey and sortKey are immutable" in validate(str(new), "--against", str(old)).stdout


WORDS = st.sampled_from(
    [
        *("apiVersion", "kind", "metadata", "spec", "items", "name", "namespace", "labels", "api", "openAPI", "data"),
        *(OURS, "v1", "Microservice", "Environment", "List", "ConfigMap", "configMapKeyRef", "image", "tables", "tags"),
        *("subscriptions", "auth"),
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=5),
    max_leaves=15,
)


@settings(max_examples=80, deadline=None)
@given(VALUES, VALUES, VALUES)
@example(None, {"²": None}, None)  # a digit to str.isdigit, and not to int
def test_any_content_of_a_file_is_reported(spec: Any, metadata: Any, kind: Any) -> None:
    documents = [{**service(), "spec": spec}, {**service(), "metadata": metadata}, {**service(), "kind": kind}, kind]
    result = validate("-", text=yaml.safe_dump_all(documents))
    assert result.exit_code == 1, result.exception
    assert result.stdout.rstrip().endswith((" error", " errors"))


@settings(max_examples=80, deadline=None)
@given(st.text() | st.lists(WORDS | st.sampled_from(list(":-{}[],&*!|>'\"\n\t #%@`?~ ")), max_size=30).map("".join))
def test_any_text_of_a_file_is_reported(text: str) -> None:
    result = validate("-", text=text)
    assert result.exit_code == 1, result.exception
    assert "error" in result.stdout
