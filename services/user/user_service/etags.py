"""A user's version as an entity tag, and the conditions that a request makes of it (RFC 9110, section 13)."""

import re

_TAG = re.compile(r'(W/)?"([^"]*)"')


def etag(version: int) -> str:
    return f'"{version}"'


def names(header: str | None, version: int) -> bool:
    """``If-None-Match``: whether the caller has this version already. Weak tags count as well."""
    if header is None:
        return False
    return header.strip() == "*" or any(tag == str(version) for _, tag in _TAG.findall(header))


def demanded(header: str | None) -> frozenset[int] | None:
    """``If-Match``: the versions that may be changed; ``None`` for any. Weak tags match nothing, as do foreign ones."""
    if header is None or header.strip() == "*":
        return None
    strong = [tag for weak, tag in _TAG.findall(header) if not weak]
    # A version has at most ten digits: more are no version, and no number that PostgreSQL compares.
    return frozenset(int(tag) for tag in strong if re.fullmatch(r"[0-9]{1,9}", tag))
