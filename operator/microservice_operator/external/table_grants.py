"""PURE: grants on tables of other Microservices (`tableRefs`): which exist, and which their owners allow."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..api.arns import account_in_arn
from ..api.microservice import MicroserviceSpec
from ..api.parsing import Microservice
from ..api.stores import Table, TableRef
from ..aws.engine.arns import TABLE_NAME_LIMIT, Site, table_arn
from ..aws.iam.service_policy import GrantedTable, GrantedTables
from ..ownership import Owner
from ..raw_objects import mappings, text
from .adoption import taken_over
from .remembered_ids import remembered_ids
from .resource import MicroserviceLookup
from .topic_refs import admits as named_in


def lending(owner: Owner, site: Site, service: Microservice, lookup: MicroserviceLookup) -> GrantedTables:
    """Every referenced table that exists in its owner's spec and whose owner allows this Microservice.

    One that its owner takes over is lent once it is the owner's.
    """
    granted = {}
    for ref in service.spec.table_refs or []:
        entry = lookup.dependency((service.namespace, ref.microservice))
        table = declared(entry[1].spec, ref) if entry and entry[1] else None
        if entry and entry[1] and table and admits(entry[1].spec, service):
            theirs = replace(site, named=owner_of(owner, ref).name)
            arn = taken_over(entry[1].spec, entry[0]).get(ref.table) if table.adopt else table_arn(theirs, ref.table)
            if arn:
                granted[ref.microservice, ref.table] = GrantedTable(table, arn)
    return granted


@dataclass(frozen=True)
class TableGrants:
    """Tables of others: those certainly granted, those unknown, and those certainly not granted, the last two by ARN.

    `former` are all grants of others: a reference that is no longer declared may have been for any of them.
    """

    tables: GrantedTables
    unsure: frozenset[str]
    refused: frozenset[str]
    former: frozenset[str]


def borrowed(owner: Owner, site: Site, service: Microservice, lookup: MicroserviceLookup) -> TableGrants:
    """The granted tables: the owner's status lists the table, and the owner names this Microservice."""
    tables: dict[tuple[str, str], GrantedTable] = {}
    unsure, refused = set[str](), set[str]()
    lent = lending(owner, site, service, lookup)
    for ref in service.spec.table_refs or []:
        body = lookup.microservices.get((service.namespace, ref.microservice))
        theirs, shown = remembered(body), lent.get((ref.microservice, ref.table))
        arn = theirs.get(ref.table) or table_arn(replace(site, named=owner_of(owner, ref).name), ref.table)
        if body is not None and _denied(body.get("spec"), service, ref):
            refused.add(arn)
        elif shown and theirs.get(ref.table) == shown.arn:
            tables[ref.microservice, ref.table] = shown
        else:
            unsure.add(arn)
    former = {
        arn
        for (namespace, name), body in lookup.microservices.items()
        if namespace == service.namespace and name != service.name and named_in(body.get("spec"), service.name)
        for arn in remembered(body).values()
    }
    return TableGrants(tables, frozenset(unsure), frozenset(refused), frozenset(former))


def remembered(body: Mapping[str, Any] | None) -> dict[str, str]:
    """ARNs of a Microservice's tables, by declared name, from its status."""
    ids = remembered_ids((body or {}).get("status"))
    return {name: arn for (kind, name), arn in ids.items() if kind == "Table"}


def _denied(spec: object, service: Microservice, ref: TableRef) -> bool:
    """Whether the owner certainly refuses: it names only others, or no longer declares the table."""
    if named_in(spec, service.name) is False:
        return True
    return isinstance(spec, Mapping) and ref.table not in {text(table, "name") for table in mappings(spec, "tables")}


def names_of(owner: Owner, service: Microservice, lookup: MicroserviceLookup) -> dict[tuple[str, str], str]:
    """Names in AWS of the referenced tables; they are known before the tables exist."""
    table_names = {}
    for ref in service.spec.table_refs or []:
        entry = lookup.dependency((service.namespace, ref.microservice))
        table = declared(entry[1].spec, ref) if entry and entry[1] else None
        adopts = table.adopt.name if table and table.adopt else ""
        table_names[ref.microservice, ref.table] = adopts or owner_of(owner, ref).name(ref.table, TABLE_NAME_LIMIT)
    return table_names


def owner_of(owner: Owner, ref: TableRef) -> Owner:
    """The Microservice that declares the table, as names are built from it."""
    return replace(owner, identity=replace(owner.identity, name=ref.microservice, uid=""))


def declared(spec: MicroserviceSpec, ref: TableRef) -> Table | None:
    """The referenced table in its owner's spec."""
    return next((table for table in spec.tables or [] if table.name == ref.table), None)


def admits(spec: MicroserviceSpec, service: Microservice) -> bool:
    """Whether `access.from` names this Microservice. A namespace in it may call the service, but not read its data."""
    return any(caller.microservice == service.name for caller in (spec.access.from_ if spec.access else None) or [])


def trouble(service: Microservice, ref: TableRef, lookup: MicroserviceLookup, account_id: str = "") -> str:
    """Why a reference is not granted, "" when it is; `account_id` is the service's account, "" if it is unknown."""
    entry = lookup.dependency((service.namespace, ref.microservice))
    where = f"table {ref.table} of Microservice {ref.microservice}"
    if entry is None:
        return (
            f"{where}: that Microservice does not exist in namespace {service.namespace}; create it, or correct the ref"
        )
    owner = entry[1]
    if owner is not None and declared(owner.spec, ref) is None:
        return f"{where}: it declares no such table; add it there, or correct the ref"
    if owner is None or not admits(owner.spec, service):
        return f"{where} is not granted; add {{microservice: {service.name}}} to its access.from"
    account = account_in_arn(remembered(entry[0]).get(ref.table, ""))
    if account_id and account not in ("", account_id):
        return (
            f"{where} is in account {account}, but the Environment of this Microservice names account {account_id}; "
            "use Environments of the same account"
        )
    return ""
