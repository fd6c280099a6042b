"""`microservice-operator permissions`: shows the operator's own IAM policy, built from the table of its AWS calls."""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from ..api.arns import POLICY_ARN, ROLE_ARN
from ..api.environment import ACCOUNT_ID, CLUSTER_NAME, REGION
from ..api.patterns import WORDS, pattern
from ..aws.engine.policy_documents import Document
from ..aws.iam.operator_permissions import ASSUME_ROLES, OPTIONS, RIGHTS, Option, Right
from ..aws.iam.operator_policy import operator_policy, option_policy
from ..aws.iam.service_policy import SIZE_LIMIT, size_of
from ..partitions import partition
from .options import DataFormat, Format, print_one

PAGE = """# The operator's permissions in AWS

The operator's role needs the permissions below and no others. `manifests/terraform/operator-iam` creates that role
([delivery](delivery.md)). Without Terraform, use `microservice-operator permissions --region R --account-id A
--cluster-id U --cluster-name N --permissions-boundary-arn B`, which prints the policy. Both come from one table,
`aws/iam/operator_permissions.py`. The AWS tests record every call that the operator makes: each call is in the table,
and the table has no other.

- **Roles** have the path `/microservice-operator/<cluster id>/`; the cluster id is the UID of the namespace
  `kube-system`. The policy allows no access to other roles. The operator can create a role, or give it a policy, only
  with the permissions boundary, so set its ARN as `spec.aws.permissionsBoundaryARN` in every Environment of this
  cluster. The operator may not remove a boundary.
- **Tables, topics, queues, instances, their groups and security groups, and associations** can be changed and
  deleted only if they have the tag `microservice-operator.dev/cluster` with this cluster's id. The operator sets this
  tag in the call that creates a resource, and before any other change when it adopts one. IAM or AWS cannot limit the
  following in this way: HTTP APIs and their parts, the scaling of tables, and the master logins that RDS manages
  (`rds!db-*`). The operator may read the master login of any instance in the account.
- **Options** are permissions that reach what is not the operator's. They are granted only if you ask for them, with
  `--with` or a variable of the Terraform module, and you can remove them after use. IAM allows 10,240 characters for
  all inline policies of a role together, so attach each option as a separate managed policy: `--only` prints it, and
  the Terraform module attaches it.
  - `--with restores` (`restores = true`) is for `restoreFrom`. It allows to restore any backup, snapshot and table of
    the account. The operator restores only what is proven to be the Microservice's, or what the Environment allows.
    DynamoDB fills a restored table with the operator's rights on items. They hold for all tables without the tag
    `microservice-operator.dev/cluster`, also for those of others, and for no table of an operator.
  - `--with access-logs` (`access_logs = true`) is for `accessLogGroupARN`. API Gateway subscribes to the log group in
    the operator's name, so it allows to write the resource policies of CloudWatch Logs in the account.
- **DynamoDB must evaluate tags for this.** In most accounts it does. In an account that has used policies with tag
  conditions before, attribute-based access control of DynamoDB may be off, separately for each Region ("Enabling ABAC
  in DynamoDB" in the Amazon DynamoDB Developer Guide). Then every condition on tags counts as not met, and the operator
  cannot create, change, tag or delete tables (`AccessDenied`). Check this before you apply the policy: use
  `aws dynamodb get-abac-status`, or Settings in the console, where you can switch it on.
- **A service's own role** is not the operator's role: `microservice-operator explain FILE` shows a service's
  permissions. Policies that others attach to a service's role stay attached; the role cannot be deleted until they are
  detached.
- **Roles of Environments.** If `spec.aws.roleARN` of an Environment names a role, that role needs this policy, with the
  account of the Environment. The operator's own role then only needs `sts:AssumeRole` and `sts:TagSession`
  on it: use `--environment-role-arn` once for each role, or `environment_role_arns` of the Terraform module
  ([operations](operations.md#several-aws-accounts)).
- **`sts:GetCallerIdentity`** checks the account before the first write and needs no permission.

| action | resource | purpose |
|---|---|---|
"""


