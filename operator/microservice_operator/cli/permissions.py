"""`microservice-operator permissions`: the operator's own IAM policy, from the table of the calls that it makes."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ..aws.engine.arns import partition
from ..aws.iam.operator_permissions import RIGHTS
from ..aws.iam.operator_policy import operator_policy

PAGE = """# What the operator may do in AWS

The operator's role needs the rights below and no others. `manifests/terraform/operator-iam` makes that role; without
Terraform, `microservice-operator permissions --region R --account-id A --cluster-id U --cluster-name N
--permissions-boundary-arn B` prints the policy. Both come from one table, `cloud/policy_rights.py`, and the tests of
the AWS side record every call that the operator makes: each is in the table, and the table holds no other.

- **Roles** live under the path `/microservice-operator/<cluster id>/`, the cluster id being the UID of the namespace
  `kube-system`; other roles are out of reach. None can be made or given a policy without the permissions boundary, so
  give its ARN as `spec.aws.permissionsBoundaryARN` of every Environment of this cluster. The operator may not take a
  boundary away.
- **Tables, topics, queues, instances, their groups and security groups, and associations** are changed and
  deleted only if they carry the tag `microservice-operator.dev/cluster` with this cluster's id; what is made
  carries it from the first moment, and what is taken over gets it first. Not bound so, because IAM or AWS cannot:
  HTTP APIs and what is on them, what scales a table, and the master logins of instances that RDS keeps
  (`rds!db-*`), which the operator may read of any instance of the account.
- **DynamoDB must look at tags for that.** In most accounts it does. In an account that has used policies with tag
  conditions before, attribute-based access control of DynamoDB may be off, for each Region by itself ("Enabling ABAC in
  DynamoDB" in the Amazon DynamoDB Developer Guide): then every condition on tags counts as not met, and tables can be
  neither made, changed, marked nor deleted (`AccessDenied`). Check it before you apply this policy:
  `aws dynamodb get-abac-status`, or Settings in the console; switch it on there.
- **A service's own role** is not the operator's: `microservice-operator explain FILE` shows what a service gets.
  Policies that others attach to a service's role stay, and keep the role from being deleted until they are detached.
- **`sts:GetCallerIdentity`**, with which the account is checked before the first write, needs no right.

| action | on | what for |
|---|---|---|
"""


def permissions(
    region: Annotated[str, typer.Option(help="AWS region.")] = "${region}",
    account_id: Annotated[str, typer.Option(help="AWS account.")] = "${account_id}",
    cluster_id: Annotated[str, typer.Option(help="UID of the namespace kube-system.")] = "${cluster_id}",
    cluster_name: Annotated[str, typer.Option(help="Name of the cluster in EKS.")] = "${cluster_name}",
    permissions_boundary_arn: Annotated[
        str, typer.Option(help="Policy that bounds the roles of services.")
    ] = "${permissions_boundary_arn}",
    docs: Annotated[Path | None, typer.Option(help="Write the page that explains the policy here.")] = None,
) -> None:
    """Show the operator's own IAM policy; what is not given stays as a placeholder of Terraform's."""
    if docs:
        docs.write_text(page(), encoding="utf-8")
        return
    values = {
        "region": region,
        "account_id": account_id,
        "cluster_id": cluster_id,
        "cluster_name": cluster_name,
        "permissions_boundary_arn": permissions_boundary_arn,
    }
    if not region.startswith("$"):
        values["partition"] = partition(region)
    typer.echo(policy(values), nl=False)


def policy(values: dict[str, str] | None = None) -> str:
    """The policy as a file."""
    return json.dumps(operator_policy(values or {}), indent=2) + "\n"


def page() -> str:
    """The page that explains it."""
    rows = [
        f"| `{action}` | `{resource.replace('|', '')}` | {right.why} |"
        for right in RIGHTS
        for action in right.granted
        for resource in right.resources
    ]
    return PAGE + "\n".join(rows) + "\n"
