"""Patterns of the ARNs and service principals in specs, the words for them in messages, and their accounts.

"Amazon Resource Names (ARNs)" in the AWS General Reference, and the page "Actions, resources, and condition keys" of
each service in the Service Authorization Reference.
"""

from .patterns import pattern

KEY_ARN = pattern(
    r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$",
    "the ARN of a KMS key, not of an alias: arn:aws:kms:REGION:ACCOUNT:key/ID",
)
ROLE_ARN = pattern(
    r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@/_-]+$",
    "the ARN of an IAM role: arn:aws:iam::ACCOUNT:role/NAME",
)
POLICY_ARN = pattern(
    r"^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@/_-]+$",
    "the ARN of a policy: arn:aws:iam::ACCOUNT:policy/NAME",
)
OIDC_PROVIDER_ARN = pattern(
    r"^arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/[A-Za-z0-9./_-]+$",
    "the ARN of an IAM OIDC provider: arn:aws:iam::ACCOUNT:oidc-provider/HOST/PATH",
)
LISTENER_ARN = pattern(
    r"^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:listener/(app|net)/[A-Za-z0-9/-]+$",
    "the ARN of a listener of an ALB or NLB: arn:aws:elasticloadbalancing:REGION:ACCOUNT:listener/...",
)
# Characters of logGroupName: "CreateLogGroup" in the Amazon CloudWatch Logs API Reference.
LOG_GROUP_ARN = pattern(
    r"^arn:aws[a-z-]*:logs:[a-z0-9-]+:[0-9]{12}:log-group:[A-Za-z0-9._/#-]+$",
    "the ARN of a log group, without :* at its end: arn:aws:logs:REGION:ACCOUNT:log-group:NAME",
)
# In a policy, * and ? are wildcards and ${...} is a variable ("IAM policy elements: Variables and tags").
SOURCE_ARN = pattern(
    r"^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:([0-9]{12})?:[^*?$\x00-\x1f\x7f]+$",
    "the ARN of one resource, such as arn:aws:s3:::uploads, without * ? $ and control characters",
)
BACKUP_ARN = pattern(
    r"^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:[0-9]{12}:table/[a-zA-Z0-9_.-]+/backup/[a-zA-Z0-9-]+$",
    "the ARN of a backup: arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE/backup/ID",
)
SERVICE_PRINCIPAL = pattern(
    r"^[a-z][a-z0-9-]*(\.[a-z0-9-]+)*\.amazonaws\.com$", "a service principal such as s3.amazonaws.com"
)


def account_in_arn(arn: str) -> str:
    """Return the account of an ARN, "" if it names none."""
    return "".join(arn.split(":")[4:5])
