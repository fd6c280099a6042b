"""A step that AWS accepts but does not show is repeated with backoff; a different step runs immediately."""

from itertools import pairwise

from microservice_operator.aws.engine.write_backoff import WriteBackoff

KEY = ("uid", "Queue", "events")


def test_the_same_step_from_the_same_observation() -> None:
    now = 0.0
    repeats = WriteBackoff(lambda: now)
    taken: list[float] = []
    while now < 3600:
        repeat = repeats.of(KEY, "attributes", 1)
        assert repeat.kept_from is (len(taken) >= 2)
        if not repeat.wait:
            repeats.taken(KEY, "attributes", 1)
            taken.append(now)
        now += repeat.wait or 1
    waits = [round(later - earlier) for earlier, later in pairwise(taken)]
    assert waits[:8] == [1, 5, 10, 20, 40, 80, 160, 300]
    assert set(waits[8:]) == {300}


def test_two_steps_that_undo_each_other_are_both_damped() -> None:
    repeats = WriteBackoff(lambda: 0.0)
    for _ in range(2):
        repeats.taken(KEY, "policy", "a")
        repeats.taken(KEY, "tags", "b")
    assert repeats.of(KEY, "policy", "a").wait == repeats.of(KEY, "tags", "b").wait == 5
    assert not repeats.of(KEY, "policy", "from elsewhere").wait
    repeats.forget(KEY)
    assert not repeats.of(KEY, "policy", "a").wait
