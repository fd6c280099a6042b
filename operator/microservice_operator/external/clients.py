"""The clients of AWS, PostgreSQL and the API server that every external resource uses, with their caches."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from .. import names
from ..api.environment import AWS
from ..api.parsing import Environment, Identity
from ..aws.engine.call import AssumedRole
from ..aws.engine.clients import Clients
from ..aws.engine.scope import AwsScope
from ..cluster.apply import Cluster
from ..errors import NeedsPerson
from ..facts import Reason
from ..ownership import Owner
from ..postgres.models import Logins
from ..postgres.sessions import Servers
from ..resync_cache import ResyncCache
from .backoff import ResourceBackoff
from .consents import consents
from .graph import Key
from .rotation_schedule import RotationTurns

_SESSION_LIMIT = 64  # "AssumeRole" in the AWS STS API Reference: RoleSessionName


def _document_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="openapi")


@dataclass
class ExternalClients:
    """Clients and caches of one operator process; `cluster_id` is the UID of `kube-system`.

    `logins` are those of databases that were ready, by the Microservice's UID and the database's name: a Secret that
    somebody deleted comes back with the same password. `made` are parts, by the Microservice's UID, that this process
    has made and that AWS does not show yet as the Microservice's. `table_keys` are the keys that roles may use for
    their tables, by the Microservice's UID. `rotation_turns` are those of passwords. `document_threads` read
    OpenAPI documents: in the default threads of asyncio, a few large documents would delay every look-up of a host
    name.
    """

    cluster: Cluster
    cluster_id: str
    aws: Clients
    servers: Servers
    resync_cache: ResyncCache
    resync: float
    logins: dict[tuple[str, str], Logins] = field(default_factory=dict)
    namespace_uid: Callable[[str], str] = lambda _namespace: ""
    backoff: ResourceBackoff = field(default_factory=ResourceBackoff)
    made: set[tuple[str, Key]] = field(default_factory=set)
    table_keys: dict[str, str] = field(default_factory=dict)
    rotation_turns: RotationTurns = field(default_factory=RotationTurns)
    document_threads: ThreadPoolExecutor = field(default_factory=_document_threads)

    def close(self) -> None:
        """Release threads and connections without waiting for running calls."""
        self.aws.close()
        self.document_threads.shutdown(wait=False, cancel_futures=True)

    def forget(self, uid: str) -> None:
        """Drop everything that is cached of a Microservice that is gone."""
        self.invalidate(uid)
        for key in [key for key in self.logins if key[0] == uid]:
            del self.logins[key]
        self.made -= {key for key in self.made if key[0] == uid}
        self.table_keys.pop(uid, None)
        self.rotation_turns.forget(uid)
        self.aws.lists.forget(uid)

    def reset(self) -> None:
        """Drop every cache: another process has led meanwhile."""
        self.resync_cache.clear()
        self.logins.clear()
        self.made.clear()
        self.table_keys.clear()
        self.rotation_turns.clear()
        self.backoff.clear()
        self.aws.lists.expire()

    def invalidate(self, uid: str) -> None:
        """Read everything of a Microservice again in its next reconciliation."""
        self.resync_cache.invalidate_owner(uid)
        self.backoff.forget(uid)
        self.aws.lists.refresh(uid)

    def owner(self, identity: Identity, environment: Environment | None = None) -> Owner:
        """A Microservice as owner. It inherits what its namesakes retained, if its Environment allows it."""
        owner = Owner(self.cluster_id, identity, self.namespace_uid(identity.namespace))
        return replace(owner, heir=owner.inheritance in consents(environment))

    def scope(self, identity: Identity, environment: Environment | None, what: str) -> AwsScope:
        """The AWS account and region of a Microservice.

        Raises NeedsPerson when no Environment names them; `what` names in the plural what needs them.
        """
        if environment is None or environment.spec.aws is None:
            raise NeedsPerson(
                Reason.ENVIRONMENT_MISSING,
                f"{what} need an Environment with spec.aws; create one, or mark one as default",
            )
        aws, owner = environment.spec.aws, self.owner(identity, environment)
        role = assumed_role(aws, self.cluster_id)
        return AwsScope(self.aws, aws.region, aws.account_id, owner, self.resync_cache, role)


def assumed_role(aws: AWS, cluster_id: str) -> AssumedRole | None:
    """Return the role that the operator assumes for an Environment, if any; CloudTrail shows the cluster."""
    if not aws.role_arn:
        return None
    session = f"{names.FIELD_MANAGER}@{cluster_id}"[:_SESSION_LIMIT]
    return AssumedRole(aws.role_arn, aws.external_id or "", session)
