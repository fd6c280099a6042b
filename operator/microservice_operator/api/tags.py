"""Tags of AWS resources: what all services accept that the operator tags, and which tags also become labels.

- Letters, digits, spaces and `_ . : / = + - @`: "Tag naming limits and requirements" (Tagging AWS Resources). IAM and
  RDS accept other letters too, but that page promises only a-z and A-Z for all services.
  The list of DynamoDB lacks `@` ("Tagging restrictions in DynamoDB"), but all services accept it
  (awsdocs/aws-cost-management-user-guide#17).
- 127 characters in a key: `Tag` in the EC2 API Reference, which security groups follow; other services accept 128.
- No key and no value starts with `aws:` or `rds:`: `Tag` in the Amazon RDS API Reference.
- No space at either end: it is not visible, and tools that read tags disagree on whether it counts
  (cloud-custodian/cloud-custodian#1353).
"""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from ..names import GROUP
from .base import Rule
from .patterns import pattern
from .scalars import LABEL_NAME, LABEL_VALUE, WithoutNulls

_ENDS, _INSIDE = "[A-Za-z0-9_.:/=+@-]", "[A-Za-z0-9 _.:/=+@-]"
_WORDS = "letters, digits, inner spaces and _ . : / = + - @"
TAG_KEY = pattern(f"^{_ENDS}({_INSIDE}*{_ENDS})?$", _WORDS)
TAG_VALUE = pattern(f"^({_ENDS}({_INSIDE}*{_ENDS})?)?$", _WORDS)
TagKey = Annotated[str, StringConstraints(min_length=1, max_length=127, pattern=TAG_KEY)]
TagValue = Annotated[str, StringConstraints(max_length=256, pattern=TAG_VALUE)]
Tags = Annotated[dict[TagKey, TagValue], Field(max_length=32), WithoutNulls]

_RESERVED_BY_AWS = "(?i)^(aws|rds):"
_RESERVED_BY_US = f"(?i)^{re.escape(GROUP)}/"  # conditions of IAM policies ignore the case of keys
_LABEL_LENGTH = 63


def _no_key(pattern: str) -> Callable[[Any], bool]:
    return lambda spec: not any(re.search(pattern, key) for key in spec.tags or {})


def _no_value(pattern: str) -> Callable[[Any], bool]:
    return lambda spec: not any(re.search(pattern, value) for value in (spec.tags or {}).values())


def _none_matches(text: str, pattern: str) -> str:
    escaped = pattern.replace("\\", "\\\\")
    return f"!has(self.tags) || self.tags.all(k, !{text}.matches('{escaped}'))"


# rules of a spec with the field `tags`
TAG_RULES = (
    Rule(
        cel=_none_matches("k", _RESERVED_BY_AWS),
        holds=_no_key(_RESERVED_BY_AWS),
        message="tags: AWS reserves keys that start with aws: or rds:; choose another key",
        field="tags",
    ),
    Rule(
        cel=_none_matches("self.tags[k]", _RESERVED_BY_AWS),
        holds=_no_value(_RESERVED_BY_AWS),
        message="tags: AWS reserves values that start with aws: or rds:; choose another value",
        field="tags",
    ),
    Rule(
        cel=_none_matches("k", _RESERVED_BY_US),
        holds=_no_key(_RESERVED_BY_US),
        message=f"tags: the operator sets the tags that start with {GROUP}/; remove them",
        field="tags",
    ),
)


def tag_labels(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that are also labels: those whose key and value have the syntax of a label without a prefix.

    A key with a prefix, such as `service.kubernetes.io/headless`, could tell Kubernetes or an add-on what to do.
    """
    return {
        key: value
        for key, value in tags.items()
        if len(key) <= _LABEL_LENGTH >= len(value)
        and re.fullmatch(LABEL_NAME, key)
        and re.fullmatch(LABEL_VALUE, value)
    }
