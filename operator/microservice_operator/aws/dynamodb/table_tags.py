"""Reads the tags of a table."""

from ..engine.pagination import pages
from ..engine.service import AwsService


async def table_tags(service: AwsService, arn: str) -> dict[str, str]:
    """Return all tags of the table with this ARN; raises an OperatorError."""
    tags: dict[str, str] = {}
    async for page in pages(service.read, "ListTagsOfResource", ResourceArn=arn):
        tags |= {tag["Key"]: tag["Value"] for tag in page.get("Tags", [])}
    return tags
