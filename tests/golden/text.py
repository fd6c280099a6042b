"""Children as text. Comments show what the object itself does not show: held, created once, and decoded base64."""

from base64 import b64decode
from collections.abc import Iterable
from typing import Any

import yaml

from microservice_operator.desired import Child


class _Dumper(yaml.SafeDumper):
    """Without anchors: repeated values are written repeatedly."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 the signature is PyYAML's
        return True


def text(children: Iterable[Child]) -> str:
    """All of them, as documents of one file."""
    return "---\n".join("".join(f"# {line}\n" for line in _remarks(child)) + _body(child) for child in children)


def _remarks(child: Child) -> list[str]:
    remarks = [f"held: {child.held}"] if child.held else []
    if child.notice:
        remarks.append(f"notice about {child.notice.field}: {child.notice.message}")
    if child.once:
        remarks.append("created once, never applied again")
    if child.body is None:
        remarks.append(f"{child.kind} {child.name} cannot be described yet")
    if child.body and child.kind == "Secret":
        for key, value in child.body["data"].items():
            remarks += [f"{key}: {line}" for line in b64decode(value).decode().splitlines()]
    return remarks


def _body(child: Child) -> str:
    if child.body is None:
        return ""
    return yaml.dump(child.body, Dumper=_Dumper, sort_keys=False, width=1000, allow_unicode=True)
