"""kubectl, as the administrator of one cluster: the demo does nothing that a person could not type."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import DemoError

Object = dict[str, Any]
PROGRAM = Path(sys.executable).with_name("kubectl")
FIELD_MANAGER = "microservice-operator-demo"


@dataclass(frozen=True)
class Kubectl:
    """One kubeconfig."""

    kubeconfig: Path

    def __call__(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl; what it printed.

        Raises DemoError.
        """
        return run(f"--kubeconfig={self.kubeconfig}", *arguments, stdin=stdin)

    def try_(self, *arguments: str) -> str:
        """The same for a report: a refusal is part of it."""
        try:
            return self(*arguments)
        except DemoError as error:
            return str(error)

    def listed(self, resource: str, *where: str) -> list[Object]:
        """Objects of a kind; none where the kind is not known."""
        answer = self("get", resource, *where, "--ignore-not-found", "--output=json")
        read: Object = json.loads(answer) if answer.strip() else {}
        items: list[Object] = read.get("items", [read] if read else [])
        return items

    def apply(self, objects: Sequence[Object]) -> None:
        """Apply server-side; an object that is so already is not written."""
        if objects:
            # as JSON: what PyYAML writes without quotes (N, say) kubectl may read as a boolean
            text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
            self("apply", "--server-side", f"--field-manager={FIELD_MANAGER}", "--filename=-", stdin=text)


def run(*arguments: str, stdin: str | None = None) -> str:
    """Run kubectl without a cluster in mind."""
    ran = subprocess.run([PROGRAM, *arguments], input=stdin, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        said = (ran.stderr or ran.stdout).strip()
        shown = " ".join(word for word in arguments if not word.startswith("--kubeconfig"))
        raise DemoError(f"kubectl {shown} failed: {said}")
    return ran.stdout
