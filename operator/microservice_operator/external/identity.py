"""The role of a Microservice and the association by which its pods get it, as external resources."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..api.parsing import Environment, Microservice
from ..aws.iam.pod_identity_adapter import EFFECTIVE_AFTER
from ..aws.iam.roles import (
    SERVICE_ROLE,
    DesiredIdentity,
    credentials_usable,
    delete_identity,
    keeps_former,
    reconcile_identity,
)
from ..aws.iam.service_policy import table_key_of
from ..facts import Part, Section, State
from ..ownership import shared_tags
from .clients import ExternalClients
from .owned_resources import GRANTED_KINDS, granting, noted
from .resource import Declaration, DeleteInput, ExternalResource, MicroserviceLookup, ReconcileInput, StepResult, items
from .table_grants import names_of

ROLE, ASSOCIATION = "Role", "PodIdentityAssociation"
GRANTED_SECTIONS = ("tables", "topics", "queues")  # sections of the spec whose resources the service calls itself


class Roles(ExternalResource):
    """The IAM role of a Microservice, with the EKS Pod Identity association that hands it to the pods."""

    kind = ROLE
    section = Section.IDENTITY
    holds_data = False
    companion_kinds = (ASSOCIATION,)
    ordered_after = frozenset(GRANTED_KINDS)

    def declarations(self, spec: Mapping[str, Any], environment: Environment | None) -> Iterable[Declaration]:
        aws = environment.spec.aws if environment else None
        uses_aws = any(items(spec, section) for section in GRANTED_SECTIONS) or bool(spec.get("tableRefs"))
        return (Declaration(SERVICE_ROLE),) if uses_aws and aws and aws.identity else ()

    async def reconcile(self, declared: ReconcileInput) -> StepResult:
        scope = self._clients.scope(declared.service.identity, declared.environment, "roles")
        aws = declared.environment.spec.aws if declared.environment else None
        assert aws is not None  # noqa: S101 the scope is made from it
        uid, created = declared.service.identity.uid, self._clients.made
        for key, is_new in noted(uid, declared.before):
            (created.add if is_new else created.discard)(key)
        just_created = frozenset(key for owner, key in created if owner == uid)
        granted = granting(scope, declared, just_created)
        role = DesiredIdentity(declared.service, aws, shared_tags(declared.environment), declared.known, granted)
        parts = await reconcile_identity(scope, role)
        kept = keeps_former(parts)
        if parts and parts[0].state is State.READY:
            parts = (self._with_table_key(uid, table_key_of(granted.grants), parts[0]), *parts[1:])
        return StepResult(parts, kept=kept)

    def _with_table_key(self, uid: str, key: str, role: Part) -> Part:
        """Note the key that the role may use; its tables change to it once all of AWS knows the right."""
        is_new = key and self._clients.table_keys.get(uid) != key
        self._clients.table_keys[uid] = key
        return replace(role, after=EFFECTIVE_AFTER) if is_new else role

    async def delete(self, target: DeleteInput) -> tuple[Part, ...]:
        scope = self._clients.scope(target.owner, target.environment, "roles")
        aws = target.environment.spec.aws if target.environment else None
        cluster = (aws.identity.cluster_name if aws and aws.identity else None) or ""
        return await delete_identity(scope, target.removal, cluster)


def identity_wait(parts: Iterable[Part]) -> str:
    """What pods wait for until they can get credentials; a role that is leaving is not theirs any more."""
    staying = [part for part in parts if part.state is not State.DELETING]
    return "" if credentials_usable(staying) else "the service's role is not ready yet"


def table_ref_names(
    clients: ExternalClients, service: Microservice, lookup: MicroserviceLookup
) -> dict[tuple[str, str], str]:
    """Names in AWS of other Microservices' tables, by (Microservice, table)."""
    return names_of(clients.owner(service.identity), service, lookup)


def role_arn(environment: Environment | None, parts: Iterable[Part]) -> str:
    """Return the ARN of the role if pods assume it themselves (IRSA), "" with Pod Identity or without a role."""
    aws = environment.spec.aws if environment else None
    if not aws or not aws.identity or aws.identity.type != "IRSA":
        return ""
    return next((part.id for part in parts if part.kind == ROLE), "")
