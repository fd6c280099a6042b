"""Rules for a whole resource: they need its name and its spec.

In the CRD they are at the root; `parsing` checks them after it has parsed the spec.
"""

import json
import re

from .base import Rule
from .scalars import DNS_LABEL, DNS_LABEL_ALPHA

NAME_RULE = Rule(
    cel=f"self.metadata.name.size() <= 40 && self.metadata.name.matches({json.dumps(DNS_LABEL_ALPHA)})",
    holds=lambda self: len(self.name) <= 40 and bool(re.fullmatch(DNS_LABEL_ALPHA, self.name)),  # noqa: PLR2004 as in CEL
    message="metadata.name becomes the name of a Service: at most 40 characters, lower-case letters, digits and single"
    " hyphens, starting with a letter; choose another name",
)


def _owner_secrets(join: str) -> str:
    return f"self.metadata.name + '{join}' + d.name + '-database-owner'"


MICROSERVICE_RULES = (
    NAME_RULE,
    Rule(
        cel="!has(self.spec.sidecars) || !self.spec.sidecars.exists(c, c.name == self.metadata.name)",
        holds=lambda self: all(container.name != self.name for container in self.spec.sidecars or []),
        message="sidecars: the main container has the Microservice's name; choose another name for the sidecar",
        field="spec.sidecars",
    ),
    Rule(
        cel="!has(self.spec.initContainers) || !self.spec.initContainers.exists(c, c.name == self.metadata.name)",
        holds=lambda self: all(container.name != self.name for container in self.spec.init_containers or []),
        message="initContainers: the main container has the Microservice's name; choose another name for the container",
        field="spec.initContainers",
    ),
    Rule(
        cel="!has(self.spec.dependencies) || !self.spec.dependencies.exists(d, d.name == self.metadata.name)",
        holds=lambda self: all(dependency.name != self.name for dependency in self.spec.dependencies or []),
        message="dependencies: a service cannot depend on itself; remove the item",
        field="spec.dependencies",
    ),
    Rule(
        cel="!has(self.spec.subscriptions) || self.spec.subscriptions.all(s, s.topic.microservice != self.metadata.name"
        " || (has(self.spec.topics) && self.spec.topics.exists(t, t.name == s.topic.name)))",
        holds=lambda self: all(
            s.topic.microservice != self.name or s.topic.name in {topic.name for topic in self.spec.topics or []}
            for s in self.spec.subscriptions or []
        ),
        message="subscriptions: a topic of this service is not declared; add it to spec.topics",
        field="spec.subscriptions",
    ),
    Rule(
        cel="!has(self.spec.databases) || self.spec.databases.all(d, !has(d.connection)"
        " || !has(d.connection.secretName)"
        f" || !(d.connection.secretName in [{_owner_secrets('-')}, {_owner_secrets('.')}]))",
        holds=lambda self: all(
            database.connection is None
            or database.connection.secret_name
            not in {f"{self.name}{join}{database.name}-database-owner" for join in "-."}
            for database in self.spec.databases or []
        ),
        message="databases: connection.secretName is the name of the schema owner's Secret, which the service must not"
        " read; choose another name",
        field="spec.databases",
    ),
)

ENVIRONMENT_RULES = (
    Rule(
        cel=f"self.metadata.name.size() <= 63 && self.metadata.name.matches({json.dumps(DNS_LABEL)})",
        holds=lambda self: len(self.name) <= 63 and bool(re.fullmatch(DNS_LABEL, self.name)),  # noqa: PLR2004 as in CEL
        message="metadata.name becomes the value of a label: at most 63 characters, lower-case letters, digits and"
        " hyphens; choose another name",
    ),
)
