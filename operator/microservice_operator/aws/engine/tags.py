"""PURE: which tags of a resource are ours to set and to remove.

Others tag our resources too (cost allocation, backup plans), and their tags stay. A declared tag that left the spec
must go, so a tag of ours, the ledger, remembers which keys were declared: as fingerprints, for a tag's value holds
256 characters (AWS, "Tag naming limits and requirements") and there may be fifty keys.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from ... import names
from ...ownership import OWNER_TAGS, Owner
from .rules import Change, Outcome

_WIDTH = 5  # 30 bits: that a foreign key has the print of one of ours is one in twenty million, and fifty fit


@dataclass(frozen=True)
class Tag:
    """Tags to be set."""

    tags: Mapping[str, str]


@dataclass(frozen=True)
class Untag:
    """Keys of tags to be removed."""

    keys: tuple[str, ...]


def desired_tags(owner: Owner, declared: Mapping[str, str], *, adopted: bool = False) -> dict[str, str]:
    """All tags that a resource is to carry from its first moment, or from when it is `adopted`."""
    tags = {**declared, **owner.marks, **({names.TAG_ADOPTED: "true"} if adopted else {})}
    if declared:
        tags[names.TAG_DECLARED] = "".join(sorted(_fingerprint(key) for key in declared))
    return tags


def owned_tags(desired: Mapping[str, str], observed: Mapping[str, str]) -> Outcome:
    """Set what differs, remove what was declared once, leave the rest.

    The order makes each step safe to be the last one before a crash: what the ledger names goes before the ledger
    forgets it, and a retained resource carries our UID before it loses the mark that lets us adopt it.
    """
    ledger = observed.get(names.TAG_DECLARED, "")
    declared_once = {ledger[at : at + _WIDTH] for at in range(0, len(ledger), _WIDTH)}
    stale = tuple(sorted(key for key in observed if key not in desired and _fingerprint(key) in declared_once))
    marks = {key: desired[key] for key in OWNER_TAGS & desired.keys() if observed.get(key) != desired[key]}
    if stale and marks:
        return Change(Tag(marks), "setting " + ", ".join(sorted(marks)))  # what is not ours yet loses nothing
    if stale:
        return Change(Untag(stale), "removing " + ", ".join(stale))
    missing = {key: value for key, value in desired.items() if observed.get(key) != value}
    if missing:
        return Change(Tag(missing), "setting " + ", ".join(sorted(missing)))
    ours = tuple(key for key in (names.TAG_DECLARED, names.TAG_RETAINED) if key in observed and key not in desired)
    return Change(Untag(ours), "removing " + ", ".join(ours)) if ours else None


def retained(owner: Owner) -> Tag:
    """The mark of a resource that its Microservice left behind."""
    return Tag({names.TAG_RETAINED: owner.retained})


def _fingerprint(key: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())[:_WIDTH].decode().replace("=", ".")
