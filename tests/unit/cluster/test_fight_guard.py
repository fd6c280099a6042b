"""The operator reports a fight over a field, and corrects it less and less often until the other controller stops."""

import pytest

from microservice_operator.cluster.fight_guard import CALM, LONGEST_PAUSE, REPAIRS, WITHIN, Fought, Guard

KEY = ("uid", "Deployment", "web")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def repaired(guard: Guard, path: str = ".spec.replicas") -> bool:
    """Whether the field is put right this time."""
    try:
        guard.repairs(KEY, path)
    except Fought:
        return False
    return True


def fights(guard: Guard) -> bool:
    """Whether a fight is reported for a child that is correct at the moment."""
    try:
        guard.rests(KEY)
    except Fought:
        return True
    return False


@pytest.mark.parametrize("period", [0.1, 1, 15, 30, 60])
def test_a_foreign_controller_of_any_period_is_reported_and_slows_repairs(period: float) -> None:
    clock = Clock()
    guard, count, reported = Guard(clock), 0, 0
    for _ in range(int(3600 / period)):
        clock.now += period
        count += repaired(guard)
        reported += fights(guard)
    assert reported
    # four at full speed, then after 30, 60, 120, 240 and every 300 seconds
    assert count <= REPAIRS + 5 + 3600 / LONGEST_PAUSE
    assert count > 3600 / (LONGEST_PAUSE + period) - 2


def test_the_message_names_the_field_and_what_to_do() -> None:
    guard = Guard(Clock())
    for _ in range(REPAIRS):
        guard.repairs(KEY, ".spec.replicas")
    with pytest.raises(
        Fought,
        match=r"Deployment web: another controller changes spec\.replicas .*managedFields.*replicasManagedBy: External",
    ):
        guard.rests(KEY)


def test_a_fight_that_has_ended_is_forgotten() -> None:
    clock = Clock()
    guard = Guard(clock)
    for _ in range(REPAIRS):
        guard.repairs(KEY, ".a")
    assert fights(guard)
    with pytest.raises(Fought) as fought:
        guard.rests(KEY)
    clock.now += fought.value.after
    assert fought.value.after == CALM
    assert not fights(guard)
    for _ in range(REPAIRS - 1):
        assert repaired(guard, ".a")
        assert not fights(guard)


def test_it_says_when_the_next_repair_is_due() -> None:
    clock = Clock()
    guard = Guard(clock)
    for _ in range(REPAIRS):
        guard.repairs(KEY, ".a")
    with pytest.raises(Fought) as fought:
        guard.repairs(KEY, ".a")
    clock.now += fought.value.after
    assert repaired(guard, ".a")
    assert not repaired(guard, ".a")


def test_different_fields_are_no_fight() -> None:
    guard = Guard(Clock())
    for path in [".a", ".b", ".c"] * (REPAIRS - 1):
        assert repaired(guard, path)
        assert not fights(guard)


def test_rare_repairs_are_no_fight() -> None:
    clock = Clock()
    guard = Guard(clock)
    for _ in range(9):
        assert repaired(guard)
        assert not fights(guard)
        clock.now += WITHIN / (REPAIRS - 1)


def test_nothing_is_remembered_of_what_is_gone() -> None:
    guard = Guard(Clock())
    for _ in range(REPAIRS):
        guard.repairs(KEY, ".a")
    guard.forget("another")
    assert fights(guard)
    guard.forget("uid")
    assert not fights(guard)
