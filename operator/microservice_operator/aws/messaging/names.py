"""PURE: names and ARNs of topics and queues in AWS; they are known before anything is created."""

from ...partitions import partition
from ..engine.arns import queue_name, topic_name
from ..engine.scope import AwsScope


def dead_letter(declared: str) -> str:
    """Return the name of a queue's dead letter queue; no declared name contains an underscore."""
    return f"{declared}_dead"


def topic_arns(scope: AwsScope, declared: str, *, fifo: bool = False) -> tuple[str, str]:
    """Return the ARN of a declared topic, and its ARN with the opposite value of `fifo`."""
    return _arn(scope, "sns", topic_name(scope.owner.name, declared, fifo=fifo)), _arn(
        scope, "sns", topic_name(scope.owner.name, declared, fifo=not fifo)
    )


def queue_arns(scope: AwsScope, declared: str, *, fifo: bool = False) -> tuple[str, str]:
    """Return the ARN of a declared queue, and its ARN with the opposite value of `fifo`."""
    return _arn(scope, "sqs", queue_name(scope.owner.name, declared, fifo=fifo)), _arn(
        scope, "sqs", queue_name(scope.owner.name, declared, fifo=not fifo)
    )


def candidates(arns: tuple[str, str], known_id: str) -> tuple[str, ...]:
    """Return the ARNs under which it may exist: with a known id only the right one, otherwise both."""
    if not known_id:
        return arns
    return arns[:1] if known_id == arns[0] else (arns[0], known_id)


def _arn(scope: AwsScope, service: str, name: str) -> str:
    return f"arn:{partition(scope.region)}:{service}:{scope.region}:{scope.account_id}:{name}"
