"""`microservice-operator validate` on wrong files: each error names file, document, field and remedy."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from microservice_operator.cli import application
from tests.conftest import REPOSITORY
from tests.unit.api.examples import HERE

INVALID = sorted((HERE / "invalid").glob("*.yaml"))
GOOD = """\
apiVersion: microservice-operator.dev/v1alpha1
kind: Microservice
metadata: {name: order, namespace: shop}
spec:
  image: registry.example/order:1
  tables: [{name: orders, partitionKey: {name: id}}]
"""


def validate(*arguments: str | Path, text: str | None = None) -> Result:
    """Run the command in this process."""
    command = ["validate", *map(str, arguments)]
    return CliRunner().invoke(application(command), command, input=text)


def test_there_are_enough_wrong_files() -> None:
    assert len(INVALID) >= 20


@pytest.mark.parametrize("file", INVALID, ids=lambda file: file.stem)
def test_wrong_file(file: Path) -> None:
    field, _, remedy = file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# expect: ").partition(": ")
    if field == ":":  # the file as a whole
        field = ""
    result = validate(file, "-o", "json")
    assert result.exit_code == 1
    (found,) = json.loads(result.stdout)["problems"]
    assert (found["file"], found["field"]) == (str(file), field)
    assert remedy in found["message"]
    assert found["line"] > 1 or file.stem == "empty"
    assert found["document"] == (2 if file.stem == "second-document" else 1)


def test_text_names_file_line_document_resource_field_and_remedy() -> None:
    file = HERE / "invalid" / "misspelt-field.yaml"
    assert validate(file).stdout.splitlines() == [
        (
            f"{file}:7: document 1: Microservice shop/order: spec.livenessProb: no such field; did "
            "you mean livenessProbe?"
        ),
        "1 error",
    ]


def test_several_files_and_yaml_output() -> None:
    result = validate(*INVALID, "-o", "yaml")
    assert result.exit_code == 1
    assert len(yaml.safe_load(result.stdout)["problems"]) == len(INVALID)


@pytest.mark.parametrize("file", sorted((REPOSITORY / "services").glob("*/microservice.yaml")), ids=str)
def test_the_shop_is_valid(file: Path) -> None:
    assert validate(file).exit_code == 0


def test_standard_input() -> None:
    assert validate("-", text=GOOD).exit_code == 0
    assert "<stdin>:1" in validate("-", text="[]").stdout


def test_kinds_of_kubernetes_are_left_to_others() -> None:
    assert validate("-", text=f"apiVersion: v1\nkind: ConfigMap\n---\n---\n{GOOD}").exit_code == 0


@pytest.mark.parametrize("value", ["2026-11-25", "12:30"])
def test_what_kubectl_reads_as_a_string(value: str) -> None:
    text = GOOD.replace("spec:", f"spec:\n  env: [{{name: SINCE, value: {value}}}]")
    assert validate("-", text=text).exit_code == 0


def test_what_kubectl_reads_as_a_whole_number() -> None:
    assert validate("-", text=GOOD.replace("spec:", "spec:\n  replicas: 2.0")).exit_code == 0
    assert validate("-", text=GOOD.replace("spec:", "spec:\n  replicas: 2.5")).exit_code == 1


def test_change(tmp_path: Path) -> None:
    old = tmp_path / "old.yaml"
    old.write_text(GOOD, encoding="utf-8")
    assert validate("-", "--against", old, text=GOOD).exit_code == 0
    result = validate("-", "--against", old, text=GOOD.replace("name: id", "name: number"))
    assert result.exit_code == 1
    assert "spec.tables: tables: partitionKey and sortKey are immutable" in result.stdout


def test_unreadable_files_and_wrong_usage(tmp_path: Path) -> None:
    missing = tmp_path / "missing.yaml"
    result = validate(missing)
    assert (result.exit_code, result.stderr) == (2, f"{missing}: No such file or directory\n")
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    assert validate(binary).exit_code == 2
    assert validate("-", "--against", HERE / "invalid" / "syntax.yaml", text=GOOD).exit_code == 2
    assert validate().exit_code == 2
