"""Scalar and list types of the models: each has bounds, and pydantic and the API server check it alike."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic.alias_generators import to_snake
from pydantic_core import CoreSchema, core_schema

from .base import refusal
from .patterns import pattern


@dataclass(frozen=True)
class Keyed:
    """A list that server-side apply merges by `keys`; no two items may have equal values in all keys."""

    keys: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check the list's own schema, then that its keys are unique."""
        return core_schema.no_info_after_validator_function(self._distinct, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Add the two Kubernetes extensions to the list's own schema."""
        return {
            **handler(schema),
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": list(self.keys),
        }

    def _distinct(self, items: Sequence[Any]) -> Sequence[Any]:
        seen = set()
        for index, item in enumerate(items):
            key = tuple(getattr(item, to_snake(name)) for name in self.keys)
            if key in seen:
                text = ", ".join(f"{name} {value}" for name, value in zip(self.keys, key, strict=True))
                message = f"{text} appears twice; remove or rename one of them"
                raise refusal((f"[{index}]", message))
            seen.add(key)
        return items


@dataclass(frozen=True)
class IntOrString:
    """A bounded number, or a string that matches a pattern: Kubernetes' IntOrString."""

    what: str
    pattern: str
    maximum: int
    minimum: int = 0
    max_length: int = 32

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check both types at once, so that an error has one message, not one per type."""
        return core_schema.no_info_plain_validator_function(self._checked)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema; `minimum` and `maximum` apply to numbers, `pattern` and `maxLength` to strings."""
        return {
            "x-kubernetes-int-or-string": True,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "maxLength": self.max_length,
            "pattern": self.pattern,
        }

    def _checked(self, value: object) -> int | str:
        if isinstance(value, int) and not isinstance(value, bool):
            fits = self.minimum <= value <= self.maximum
        else:
            fits = isinstance(value, str) and len(value) <= self.max_length and bool(re.fullmatch(self.pattern, value))
        if fits and isinstance(value, int | str):
            return value
        message = f"{value!r} is not a {self.what}; write one such as {EXAMPLES[self.what]}"
        raise refusal(("", message))


def _without_nulls(value: Any) -> Any:
    """Drop nulls from a mapping, as the API server does."""
    return {key: item for key, item in value.items() if item is not None} if isinstance(value, dict) else value


def _boolean(value: Any) -> Any:
    """Refuse 1 and 0: they equal True and False in Python, but not in the API server."""
    if not isinstance(value, bool):
        raise refusal(("", "must be true or false, without quotes"))
    return value


def is_cidr(text: str) -> bool:
    """Return whether a text is a network by the rules of the API server's isCIDR.

    isCIDR refuses leading zeros, and IPv4 addresses written as IPv6 (::ffff:10.0.0.1): network plugins disagree on
    whether a rule with such an address applies to IPv4.
    """
    address, _, bits = text.partition("/")
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = parsed.version == 6 and parsed.ipv4_mapped is not None  # noqa: PLR2004 the version
    return bits.isdecimal() and bits == str(int(bits)) and int(bits) <= parsed.max_prefixlen and not mapped


def is_metadata(text: str) -> bool:
    """Return whether a network is only the address of the metadata service; larger networks exclude that address."""
    return is_cidr(text) and str(ip_network(text, strict=False)) in METADATA_SERVICES


EXAMPLES = {"quantity": "250m or 512Mi", "number or percentage": "1 or 25%", "port": "8080 or the name of a port"}

ATOMIC: dict[str, Any] = {"x-kubernetes-list-type": "atomic"}

# "Instance metadata and user data" in the EC2 User Guide; its readers get the node's credentials.
METADATA_SERVICES = ("169.254.169.254/32", "fd00:ec2::254/128")

# No double hyphen: a-b and a--b would share one environment variable.
DNS_LABEL_ALPHA = pattern(
    r"^[a-z](-?[a-z0-9])*$", "lower-case letters, digits and single hyphens, starting with a letter"
)
DNS_LABEL = pattern(
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "lower-case letters, digits and hyphens, with a letter or digit at both ends"
)
DNS_SUBDOMAIN = pattern(
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
    "lower-case letters, digits, hyphens and dots, with a letter or digit at both ends",
)
DURATION = pattern(r"^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,6}s)?$", "a duration in h, m and s, such as 720h or 1h30m")
UTC_TIME = pattern(
    r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$",
    "a time in UTC, such as 2026-11-30T09:15:00Z",
)
# an automated snapshot starts with `rds:`, one of AWS Backup with `awsbackup:` ("DescribeDBSnapshots")
SNAPSHOT_IDENTIFIER = pattern(
    r"^((rds|awsbackup):)?[a-z](-?[a-z0-9])*$",
    "the identifier of a DB snapshot, such as orders-before or rds:orders-2026-11-29-03-00",
)
PORT_NAME = pattern(
    r"^([a-z0-9]+-)*[a-z0-9]*[a-z][a-z0-9]*(-[a-z0-9]+)*$",
    "lower-case letters, digits and single hyphens, with at least one letter",
)
LABEL_NAME = r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"  # of a key without its prefix
LABEL_VALUE = pattern(
    r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$",
    "letters, digits and - _ . inside, with a letter or digit at both ends",
)
QUANTITY = r"^[+]?([0-9]+([.][0-9]*)?|[.][0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?$"

WithoutNulls = BeforeValidator(_without_nulls)
AlwaysTrue = Annotated[Literal[True], BeforeValidator(_boolean)]
AlwaysFalse = Annotated[Literal[False], BeforeValidator(_boolean)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=DNS_LABEL)]
LabelValue = Annotated[str, StringConstraints(max_length=63, pattern=LABEL_VALUE)]
# At most 63 characters after the slash: "Labels and Selectors" of Kubernetes' documentation.
LabelKey = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=253,
        pattern=pattern(
            r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$",
            "a label key such as team or example.com/team",
        ),
    ),
]
PartName = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=DNS_LABEL_ALPHA)]
ObjectName = Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=DNS_SUBDOMAIN)]
Port = Annotated[int, Field(ge=1, le=65535)]
PortName = Annotated[str, StringConstraints(min_length=1, max_length=15, pattern=PORT_NAME)]
PortRef = Annotated[int | str, IntOrString("port", PORT_NAME, 65535, minimum=1, max_length=15)]
Quantity = Annotated[int | str, IntOrString("quantity", QUANTITY, 2**53)]
IntOrPercent = Annotated[int | str, IntOrString("number or percentage", r"^(100|[1-9]?[0-9])%$", 10000, max_length=4)]
Text = Annotated[str, StringConstraints(max_length=4096)]
ShortText = Annotated[str, StringConstraints(max_length=253)]
Key = Annotated[
    str,
    StringConstraints(min_length=1, max_length=253, pattern=pattern(r"^[-._a-zA-Z0-9]+$", "letters, digits and - . _")),
]
CIDR = Annotated[
    str,
    StringConstraints(max_length=43, pattern=pattern(r"^[0-9a-fA-F.:]+/[0-9]{1,3}$", "a network such as 10.20.0.0/16")),
]
Seconds = Annotated[int, Field(ge=0, le=86400)]
