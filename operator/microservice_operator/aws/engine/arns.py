"""PURE: the exact ARNs of a Microservice's resources and role; they are known before anything is created."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ...api.parsing import Microservice
from ...partitions import partition

ROLE_NAME_LIMIT = 64
TABLE_NAME_LIMIT = 255
TOPIC_NAME_LIMIT, QUEUE_NAME_LIMIT = 256, 80  # "CreateTopic" and "CreateQueue" in the API References
_COLONS = 5  # in an ARN, at least
FIFO = ".fifo"  # the suffix that the same pages require

MESSAGING_KEY, TABLE_KEY = ("Key", "messaging"), ("Key", "tables")

Named = Callable[[str, int], str]


@dataclass(frozen=True)
class Site:
    """An account and region as one Microservice uses it; `named` turns a declared name into the name in AWS."""

    region: str
    account_id: str
    cluster: str
    named: Named

    def arn(self, service: str, resource: str) -> str:
        """ARN of a resource in this account and region."""
        return f"arn:{partition(self.region)}:{service}:{self.region}:{self.account_id}:{resource}"

    @property
    def role_name(self) -> str:
        """Name of the role; it is unique in the account, whatever its path."""
        return self.named("role", ROLE_NAME_LIMIT)

    @property
    def role_path(self) -> str:
        """Path of all roles of this cluster; one ARN pattern then limits the roles that its operator may change."""
        return f"/microservice-operator/{self.cluster}/"

    @property
    def role_arn(self) -> str:
        """ARN of the role."""
        return f"arn:{partition(self.region)}:iam::{self.account_id}:role{self.role_path}{self.role_name}"


def needs_role(service: Microservice) -> bool:
    """Whether the service declares an AWS resource that its own code calls."""
    return bool(service.spec.tables or service.spec.table_refs or service.spec.topics or service.spec.queues)


def name_in_arn(arn: str) -> str:
    """Return the name that ends an ARN: `…:table/NAME`, `…:db:NAME`, `…:QUEUE`."""
    return re.split("[:/]", arn)[-1]


def whole_id(id_: str) -> str:
    """Return an id from a status, "" if it begins as an ARN and is none: others may edit a status.

    arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE ("Amazon Resource Names (ARNs)" in the AWS General Reference).
    """
    return "" if id_.startswith("arn:") and id_.count(":") < _COLONS else id_


def api_arn(region: str, api: str, account: str = "") -> str:
    """Return the ARN of an HTTP API by its id. AWS's own names no account; only an id in a status may."""
    return f"arn:{partition(region)}:apigateway:{region}:{account}:/apis/{api}"


def table_arn(site: Site, declared: str) -> str:
    """Return the ARN of a table from its declared name."""
    return adoptee_arn(site, site.named(declared, TABLE_NAME_LIMIT))


def adoptee_arn(site: Site, name: str) -> str:
    """Return the ARN of a table from its name in AWS."""
    return site.arn("dynamodb", f"table/{name}")


def arns(
    site: Site,
    service: Microservice,
    keys: Mapping[tuple[str, str], str | None] | None = None,
    adopted: Mapping[str, str] | None = None,
) -> dict[tuple[str, str], str]:
    """Return the ARN of each declared (kind, name), and of the Environment's `keys` as far as it has them.

    A table with `adopt` in the spec has an ARN only if it is in `adopted`: the spec alone does not adopt it.
    """
    spec = service.spec
    own = {table.name: table_arn(site, table.name) for table in spec.tables or [] if not table.adopt}
    taken = {table.name for table in spec.tables or [] if table.adopt} & (adopted or {}).keys()
    return {
        **{name: key for name, key in (keys or {}).items() if key},
        **{("Table", name): arn for name, arn in own.items()},
        **{("Table", name): (adopted or {})[name] for name in sorted(taken)},
        **{("Topic", t.name): site.arn("sns", topic_name(site.named, t.name, fifo=t.fifo)) for t in spec.topics or []},
        **{("Queue", q.name): site.arn("sqs", queue_name(site.named, q.name, fifo=q.fifo)) for q in spec.queues or []},
    }


def topic_name(named: Named, declared: str, *, fifo: bool) -> str:
    """Return the name in AWS of a declared topic."""
    return named(declared, TOPIC_NAME_LIMIT - len(FIFO)) + (FIFO if fifo else "")


def queue_name(named: Named, declared: str, *, fifo: bool) -> str:
    """Return the name in AWS of a declared queue."""
    return named(declared, QUEUE_NAME_LIMIT - len(FIFO)) + (FIFO if fifo else "")
