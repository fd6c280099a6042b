"""PURE: the operator's own IAM policy, out of the table of its rights."""

from collections.abc import Iterable, Mapping
from string import Template
from typing import Any

from .policy_documents import Document
from .policy_rights import RIGHTS, Right


def services() -> frozenset[str]:
    """Services that have rows here, as requests are signed for them."""
    return frozenset(right.service for right in RIGHTS)


def calls(rights: Iterable[Right] = RIGHTS) -> frozenset[tuple[str, str]]:
    """Every call that is granted."""
    return frozenset((right.service, call) for right in rights for call in right.calls)


def operator_policy(values: Mapping[str, str]) -> Document:
    """The policy with `${name}` replaced by `values`, for as far as they go."""
    statements = [_statement(right) for right in RIGHTS]
    policy = {"Version": "2012-10-17", "Statement": statements}
    filled: Document = _filled(policy, values)
    return filled


def _statement(right: Right) -> dict[str, Any]:
    condition = {"Condition": dict(right.condition)} if right.condition else {}
    return {"Effect": "Allow", "Action": list(right.granted), "Resource": list(right.resources), **condition}


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _filled(entry, values) for key, entry in value.items()}
    if isinstance(value, list):
        return [_filled(entry, values) for entry in value]
    return Template(value).safe_substitute(values)
