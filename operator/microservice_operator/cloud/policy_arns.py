"""PURE: the exact ARNs of what a Microservice declares, and of its role; all are known before anything is made."""

from collections.abc import Callable
from dataclasses import dataclass

from ..api.objects import Microservice

ROLE_NAME_LIMIT = 64
TABLE_NAME_LIMIT = 255


@dataclass(frozen=True)
class Site:
    """An account and region as one Microservice sees it; `named` makes the name of a part from its declared one."""

    region: str
    account_id: str
    cluster: str
    named: Callable[[str, int], str]

    def arn(self, service: str, resource: str) -> str:
        """ARN of a resource of this account and region."""
        return f"arn:{partition(self.region)}:{service}:{self.region}:{self.account_id}:{resource}"

    @property
    def role_name(self) -> str:
        """Name of the role, unique in the account whatever its path."""
        return self.named("role", ROLE_NAME_LIMIT)

    @property
    def role_path(self) -> str:
        """Path of all roles of this cluster, so that one ARN pattern bounds what its operator may touch."""
        return f"/microservice-operator/{self.cluster}/"

    @property
    def role_arn(self) -> str:
        """ARN of the role."""
        return f"arn:{partition(self.region)}:iam::{self.account_id}:role{self.role_path}{self.role_name}"


def partition(region: str) -> str:
    """First part of every ARN of a region: "Amazon Resource Names (ARNs)" in the AWS General Reference."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def needs_role(service: Microservice) -> bool:
    """Does the service declare anything in AWS that it calls itself?"""
    return bool(service.spec.tables or service.spec.table_refs)


def table_arn(site: Site, declared: str) -> str:
    """ARN of a table, by its declared name."""
    return site.arn("dynamodb", f"table/{site.named(declared, TABLE_NAME_LIMIT)}")


def arns(site: Site, service: Microservice) -> dict[tuple[str, str], str]:
    """ARN of each declared (kind, name)."""
    return {("Table", table.name): table_arn(site, table.name) for table in service.spec.tables or []}
