"""PURE: what a run with `--create` creates, how long it takes and what costs money, as text.

Prices differ between regions and change, so the text names AWS's price classes and no amounts.
"""

from ..api.parsing import Environment
from .sample import database_size

_FREE = "no charge for its existence"


def plan(environment: Environment, *, database: bool) -> str:
    """Return the plan."""
    aws, rds = environment.spec.aws, environment.spec.databases.rds if environment.spec.databases else None
    rows = [
        (
            "1 DynamoDB table",
            "on demand, then provisioned with 1 to 2 units and alarms for some minutes; without items",
        ),
        ("1 SNS topic, 1 subscription", f"{_FREE}; no message is published"),
        ("2 SQS queues", f"{_FREE}; some requests"),
    ]
    if aws and aws.identity:
        association = " and 1 Pod Identity association" if aws.identity.cluster_name else ""
        rows.append((f"1 IAM role{association}", _FREE))
    if aws and aws.api_gateway:
        rows.append(("1 HTTP API with routes to the listener", f"{_FREE}; API Gateway charges for each request"))
    if database and rds:
        size = database_size(rds)
        rows.append(
            ("1 RDS instance with its groups", f"by the hour of {rds.sizes[size]} (size {size}), and 20 GiB of gp3")
        )
    minutes = "25 to 45" if database else "5 to 15"
    width = max(len(what) for what, _ in rows)
    lines = [f"  {what.ljust(width)}  {cost}" for what, cost in rows]
    return "\n".join(
        [
            f"conformance creates these resources in account {aws.account_id if aws else ''}, region"
            f" {aws.region if aws else ''}, changes them and deletes them:",
            *lines,
            f"Duration: {minutes} minutes. {_cost(database=database)}",
            "In an account that has none yet, AWS creates its service-linked roles for scaling"
            f"{' and RDS' if database else ''}, which stay.",
            "The resources have the tag microservice-operator.dev/cluster: microservice-operator-conformance.",
            "Only one run at a time may use this account, in all regions: each run deletes what others have left.",
        ]
    )


def _cost(*, database: bool) -> str:
    if database:
        return "The RDS instance is the largest cost: about one hour of its class and disk."
    return "The table's provisioned capacity is the only cost by the hour; add --with-database to include RDS."
