"""Finds Terraform and a mirror of its providers on this machine; nothing is downloaded.

`TERRAFORM` names the program and `TF_PLUGIN_DIR` the mirror. Without them, the program is searched on the PATH. The
mirror, a folder HOST/NAMESPACE/TYPE/VERSION/PLATFORM, is searched where Terraform keeps one, and below /opt, where the
Filesystem Hierarchy Standard puts additional software.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Terraform:
    """One working folder; `environment` is where its calls go."""

    program: str
    mirror: Path
    folder: Path
    environment: dict[str, str]

    def run(self, *arguments: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Any exit code; both outputs as one."""
        return subprocess.run(
            [self.program, *arguments],
            cwd=self.folder,
            env={**os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "TF_IN_AUTOMATION": "1", **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )

    def do(self, *arguments: str) -> str:
        """It must succeed."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"terraform {' '.join(arguments)}:\n{done.stdout}"
        return done.stdout

    def init(self) -> None:
        """Install the providers from the mirror."""
        self.do("init", f"-plugin-dir={self.mirror}", "-input=false", "-no-color")

    def outputs(self) -> dict[str, Any]:
        """Values of the root's outputs."""
        return {name: output["value"] for name, output in json.loads(self.do("output", "-json")).items()}


def program() -> str | None:
    """Path of Terraform."""
    return os.environ.get("TERRAFORM") or shutil.which("terraform")


def mirror() -> Path | None:
    """Folder that holds the provider of AWS."""
    return next((folder for folder in _mirrors() if any(folder.glob("*/hashicorp/aws/*/*/*"))), None)


def _mirrors() -> Iterable[Path]:
    for name in ("TF_PLUGIN_DIR", "TF_PLUGIN_CACHE_DIR"):
        if os.environ.get(name):
            yield Path(os.environ[name])
    yield Path.home() / ".terraform.d/plugins"
    data = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    yield from (Path(folder) / "terraform/plugins" for folder in data.split(":"))
    yield from sorted(Path("/opt").glob("*"))
