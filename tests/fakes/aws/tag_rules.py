"""What each service accepts as tags, where its model has only the text and the emulator takes anything.

Sources: "Tag naming limits and requirements" (Tagging AWS Resources) for all services; `Tag` in the model of RDS for
its prefixes; `Tag` in the model of EC2, for the length of a key.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import regex

MOST = 50
LONGEST_KEY, LONGEST_VALUE = 128, 256
SHORTER_KEYS = {"ec2": 127}  # "accept a maximum of 127 Unicode characters"
RESERVED = {"rds": ("aws:", "rds:")}  # elsewhere only "aws:"
RESERVED_VALUES = {"rds": ("aws:", "rds:")}
# "letters (a-z, A-Z), numbers (0-9), and spaces representable in UTF-8, and … + - = . _ : / @"
ALPHABET = regex.compile(r"[A-Za-z0-9 +\-=._:/@]*")


def tag_offences(service: str, params: Mapping[str, Any]) -> Iterator[str]:
    """What the service forbids about the tags that a call sets; `service` as botocore names it."""
    tags = _set_by(params)
    if len(tags) > MOST:
        yield f"{len(tags)} tags, not {MOST}"
    longest = SHORTER_KEYS.get(service, LONGEST_KEY)
    for key, value in tags.items():
        if not 1 <= len(key) <= longest:
            yield f"tag {key}: its key has {len(key)} characters, not 1 to {longest}"
        if len(value) > LONGEST_VALUE:
            yield f"tag {key}: its value has {len(value)} characters, not {LONGEST_VALUE}"
        if not (ALPHABET.fullmatch(key) and ALPHABET.fullmatch(value)):
            yield f"tag {key}: {value} has a character that not all services accept"
        if key.lower().startswith(RESERVED.get(service, ("aws:",))):
            yield f"tag {key}: its key has a reserved prefix"
        if value.lower().startswith(RESERVED_VALUES.get(service, ())):
            yield f"tag {key}: its value {value} has a reserved prefix"
    if service == "iam" and len({key.lower() for key in tags}) < len(tags):  # "TagRole": keys are not case-sensitive
        yield f"tags {', '.join(sorted(tags))}: two keys differ only in case"


def _set_by(params: Mapping[str, Any]) -> dict[str, str]:
    """The tags, in whatever form the service has them; EC2 has those of a new resource in a list of their own."""
    specified = [tag for spec in params.get("TagSpecifications", ()) for tag in spec.get("Tags", ())]
    given = params.get("Tags") or params.get("tags") or specified
    if isinstance(given, Mapping):
        return dict(given)
    return {tag["Key"]: tag.get("Value", "") for tag in given}
