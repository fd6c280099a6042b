"""PURE: tables of other Microservices that this one refers to, and whether their owners admit it."""

from dataclasses import replace

from ..api.microservice import MicroserviceSpec
from ..api.objects import Microservice
from ..api.stores import Table, TableRef
from ..cloud.policy import Lending, Lent
from ..cloud.policy_arns import TABLE_NAME_LIMIT, Site, table_arn
from ..ownership import Owner
from .adoption import taken_over
from .sorts import Neighbours


def lending(owner: Owner, site: Site, service: Microservice, neighbours: Neighbours) -> Lending:
    """Every table that is referred to, exists in its owner's spec, and whose owner admits this Microservice.

    One that its owner takes over is lent once it is the owner's.
    """
    found = {}
    for ref in service.spec.table_refs or []:
        other = neighbours.dependency((service.namespace, ref.microservice))
        table = declared(other[1].spec, ref) if other and other[1] else None
        if other and other[1] and table and admits(other[1].spec, service):
            theirs = replace(site, named=owner_of(owner, ref).name)
            arn = taken_over(other[1].spec, other[0]).get(ref.table) if table.adopt else table_arn(theirs, ref.table)
            if arn:
                found[ref.microservice, ref.table] = Lent(table, arn)
    return found


def names_of(owner: Owner, service: Microservice, neighbours: Neighbours) -> dict[tuple[str, str], str]:
    """Names in AWS of the tables that are referred to; they are known whether the tables are there or not."""
    found = {}
    for ref in service.spec.table_refs or []:
        other = neighbours.dependency((service.namespace, ref.microservice))
        table = declared(other[1].spec, ref) if other and other[1] else None
        adopts = table.adopt.name if table and table.adopt else ""
        found[ref.microservice, ref.table] = adopts or owner_of(owner, ref).name(ref.table, TABLE_NAME_LIMIT)
    return found


def owner_of(owner: Owner, ref: TableRef) -> Owner:
    """The Microservice that declares the table, as far as names depend on it."""
    return replace(owner, identity=replace(owner.identity, name=ref.microservice, uid=""))


def declared(spec: MicroserviceSpec, ref: TableRef) -> Table | None:
    """The table in its owner's spec."""
    return next((table for table in spec.tables or [] if table.name == ref.table), None)


def admits(spec: MicroserviceSpec, service: Microservice) -> bool:
    """Does the owner name this very Microservice in access.from? A whole namespace may call it, not have its data."""
    return any(caller.microservice == service.name for caller in (spec.access.from_ if spec.access else None) or [])


def trouble(service: Microservice, ref: TableRef, neighbours: Neighbours) -> str:
    """What keeps a ref from being granted, "" when nothing does."""
    found = neighbours.dependency((service.namespace, ref.microservice))
    where = f"table {ref.table} of Microservice {ref.microservice}"
    if found is None:
        return (
            f"{where}: that Microservice does not exist in namespace {service.namespace}; create it, or correct the ref"
        )
    other = found[1]
    if other is not None and declared(other.spec, ref) is None:
        return f"{where}: it declares no such table; add it there, or correct the ref"
    if other is None or not admits(other.spec, service):
        return f"{where} is not granted; add {{microservice: {service.name}}} to its access.from"
    return ""
