"""`conformance` shows its progress without repeating its report, and names a missing credential as its own."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from microservice_operator.cli import application
from microservice_operator.cli.conformance_progress import Progress
from microservice_operator.cli.options import Format
from microservice_operator.conformance.report import Check, Result

ENVIRONMENT = """\
apiVersion: microservice-operator.dev/v1alpha1
kind: Environment
metadata: {name: prod}
spec: {aws: {region: eu-west-1, accountID: "123456789012"}}
"""
FAILED = Check("region", Result.FAILED, "is unknown")


@pytest.mark.parametrize(
    ("output", "terminal", "shown"),
    [
        (Format.TEXT, False, "failed: region\nwaiting for a table\n"),
        (Format.TEXT, True, "\r\x1b[Kfailed: region\r\x1b[Kwaiting for a table\r\x1b[K"),
        (Format.JSON, True, "failed: region: is unknown\nwaiting for a table\n"),
        (Format.JSON, False, "failed: region: is unknown\nwaiting for a table\n"),
    ],
)
def test_progress(capsys: pytest.CaptureFixture[str], output: Format, terminal: bool, shown: str) -> None:
    progress = Progress(output, terminal=terminal)
    progress.tell(FAILED)
    progress.wait("")
    progress.wait("a table")
    progress.end()
    assert capsys.readouterr() == ("", shown)


def test_without_credentials_one_row_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "absent"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    file = tmp_path / "environment.yaml"
    file.write_text(ENVIRONMENT, encoding="utf-8")
    words = ["conformance", "-f", str(file)]
    result = CliRunner().invoke(application(words), words)
    assert result.exit_code == 1, result.output
    rows = [line for line in result.stdout.splitlines() if "credentials" in line]
    assert len(rows) == 1
    assert "no AWS credentials were found; provide them where the AWS SDK looks for them" in rows[0]
    assert "the operator" not in result.output
