"""PURE: adoption of existing AWS resources, and the consent that it needs from the Environment.

The author of a Microservice could name anything in the account. So the Environment must consent in an annotation:
`NAMESPACE/MICROSERVICE:tables/NAME` or `NAMESPACE/MICROSERVICE:databases/IDENTIFIER`, one or several.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .. import names
from ..api.microservice import MicroserviceSpec
from ..api.parsing import Identity
from ..aws.engine.arns import adoptee_arn
from ..aws.engine.scope import AwsScope, site
from ..raw_objects import mapping, mappings, text
from ..resources import Consent
from .consents import consents
from .remembered_ids import remembered_ids
from .resource import Declaration, DeleteInput, ReconcileInput, items

DATABASES, TABLES = "databases", "tables"


def adoption(declared: ReconcileInput, section: str, adoptee: str) -> Consent:
    """Whether the Environment consents to the adoption; `section` of the spec distinguishes resources of one name."""
    consent = consented(declared.service.identity, section, adoptee)
    return Consent(consent in consents(declared.environment), consent)


def deletion(target: DeleteInput, section: str, adoptee: str) -> Consent:
    """Whether the Environment consents to the deletion of an adopted resource; consent to adopt is not enough."""
    consent = consented(target.owner, section, adoptee)
    return Consent(consent in consents(target.environment, names.ANNOTATION_DELETE_ADOPTED), consent)


def consented(identity: Identity, section: str, adoptee: str) -> str:
    """The word that the annotation must contain."""
    return f"{identity.namespace}/{identity.name}:{section}/{adoptee}"


def with_adoption(spec: Any, section: str, named: str) -> tuple[Declaration, ...]:
    """The items of a list of the spec, each with what it adopts; `named` is the field of `adopt` that names it."""
    adopts = {text(item, "name"): text(mapping(item, "adopt"), named) for item in mappings(spec, section)}
    return tuple(replace(item, adopts=adopts.get(item.name, "")) for item in items(spec, section))


def adopted_tables(scope: AwsScope, declared: ReconcileInput) -> dict[str, str]:
    """ARNs of the tables that are adopted or may be, by declared name: the role may get access to these."""
    service = declared.service
    body = declared.lookup.microservices.get((service.namespace, service.name), {})
    arns = taken_over(service.spec, body)
    for table in service.spec.tables or []:
        if table.adopt and adoption(declared, TABLES, table.adopt.name).allowed:
            arns.setdefault(table.name, adoptee_arn(site(scope), table.adopt.name))
    return arns


def taken_over(spec: MicroserviceSpec, body: Mapping[str, Any]) -> dict[str, str]:
    """ARNs of the tables that a Microservice has adopted, by declared name, from its status."""
    ids = remembered_ids(body.get("status"))
    adopted = [table.name for table in spec.tables or [] if table.adopt]
    return {name: arn for name in adopted if (arn := ids.get(("Table", name)))}
