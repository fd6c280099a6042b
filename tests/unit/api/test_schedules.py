"""The schedules and time zones of jobs; `tests/api` checks that a CronJob may have the same."""

from typing import Any

import pytest

from microservice_operator.errors import InvalidSpec
from tests.unit.api.test_rules import parsed

ACCEPTED = (
    *("* * * * *", "15 3 * * *", "*/15 * * * *", "0 0 1 1 *", "59 23 31 12 6", "0,30 9-17/2 * * MON-FRI"),
    *("0 0 * JAN,jul sun", "5/10 * ? * ?", "00 04 08-15 * 0", "0  0 * * *", "@daily", "@hourly", "@midnight"),
)
REFUSED = (
    *("", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * * 7"),
    *("*/0 * * * *", "a * * * *", "* * * * MONDAY", "1-2-3 * * * *", "- * * * *"),
    *("@never", "@Daily", "@reboot", "TZ=Etc/UTC 0 0 * * *", "CRON_TZ=Etc/UTC 0 0 * * *", "0 0 * * * # midnight"),
)
# Kubernetes reads them as `*` and `1`, which nobody who writes them means.
REFUSED_BY_US = ("*-5 * * * *", "1, * * * *")
# No pattern can compare numbers, or know all zones: the API server refuses the CronJob, and the status says so.
REFUSED_BY_KUBERNETES = ({"schedule": "5-1 * * * *"}, {"timeZone": "Mars/Olympus"})
ZONES = {
    "Etc/UTC": True,
    "Europe/Vienna": True,
    "America/Port-au-Prince": True,
    "": False,
    "../etc": False,
    "a b": False,
}


def resource(**fields: Any) -> dict[str, Any]:
    """A Microservice with one job."""
    job = {"name": "cleanup", "schedule": "@daily", "command": ["clean"], **fields}
    return {
        "apiVersion": "microservice-operator.dev/v1alpha1",
        "kind": "Microservice",
        "metadata": {"name": "order", "namespace": "default"},
        "spec": {"image": "a", "jobs": [job]},
    }


@pytest.mark.parametrize("schedule", ACCEPTED)
def test_a_schedule_of_cron_is_accepted(schedule: str) -> None:
    assert parsed(resource(schedule=schedule)).spec.jobs[0].schedule == schedule


@pytest.mark.parametrize("schedule", [*REFUSED, *REFUSED_BY_US])
def test_another_one_is_refused_with_an_example(schedule: str) -> None:
    with pytest.raises(InvalidSpec, match=r"such as 15 3 \* \* 1-5"):
        parsed(resource(schedule=schedule))


@pytest.mark.parametrize("zone", ZONES)
def test_a_time_zone_has_the_form_of_one(zone: str) -> None:
    if ZONES[zone]:
        assert parsed(resource(timeZone=zone)).spec.jobs[0].time_zone == zone
        return
    with pytest.raises(InvalidSpec, match="Europe/Vienna"):
        parsed(resource(timeZone=zone))
