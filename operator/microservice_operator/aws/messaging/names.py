"""PURE: what topics and queues are called in AWS; all of it is known before anything is made."""

from ..engine.arns import partition, queue_name, topic_name
from ..engine.scope import AwsScope


def dead_letter(declared: str) -> str:
    """The part that a queue's dead letter queue is; no declared name has an underscore."""
    return f"{declared}_dead"


def topic_arns(scope: AwsScope, declared: str, *, fifo: bool = False) -> tuple[str, str]:
    """ARN of a declared topic, and the one that it would have were `fifo` the other way."""
    return _arn(scope, "sns", topic_name(scope.owner.name, declared, fifo=fifo)), _arn(
        scope, "sns", topic_name(scope.owner.name, declared, fifo=not fifo)
    )


def queue_arns(scope: AwsScope, declared: str, *, fifo: bool = False) -> tuple[str, str]:
    """ARN of a declared queue, and the one that it would have were `fifo` the other way."""
    return _arn(scope, "sqs", queue_name(scope.owner.name, declared, fifo=fifo)), _arn(
        scope, "sqs", queue_name(scope.owner.name, declared, fifo=not fifo)
    )


def candidates(arns: tuple[str, str], known_id: str) -> tuple[str, ...]:
    """Where to look for a part: what status remembers of it says which; else it may be either."""
    if not known_id:
        return arns
    return arns[:1] if known_id == arns[0] else (arns[0], known_id)


def short(arn: str) -> str:
    """The name in an ARN of a topic or a queue."""
    return arn.rpartition(":")[2]


def _arn(scope: AwsScope, service: str, name: str) -> str:
    return f"arn:{partition(scope.region)}:{service}:{scope.region}:{scope.account_id}:{name}"
