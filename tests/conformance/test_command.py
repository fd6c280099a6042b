"""The command itself: arguments, output formats, exit codes and Ctrl-C, with AWS behind the proxy."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from microservice_operator.cli import application

from .conftest import World
from .test_run import left


@pytest.fixture
def file(world: World, tmp_path: Path) -> Path:
    return write(world, tmp_path, "prod")


def write(world: World, folder: Path, *environments: str) -> Path:
    """A file with Environments of these names."""
    spec = world.prepared.environment().spec.manifest()
    documents: list[dict[str, Any]] = [
        {
            "apiVersion": "microservice-operator.dev/v1alpha1",
            "kind": "Environment",
            "metadata": {"name": name},
            "spec": spec,
        }
        for name in environments
    ]
    path = folder / "environment.yaml"
    path.write_text(yaml.safe_dump_all(documents))
    return path


def words(world: World, *more: str) -> list[str]:
    return ["conformance", "--aws-endpoint-url", world.address, "--insecure-emulator", *more]


def invoke(words: list[str]) -> Result:
    return CliRunner().invoke(application(words), words)


def test_the_report_for_programs(world: World, file: Path) -> None:
    result = invoke(words(world, "-f", str(file), "-o", "json"))
    report = json.loads(result.stdout)
    assert result.exit_code == 0, result.output
    assert report["certified"] is True
    assert {check["result"] for check in report["checks"]} == {"ok"}
    assert {"action": "ec2:DescribeVpcs", "count": 1}.items() <= {
        key: value for call in report["calls"] if call["action"] == "ec2:DescribeVpcs" for key, value in call.items()
    }.items()
    assert report["leftovers"] == []
    assert (report["accountID"], report["region"]) == (world.prepared.aws["accountID"], world.prepared.aws["region"])
    assert report["calls"][0].keys() == {"action", "count", "p50Ms", "maxMs", "errors"}
    assert "ok: region\n" in result.stderr


def test_recordings_name_nothing_of_the_account(world: World, file: Path, tmp_path: Path) -> None:
    world.layer.withdrawn = {"ec2:DescribeVpcs"}
    folder = tmp_path / "recorded" / "today"
    result = invoke(words(world, "-f", str(file), "--record", str(folder)))
    assert result.exit_code == 1
    recorded = {path.stem: json.loads(path.read_text()) for path in folder.iterdir()}
    assert {"ec2", "eks", "elbv2", "iam", "kms", "rds", "sts"} <= recorded.keys()
    [refused] = [row for row in recorded["ec2"] if "code" in row]
    assert (refused["operation"], refused["status"], refused["code"]) == ("DescribeVpcs", 403, "UnauthorizedOperation")
    written = json.dumps(recorded)
    aws = world.prepared.aws
    secrets = ["123456789012", "arn:aws", aws["vpcID"], *aws["subnetIDs"], aws["apiGateway"]["vpcLinkID"], "prod"]
    assert [secret for secret in secrets if secret in written] == []


def test_a_folder_that_cannot_be_created(world: World, file: Path) -> None:
    result = invoke(words(world, "-f", str(file), "--record", str(file / "below")))
    assert result.exit_code == 2
    assert "name another folder with --record" in result.stderr
    assert world.proxy.calls == []


def test_the_report_for_people(world: World, file: Path) -> None:
    world.layer.withdrawn = {"sqs:TagQueue"}
    result = invoke(words(world, "-f", str(file)))
    assert result.exit_code == 1
    assert re.search(r"^permissions for sqs +failed ", result.stdout, re.MULTILINE)
    assert "lacks sqs:TagQueue" in result.stdout
    assert result.stdout.splitlines()[-1] == "not certified: 25 ok, 1 failed"
    assert "failed: permissions for sqs\n" in result.stderr
    assert "lacks sqs:TagQueue" not in result.stderr  # the report has the reason


def test_without_consent_it_shows_the_plan_and_asks_nobody(world: World, file: Path) -> None:
    result = invoke(words(world, "-f", str(file), "--create", "--with-database"))
    assert result.exit_code == 2
    assert "1 RDS instance with its groups" in result.stderr
    assert "by the hour of db.t4g.small (size small)" in result.stderr
    assert result.stderr.endswith("nothing was created; add --yes to consent to this plan\n")
    assert world.proxy.calls == []


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ([], "name the Environment: -f FILE"),
        (["-f", "FILE", "--environment", "other"], "choose an Environment with --environment: prod"),
        (["-f", "FILE", "--create", "--clean"], "use --create or --clean"),
        (["-f", "FILE", "--yes"], "--yes needs --create"),
        (["-f", "FILE", "--clean", "--yes"], "--yes needs --create"),
        (["-f", "FILE", "--with-database"], "--with-database needs --create"),
        (["-f", "missing.yaml"], "missing.yaml"),
    ],
)
def test_arguments_that_are_refused(world: World, file: Path, more: list[str], message: str) -> None:
    result = invoke(words(world, *(str(file) if word == "FILE" else word for word in more)))
    assert result.exit_code == 2
    assert message in result.stderr
    assert world.proxy.calls == []


def test_one_of_several_environments_is_named(world: World, tmp_path: Path) -> None:
    file = write(world, tmp_path, "one", "two")
    assert invoke(words(world, "-f", str(file))).exit_code == 2
    result = invoke(words(world, "-f", str(file), "--environment", "two", "-o", "json"))
    assert json.loads(result.stdout)["environment"] == "two"


def test_an_endpoint_needs_the_flag_of_emulators(world: World, file: Path) -> None:
    result = invoke(["conformance", "-f", str(file), "--aws-endpoint-url", world.address])
    assert result.exit_code == 2
    assert "add --insecure-emulator" in result.stderr


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_process_after_the_deletion(world: World, file: Path, sent: signal.Signals) -> None:
    command = [sys.executable, "-m", "microservice_operator.cli", *words(world, "-f", str(file), "--create", "--yes")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while "CreateTable" not in world.proxy.writes() and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(sent)
        output, errors = process.communicate(timeout=300)
    assert process.returncode == 1, errors
    assert "waiting for " in errors
    assert "failed: run to the end" in errors
    assert "ok: nothing is left by tag" in errors
    assert "not certified" in output
    assert left(world) == []
