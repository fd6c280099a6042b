"""A short form of `python -m tests.tools.aws_rates`: the calls of some services on a moved clock, against AWS's limits.

moto answers in this process; no network and no waits.
"""

from math import ceil

import pytest

from tests.tools.aws_rates.aws import PAGE
from tests.tools.aws_rates.simulation import peak, simulate

COUNT, SECONDS = 30, 400


def test_aws_throttles_no_call_of_many_services() -> None:
    creation, steady = simulate(COUNT, SECONDS)
    assert (creation.throttled, steady.throttled) == (0, 0)
    assert steady.not_ready == 0
    for rate in (*creation.rates.values(), *steady.rates.values()):
        assert not rate.limit or rate.peak <= rate.limit.per_second + rate.limit.burst
    assert steady.intervals[-1] < 120 * 1.1 + 5  # each table is compared at every resync
    lists = ceil(SECONDS / 60)  # how often the shared lists are read, however many services use them
    assert steady.rates["apigatewayv2:GetAuthorizers"].calls <= lists
    assert steady.rates["apigatewayv2:GetIntegrations"].calls <= lists * ceil(COUNT / PAGE)
    assert steady.rates["apigatewayv2:GetRoutes"].calls <= lists * ceil(2 * COUNT / PAGE)


def test_aws_throttles_them_if_the_operator_does_not_limit_them() -> None:
    creation, steady = simulate(COUNT, 10, limited=False)
    assert creation.throttled > 0
    assert steady.throttled > 0


@pytest.mark.parametrize(
    ("times", "most"), [([], 0), ([0.0], 1), ([0.0, 0.5, 0.99, 1.0, 1.5], 3), ([0.0, 1.0, 2.0], 1), ([3.0] * 4, 4)]
)
def test_a_peak_is_the_most_calls_within_one_second(times: list[float], most: int) -> None:
    assert peak(times) == most
