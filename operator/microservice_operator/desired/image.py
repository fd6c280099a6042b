"""Derives the version of a service from its image reference."""

import re

LABEL_LIMIT = 63
DIGEST_LENGTH = 12


def version(image: str) -> str:
    """Return the tag; without a tag, the start of the digest; without either, `latest`.

    A colon before the last slash belongs to the registry's port.
    """
    reference, _, digest = image.partition("@")
    _, colon, tag = reference.rpartition("/")[2].partition(":")
    if colon:
        return tag
    return digest.partition(":")[2][:DIGEST_LENGTH] or "latest"


def version_label(image: str) -> str:
    """Return the version as a label value, which allows fewer characters and at most 63 of them."""
    allowed = re.sub(r"[^A-Za-z0-9_.-]", "-", version(image))
    return allowed[:LABEL_LIMIT].strip("-_.") or "unknown"
