"""PURE: how often AWS lets an account call an action in a region, where AWS documents it.

An action without an entry has no documented rate. The rates are AWS's own; `rate_limiter` uses a share of them.
"""

from dataclasses import dataclass

API_GATEWAY = "apigatewayv2"


@dataclass(frozen=True)
class RateLimit:
    """Calls per second, and how many at once after a pause; actions with the same `bucket` share the limit."""

    bucket: str
    per_second: float
    burst: float


# "Amazon API Gateway quotas": 10 requests per second with a burst of 40 for all management calls, not adjustable
_API_GATEWAY = RateLimit(API_GATEWAY, 10, 40)

# The documentation of each action in botocore's models, unless a comment names another source.
_PER_SECOND = {
    ("dynamodb", "DescribeBackup"): 10,
    ("dynamodb", "DescribeContinuousBackups"): 10,
    # no documented rate; hashicorp/terraform-provider-aws#26100 saw throttles with 36 tables, so as its siblings
    ("dynamodb", "DescribeTimeToLive"): 10,
    ("dynamodb", "ListTagsOfResource"): 10,
    ("dynamodb", "RestoreTableFromBackup"): 10,
    ("dynamodb", "TagResource"): 5,
    ("dynamodb", "UntagResource"): 5,
    ("sns", "ListSubscriptionsByTopic"): 30,
    ("sns", "Subscribe"): 100,
    ("sns", "Unsubscribe"): 100,
}
# "TagResource" in the SNS API Reference: tagging actions are limited to 10 per second
_SNS_TAGGING = RateLimit("sns tagging", 10, 10)
_SNS_TAGGING_ACTIONS = ("ListTagsForResource", "TagResource", "UntagResource")
# "Request throttling for the Amazon EC2 API": a bucket of 100 for each non-mutating action, refilled with 20 a second
_EC2_READS = {"DescribeSecurityGroups": RateLimit("ec2 DescribeSecurityGroups", 20, 100)}


def rate_limit(service: str, action: str) -> RateLimit | None:
    """Return the documented limit of an action, or None."""
    if service == API_GATEWAY:
        return _API_GATEWAY
    if service == "sns" and action in _SNS_TAGGING_ACTIONS:
        return _SNS_TAGGING
    if service == "ec2":
        return _EC2_READS.get(action)
    rate = _PER_SECOND.get((service, action))
    return RateLimit(f"{service} {action}", rate, rate) if rate else None
