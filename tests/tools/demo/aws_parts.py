"""The AWS resources of the shop, from the status of its Microservices."""

from collections.abc import Iterator

from .kubectl import Kubectl, Object
from .standing import SHOP


def aws_parts(kubectl: Kubectl) -> list[str]:
    """A line for each part, with its ARN or the like; the address of a service's routes is its API's stage."""
    items = kubectl.listed("microservices", f"--namespace={SHOP}")
    rows = [row for item in items for row in _rows(item)]
    widths = [max(map(len, column), default=0) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _rows(item: Object) -> Iterator[tuple[str, str, str]]:
    status, service = item.get("status", {}), item["metadata"]["name"]
    for part in status.get("resources", []):
        if part["layer"] == "AWS":
            url = status.get("endpoints", {}).get("gateway") if part["kind"] == "API" else None
            yield service, f"{part['kind']} {part['name']}", url or part.get("id", "")
