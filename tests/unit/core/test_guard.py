"""A fight over a field ends with a sentence instead of writes without end."""

import pytest

from microservice_operator.cluster.guard import CEASE, Guard
from microservice_operator.errors import NeedsPerson

KEY = ("uid", "Deployment", "web")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_three_repairs_of_one_field_in_a_row_are_a_fight_until_some_time_has_passed() -> None:
    clock = Clock()
    guard = Guard(clock)
    for _ in range(3):
        clock.now += 1
        guard.repairs(KEY, ".spec.replicas")
    with pytest.raises(NeedsPerson, match=r"Deployment web: somebody else changes spec\.replicas"):
        guard.repairs(KEY, ".spec.replicas")
    clock.now += CEASE
    guard.repairs(KEY, ".spec.replicas")


@pytest.mark.parametrize("paths", [[".a", ".b", ".a", ".b", ".a"], [".a", ".a", ".b", ".a", ".a"]])
def test_different_fields_are_no_fight(paths: list[str]) -> None:
    guard = Guard(Clock())
    for path in paths:
        guard.repairs(KEY, path)


def test_rare_repairs_are_no_fight() -> None:
    clock = Clock()
    guard = Guard(clock)
    for _ in range(9):
        guard.repairs(KEY, ".a")
        clock.now += 20
