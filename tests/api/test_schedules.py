"""Schedules and time zones of jobs: ours and Kubernetes' own validation of a CronJob agree on the table."""

from typing import Any

import pytest

from tests.api.server import Refused, Server
from tests.unit.api.test_schedules import ACCEPTED, REFUSED, REFUSED_BY_KUBERNETES, REFUSED_BY_US, ZONES, resource

MICROSERVICES = "/apis/microservice-operator.dev/v1alpha1/namespaces/default/microservices"
CRON_JOBS = "/apis/batch/v1/namespaces/default/cronjobs"


def takes(server: Server, path: str, body: dict[str, Any]) -> bool:
    """Whether the API server accepts an object."""
    try:
        server.request("POST", path, body, dry_run=True)
    except Refused:
        return False
    return True


def cron_job(**fields: Any) -> dict[str, Any]:
    """A CronJob with these fields."""
    pod = {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a"}]}}
    spec = {"schedule": "@daily", "jobTemplate": {"spec": {"template": pod}}, **fields}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "a"}, "spec": spec}


@pytest.mark.parametrize("schedule", [*ACCEPTED, *REFUSED])
def test_a_schedule_is_accepted_if_a_cron_job_may_have_it(server: Server, schedule: str) -> None:
    expected = schedule in ACCEPTED
    assert takes(server, MICROSERVICES, resource(schedule=schedule)) is expected
    assert takes(server, CRON_JOBS, cron_job(schedule=schedule)) is expected


@pytest.mark.parametrize("zone", ZONES)
def test_a_time_zone_that_a_cron_job_may_have_is_accepted(server: Server, zone: str) -> None:
    assert takes(server, MICROSERVICES, resource(timeZone=zone)) is ZONES[zone]
    assert takes(server, CRON_JOBS, cron_job(timeZone=zone)) is ZONES[zone]


@pytest.mark.parametrize("schedule", REFUSED_BY_US)
def test_a_schedule_that_kubernetes_misreads_is_refused(server: Server, schedule: str) -> None:
    assert not takes(server, MICROSERVICES, resource(schedule=schedule))
    assert takes(server, CRON_JOBS, cron_job(schedule=schedule))


@pytest.mark.parametrize("fields", REFUSED_BY_KUBERNETES)
def test_what_no_pattern_finds_is_left_to_kubernetes(server: Server, fields: dict[str, str]) -> None:
    assert takes(server, MICROSERVICES, resource(**fields))
    assert not takes(server, CRON_JOBS, cron_job(**fields))
