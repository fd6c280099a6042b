"""Which automated backups of a deleted instance contain a point in time."""

from datetime import UTC, datetime
from typing import Any

import pytest

from microservice_operator.api.restores import InstancePointInTime
from microservice_operator.aws.rds.restore_source import choose_backup


def day(number: int) -> datetime:
    return datetime(2026, 11, number, tzinfo=UTC)


def backup(created: int, window: tuple[int, int] | None, status: str = "retained") -> dict[str, Any]:
    span = {"EarliestTime": day(window[0]), "LatestTime": day(window[1])} if window else None
    return {"InstanceCreateTime": day(created), "Status": status, "RestoreWindow": span}


FIRST, SECOND = backup(1, (2, 9)), backup(10, (11, 19))
BACKUPS = (SECOND, FIRST, backup(20, (21, 25), "active"), backup(26, None))


@pytest.mark.parametrize(
    ("when", "expected"),
    [(None, SECOND), (day(5), FIRST), (day(19), SECOND), (day(10), None), (day(22), None), (day(1), None)],
)
def test_the_backups_that_contain_the_time(when: datetime | None, expected: Any) -> None:
    text = when.strftime("%Y-%m-%dT%H:%M:%SZ") if when else None
    point = InstancePointInTime.model_validate(
        {"sourceInstance": "old", **({"time": text} if text else {"latest": True})}
    )
    assert choose_backup(BACKUPS, point, when) == expected
    assert choose_backup((), point, when) is None
