"""PURE: what a change of a spec does to each resource in AWS that is declared before and after it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..api.parsing import Environment, Microservice
from ..aws.dynamodb.desired import DesiredTable
from ..aws.messaging.desired import DesiredQueue, DesiredTopic
from ..aws.preview import Forecast, database_changes, queue_changes, table_changes, topic_changes
from ..ownership import Owner
from .desired import desired_instance, messaging_key, of_rds, table_key
from .resource import tags


@dataclass(frozen=True)
class Version:
    """A Microservice before or after the change, with its Environment."""

    service: Microservice
    environment: Environment | None

    def of(self, section: str) -> dict[str, Any]:
        """The items of a list of its spec, by name."""
        return {item.name: item for item in getattr(self.service.spec, section) or []}


def _database(version: Version, name: str) -> Any:
    return desired_instance(version.service, version.environment, name)


def _table(version: Version, name: str) -> Any:
    key = table_key(version.environment)
    return DesiredTable(version.of("tables")[name], tags(version.service, version.environment), key=key)


def _topic(version: Version, name: str) -> Any:
    key = messaging_key(version.environment)
    return DesiredTopic(version.of("topics")[name], tags(version.service, version.environment), key=key)


def _queue(version: Version, name: str) -> Any:
    key = messaging_key(version.environment)
    return DesiredQueue(version.of("queues")[name], tags(version.service, version.environment), key=key)


_Look = tuple[Callable[[Version, str], Any], Callable[[Owner, Any, Any], tuple[Forecast, ...]]]
SECTIONS: Mapping[str, _Look] = {
    "databases": (_database, database_changes),
    "tables": (_table, table_changes),
    "topics": (_topic, topic_changes),
    "queues": (_queue, queue_changes),
}


def forecasts(owner: Owner, new: Version, old: Version) -> Iterator[tuple[str, str, tuple[Forecast, ...]]]:
    """Section and name of each resource that both have, and what becomes of it.

    Raises NeedsPerson where an Environment does not say what a spec asks for.
    """
    for section, (desired, changes) in SECTIONS.items():
        if section == "databases" and not (of_rds(new.environment) and of_rds(old.environment)):
            continue  # of a server that is there already, nothing in AWS is changed
        for name in new.of(section).keys() & old.of(section).keys():
            yield section, name, changes(owner, desired(new, name), desired(old, name))
