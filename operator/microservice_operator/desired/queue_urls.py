"""Builds the variables that contain the addresses of a service's topics and queues."""

from .. import names
from ..partitions import dns_suffix
from .context import Context


def messaging_variables(context: Context) -> dict[str, str]:
    """Return the values by name of the variable."""
    spec = context.microservice.spec
    variables = {names.variable(topic.name, "TOPIC_ARN"): context.topics[topic.name].arn for topic in spec.topics or []}
    for queue in spec.queues or []:
        url = queue_url(context.queues[queue.name].arn, context.aws_endpoint_url)
        variables[names.variable(queue.name, "QUEUE_URL")] = url
    return variables


def queue_url(arn: str, endpoint_url: str | None) -> str:
    """Return the URL of a queue ("Amazon SQS queue and message identifiers" in the SQS guide describes its parts)."""
    _, _, _, region, account, name = arn.split(":")
    return f"{endpoint_url or f'https://sqs.{region}.{dns_suffix(region)}'}/{account}/{name}"
