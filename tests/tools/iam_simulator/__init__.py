"""Asks a simulator of IAM, which this project did not write, whether policies allow requests.

@cloud-copilot/iam-simulate evaluates policies, and knows each action's resource types and condition keys from AWS's
Service Authorization Reference. It runs in a process of its own, with Node.js from the locked requirements.
"""

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.tools.npm import NODE, installed

FOLDER = Path(__file__).parent


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
        cwd=installed(FOLDER, "simulate.mjs"),
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