_CLUSTER_ID = pattern(r"^[a-z0-9][a-z0-9-]*$", "an ID of lower-case letters, digits and hyphens, such as a UID")
_PATTERNS = {
    "region": REGION,
    "account_id": ACCOUNT_ID,
    "cluster_id": _CLUSTER_ID,
    "cluster_name": CLUSTER_NAME,
    "permissions_boundary_arn": POLICY_ARN,
    "environment_role_arn": ROLE_ARN,
}
_EXPLAINED = " ".join(f"{name}: {what}." for name, what in OPTIONS.items())


def permissions(  # noqa: PLR0913, PLR0917 one parameter for each flag
    region: Annotated[str, typer.Option(help="AWS region.")] = "${region}",
    account_id: Annotated[str, typer.Option(help="AWS account ID.")] = "${account_id}",
    cluster_id: Annotated[str, typer.Option(help="UID of the namespace kube-system.")] = "${cluster_id}",
    cluster_name: Annotated[str, typer.Option(help="Name of the cluster in EKS.")] = "${cluster_name}",
    permissions_boundary_arn: Annotated[
        str, typer.Option(help="ARN of the permissions boundary of the services' roles.")
    ] = "${permissions_boundary_arn}",
    environment_role_arn: Annotated[
        list[str] | None, typer.Option(help="ARN of a role that spec.aws.roleARN of an Environment names; repeatable.")
    ] = None,
    with_: Annotated[
        list[Option] | None, typer.Option("--with", help=f"Also grant what an option needs; repeatable. {_EXPLAINED}")
    ] = None,
    only: Annotated[Option | None, typer.Option(help="Show the permissions of one option alone.")] = None,
    output: Annotated[DataFormat, typer.Option("--output", "-o", help="Output format.")] = DataFormat.JSON,
    docs: Annotated[Path | None, typer.Option(help="File to write the page to that explains the policy.")] = None,
) -> None:
    """Show the operator's own IAM policy. Unset options remain Terraform placeholders."""
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
    for name, value in values.items():
        if not value.startswith("${"):
            _check(name, value)
    if not region.startswith("$"):
        values["partition"] = partition(region)
    policy = _policy(values, environment_role_arn or [], with_ or [], only)
    _warn_of_size(policy)
    print_one(policy, Format(output), "")


def _policy(
    values: Mapping[str, str], roles: Sequence[str], options: Collection[Option], only: Option | None
) -> Document:
    if only and (roles or options):
        raise typer.BadParameter("shows one option alone; omit --with and --environment-role-arn", param_hint="--only")
    for arn in roles:
        _check("environment_role_arn", arn)
    return option_policy(values, only) if only else operator_policy(values, roles, options)


def _check(name: str, value: str) -> None:
    if not re.fullmatch(_PATTERNS[name], value):
        raise typer.BadParameter(f"{value} is not {WORDS[_PATTERNS[name]]}", param_hint=f"--{name.replace('_', '-')}")


def _warn_of_size(policy: Document) -> None:
    if (size := size_of(policy)) > SIZE_LIMIT:
        message = (
            f"warning: the policy has {size} characters, but IAM allows {SIZE_LIMIT} for all inline policies of a role;"
            " attach each option as a separate managed policy (--only)"
        )
        typer.echo(message, err=True)


def page() -> str:
    """Return the page that explains the policy."""
    rows = [
        f"| `{action}` | `{resource.replace('|', '')}` | {right.why}{_only_with(right)} |"
        for right in (*RIGHTS, ASSUME_ROLES)
        for action in right.granted
        for resource in right.resources
    ]
    return PAGE + "\n".join(rows) + "\n"


def _only_with(right: Right) -> str:
    return f" (only `--with {right.option}`)" if right.option else ""
