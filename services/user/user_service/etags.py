"""Entity tags from a user's version, and conditional requests (RFC 9110, section 13)."""

import re

_TAG = re.compile(r'(W/)?"([^"]*)"')


def etag(version: int) -> str:
    return f'"{version}"'


def matches(header: str | None, version: int) -> bool:
    """``If-None-Match``: return whether the caller already has this version. Weak tags count too."""
    if header is None:
        return False
    return header.strip() == "*" or any(tag == str(version) for _, tag in _TAG.findall(header))


def required_versions(header: str | None) -> frozenset[int] | None:
    """``If-Match``: return the versions that the request may change, or ``None`` for any.

    Weak tags and unknown tags match nothing.
    """
    if header is None or header.strip() == "*":
        return None
    strong = [tag for weak, tag in _TAG.findall(header) if not weak]
    # Longer numbers are not versions, and PostgreSQL cannot compare them with one.
    return frozenset(int(tag) for tag in strong if re.fullmatch(r"[0-9]{1,9}", tag))
