"""PURE: decides which tags of a resource the operator sets and removes.

Others tag our resources too (cost allocation, backup plans), and their tags stay. A declared tag that is removed from
the spec must be removed in AWS. So the tag `declared`, the ledger, records which keys were declared. It holds
fingerprints, because a tag's value has at most 256 characters (AWS, "Tag naming limits and requirements") and there may
be fifty keys.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from ... import names
from ...ownership import OWNER_TAGS, Owner
from .rules import Change, Outcome

_WIDTH = 5  # 30 bits: a foreign key collides with one of fifty of ours once in twenty million, and fifty fit


@dataclass(frozen=True)
class Tag:
    """Tags to set."""

    tags: Mapping[str, str]


@dataclass(frozen=True)
class Untag:
    """Keys of tags to remove."""

    keys: tuple[str, ...]


def desired_tags(owner: Owner, declared: Mapping[str, str], *, adopted: bool = False) -> dict[str, str]:
    """Return all tags that a resource has from its creation, or from its adoption if `adopted`."""
    tags = {**declared, **owner.marks, **({names.TAG_ADOPTED: "true"} if adopted else {})}
    if declared:
        tags[names.TAG_DECLARED] = "".join(sorted(_fingerprint(key) for key in declared))
    return tags


def owned_tags(desired: Mapping[str, str], observed: Mapping[str, str]) -> Outcome:
    """Rule: set tags that differ, remove tags that were declared before, keep all others.

    The order makes every step safe before a crash: a tag is removed before the ledger forgets it. A retained resource
    gets our UID before it loses the tag that allows its adoption.
    """
    ledger = observed.get(names.TAG_DECLARED, "")
    declared_once = {ledger[start : start + _WIDTH] for start in range(0, len(ledger), _WIDTH)}
    stale = tuple(sorted(key for key in observed if key not in desired and _fingerprint(key) in declared_once))
    marks = {key: desired[key] for key in OWNER_TAGS & desired.keys() if observed.get(key) != desired[key]}
    if stale and marks:
        return Change(Tag(marks), "setting " + ", ".join(sorted(marks)))  # a resource that is not ours loses no tags
    if stale:
        return Change(Untag(stale), "removing " + ", ".join(stale))
    missing = {key: value for key, value in desired.items() if observed.get(key) != value}
    if missing:
        return Change(Tag(missing), "setting " + ", ".join(sorted(missing)))
    ours = tuple(key for key in (names.TAG_DECLARED, names.TAG_RETAINED) if key in observed and key not in desired)
    return Change(Untag(ours), "removing " + ", ".join(ours)) if ours else None


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags in the format of DynamoDB, EC2, IAM and RDS."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def retained(owner: Owner) -> Tag:
    """Return the tag of a resource that its Microservice retains."""
    return Tag({names.TAG_RETAINED: owner.retained})


def _fingerprint(key: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())[:_WIDTH].decode().replace("=", ".")
