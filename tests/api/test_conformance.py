"""`microservice-operator conformance` reads an Environment from the cluster; nothing answers for AWS here."""

import json
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from microservice_operator.cli import application
from tests.tools.cluster import Cluster

Create = Callable[[dict[str, Any]], dict[str, Any]]


def environment(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "microservice-operator.dev/v1alpha1",
        "kind": "Environment",
        "metadata": {"name": name},
        "spec": spec,
    }


def conformance(kubeconfig: Path, *more: str) -> Result:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    words = ["conformance", "--aws-endpoint-url", address, "--insecure-emulator", "-o", "json", *more]
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    return CliRunner().invoke(application(words), words, env={"KUBECONFIG": str(kubeconfig), **keys})


def test_the_environment_that_is_named(api_server: Cluster, stored: Create) -> None:
    stored(environment("certified", {"aws": {"region": "eu-west-1", "accountID": "123456789012"}}))
    result = conformance(api_server.kubeconfig, "--environment", "certified")
    report = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (report["environment"], report["region"]) == ("certified", "eu-west-1")
    assert report["checks"][0]["result"] == "failed"
    assert "AWS does not answer sts:GetCallerIdentity" in report["checks"][0]["reason"]
    assert {check["result"] for check in report["checks"][2:]} == {"not checked"}


def test_an_environment_without_an_account(api_server: Cluster, stored: Create) -> None:
    stored(environment("empty", {}))
    result = conformance(api_server.kubeconfig, "--environment", "empty")
    assert result.exit_code == 2
    assert result.stderr == "Environment empty has no spec.aws, so it has no account to check\n"


def test_an_environment_that_does_not_exist(api_server: Cluster) -> None:
    result = conformance(api_server.kubeconfig, "--environment", "nowhere")
    assert result.exit_code == 2
    assert "choose an Environment with --environment" in result.stderr


def test_who_may_not_read_environments(api_server: Cluster) -> None:
    result = conformance(api_server.user_kubeconfig("nobody"), "--environment", "certified")
    assert result.exit_code == 2
    assert "to work without a cluster, name the Environment's file with -f" in result.stderr
