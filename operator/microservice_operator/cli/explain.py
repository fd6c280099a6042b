"""`microservice-operator explain`: shows a service's AWS permissions with reasons, and the callers of its routes.

It works offline, with the functions of a reconciliation. Values that only a cluster or an Environment knows are
placeholders.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer

from ..api.messaging import Topic
from ..api.parsing import Environment, Microservice
from ..aws.engine.arns import MESSAGING_KEY, TABLE_KEY, Site, adoptee_arn, arns, needs_role
from ..aws.iam.service_policy import GrantedTable, document, excess, grants
from ..aws.iam.trust import trust
from ..external.table_grants import admits, declared, lending, trouble
from ..ownership import Owner
from . import placeholders
from .aws_rules import aws_sources
from .loading import LoadedFiles, placed, read
from .openapi_documents import Contract
from .options import EnvironmentFile, Files, Format, OpenAPIFile, print_list, readable, stop_at
from .route_callers import Callers, contracts, routes_of, routes_text


@dataclass(frozen=True)
class Row:
    """One permitted action on one resource, with the field that requires it and the reason."""

    action: str
    resource: str
    field: str
    because: str


@dataclass(frozen=True)
class Sender:
    """An AWS service and the ARN of its resource that may send to a topic or a queue, by the policy of that one."""

    service: str
    source: str
    action: str
    resource: str
    field: str


@dataclass(frozen=True)
class Explanation:
    """The role, the senders and the routes of one service; `note` says why the operator creates no role, if so.

    `routes` is null if the files do not contain the OpenAPI document.
    """

    namespace: str
    name: str
    role: str
    note: str
    grants: list[Row]
    policy: Any
    trust: Any
    senders: list[Sender]
    routes: list[Callers] | None


@dataclass(frozen=True)
class Asked:
    """A service to explain, with its Environment and cluster as far as they are known."""

    service: Microservice
    environment: Environment | None
    cluster_id: str | None


class MicroserviceLookup:
    """Looks up the other Microservices in the files."""

    def __init__(self, loaded: LoadedFiles) -> None:
        """Index the Microservices in the files by namespace and name."""
        self._services = {(service.namespace, service.name): (source, service) for source, service in loaded.services}

    @property
    def microservices(self) -> Mapping[tuple[str, str], Mapping[str, Any]]:
        """All Microservices, as in their files."""
        return {key: source.content for key, (source, _) in self._services.items()}

    def dependency(self, key: tuple[str, str]) -> tuple[Mapping[str, Any], Microservice | None] | None:
        """Return a Microservice by namespace and name: its content and its parsed form."""
        entry = self._services.get(key)
        return (entry[0].content, entry[1]) if entry else None


def explain(
    files: Files,
    output: Annotated[Format, typer.Option("--output", "-o", help="Output format.")] = Format.TEXT,
    environment: EnvironmentFile = None,
    cluster_id: Annotated[
        str | None, typer.Option(help="UID of the namespace kube-system; makes names exact.", show_default=False)
    ] = None,
    openapi: OpenAPIFile = None,
) -> None:
    """Show the AWS permissions of a service's role with reasons, and the callers of its routes. Works offline.

    OpenAPI documents are also read from ConfigMaps in FILES.
    """
    with readable():
        loaded = read([*files, environment] if environment else files)
        found = contracts(loaded, openapi)
    lookup = MicroserviceLookup(loaded)
    explained = [_explanation(Asked(*both, cluster_id), lookup, found) for both in placed(loaded)]
    stop_at(loaded.complaints)
    print_list(explained, output, "\n".join(map(_text, explained)))


def _explanation(request: Asked, lookup: MicroserviceLookup, found: Mapping[str, Contract]) -> Explanation:
    service, environment, cluster_id = request.service, request.environment, request.cluster_id
    aws = environment.spec.aws if environment else None
    owner = Owner(cluster_id or placeholders.CLUSTER_ID, service.identity)
    site = Site(
        region=aws.region if aws else placeholders.REGION,
        account_id=aws.account_id if aws else placeholders.ACCOUNT_ID,
        cluster=owner.cluster,
        named=owner.name,
    )
    if cluster_id is None:
        site = replace(site, named=placeholders.cloud_names(service.namespace, service.name))
    lent = {**_lent(owner, site, request, lookup), **_lent_when_taken_over(site, service, lookup)}
    # assume that all adoptions have happened
    adopted = {t.name: adoptee_arn(site, t.adopt.name) for t in service.spec.tables or [] if t.adopt}
    keys = {MESSAGING_KEY: aws.messaging_key_arn, TABLE_KEY: aws.table_key_arn} if aws else {}
    known = arns(site, service, keys, adopted)
    granted = grants(service.spec, known, lent)
    policy = document(granted)
    rows = [Row(action, g.resource, g.at, g.because) for g in granted for action in sorted(g.actions)]
    roles = aws.identity if aws else None
    return Explanation(
        namespace=service.namespace,
        name=service.name,
        role=site.role_arn if granted else "",
        note=_note(service, environment) or excess(policy) or _untold(service, lookup),
        grants=rows,
        policy=policy,
        trust=trust(aws, roles, service.identity) if aws and roles and granted else None,
        senders=list(_senders(service, known)),
        routes=routes_of(service, found),
    )


def _senders(service: Microservice, known: Mapping[tuple[str, str], str]) -> Iterator[Sender]:
    """Yield the AWS resources of `awsSources`; `known` are ARNs by kind and name."""
    for field, item, source in aws_sources(service.spec):
        kind, action = ("Topic", "sns:Publish") if isinstance(item, Topic) else ("Queue", "sqs:SendMessage")
        yield Sender(source.service, source.source_arn, action, known[kind, item.name], field)


def _lent(owner: Owner, site: Site, request: Asked, lookup: MicroserviceLookup) -> dict[tuple[str, str], GrantedTable]:
    lent = dict(lending(owner, site, request.service, lookup))
    if request.cluster_id is not None:
        return lent
    return {
        (microservice, name): replace(
            table, arn=adoptee_arn(site, placeholders.cloud_name(request.service.namespace, microservice, name))
        )
        for (microservice, name), table in lent.items()
    }


def _lent_when_taken_over(
    site: Site, service: Microservice, lookup: MicroserviceLookup
) -> dict[tuple[str, str], GrantedTable]:
    """Return the granted tables that their owners have yet to adopt; after the adoption, `lending` returns them."""
    tables = {}
    for ref in service.spec.table_refs or []:
        _, owner = lookup.dependency((service.namespace, ref.microservice)) or (None, None)
        table = declared(owner.spec, ref) if owner and admits(owner.spec, service) else None
        if table and table.adopt:
            tables[ref.microservice, ref.table] = GrantedTable(table, adoptee_arn(site, table.adopt.name))
    return tables


def _untold(service: Microservice, lookup: MicroserviceLookup) -> str:
    sentences = (trouble(service, ref, lookup) for ref in service.spec.table_refs or [])
    return "; ".join(sentence for sentence in sentences if sentence)


def _note(service: Microservice, environment: Environment | None) -> str:
    if not needs_role(service):
        return "the operator creates no role, because the service declares no AWS resource that it calls itself"
    if environment is None:
        return "the service's Environment is unknown; add its file with --environment"
    if environment.spec.aws is None or environment.spec.aws.identity is None:
        return f"the operator creates no role, because Environment {environment.name} has no spec.aws.identity; add it"
    return ""


def _text(explanation: Explanation) -> str:
    lines = [f"{explanation.namespace}/{explanation.name}"]
    lines += [f"  role  {explanation.role}"] if explanation.role else []
    lines += [f"  note  {explanation.note}"] if explanation.note else []
    heading = ("", "")
    width = max((len(row.action) for row in explanation.grants), default=0)
    for row in explanation.grants:
        if (row.resource, row.field) != heading:
            heading = (row.resource, row.field)
            lines.append(f"  on {row.resource}")
        lines.append(f"    {row.action:<{width}}  {row.field}  {row.because}")
    for sender in explanation.senders:
        lines += [f"  from {sender.service}, for {sender.source}"]
        lines += [f"    {sender.action}  {sender.field}  to {sender.resource}"]
    lines += routes_text(explanation.routes)
    return "\n".join(lines) + "\n"
