"""PURE: whether an Environment still names the account, region and servers where the resources are.

External resources do not move when somebody edits the region, the account or the database provider of the Environment.
To go on would create empty resources next to those with the data, so the whole reconciliation is refused.
"""

from collections.abc import Mapping

from ..api.parsing import Environment
from ..aws.messaging.fields import SUBSCRIPTION
from ..aws.rds.fields import INSTANCE
from .graph import Key, describe_keys
from .resource import DATABASE

_REGION, _ACCOUNT = 3, 4  # arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE


def moved(known_ids: Mapping[Key, str], environment: Environment | None) -> str:
    """What the Environment would leave behind, and the remedy; "" when every resource is where the Environment says.

    `known_ids` are the ids that status remembers: ARNs, and `postgresql://HOST:PORT/NAME` of databases.
    """
    if environment is None:
        return ""
    for key, id_ in sorted(known_ids.items()):
        wrong = _of_aws(key, id_, environment) if id_.startswith("arn:") else _of_databases(key, known_ids, environment)
        if wrong:
            return (
                f"{describe_keys([key])} is at {id_}, but Environment {environment.name} {wrong}; nothing is written; "
                "restore that field, or use an Environment that matches the resource"
            )
    return ""


def _of_aws(key: Key, arn: str, environment: Environment) -> str:
    aws = environment.spec.aws
    if aws is None:
        return "has no spec.aws"
    fields = arn.split(":")
    region, account = fields[_REGION], fields[_ACCOUNT]
    if account and account != aws.account_id:
        return f"names account {aws.account_id} in spec.aws.accountID"
    # a subscription is where its topic is, which another Environment may say
    if region and region != aws.region and key[0] != SUBSCRIPTION.name:
        return f"names region {aws.region} in spec.aws.region"
    return ""


def _of_databases(key: Key, known_ids: Mapping[Key, str], environment: Environment) -> str:
    """A database moves neither from a shared server to an RDS instance nor back."""
    kind, name = key
    if kind != DATABASE or not known_ids[key]:
        return ""
    if environment.spec.databases is None:
        return "has no spec.databases"
    on_instance = (INSTANCE.name, name) in known_ids
    if on_instance == (environment.spec.databases.rds is not None):
        return ""
    return f"has provider {environment.spec.databases.provider} in spec.databases"
