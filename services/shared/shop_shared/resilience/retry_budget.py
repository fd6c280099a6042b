"""Limits retries to a share of the requests: in an outage, retries must not double the load that caused it."""


class RetryBudget:
    """Each request deposits a fraction of a retry. Each retry withdraws one, or does not happen.

    `reserve` is the largest balance. A service with few requests can spend it at once.
    """

    def __init__(self, ratio: float = 0.1, reserve: float = 10) -> None:
        self._ratio = ratio
        self._reserve = reserve
        self._balance = reserve

    def deposit(self) -> None:
        self._balance = min(self._reserve, self._balance + self._ratio)

    def withdraw(self) -> bool:
        # 1e-9: in floating point, ten times 0.1 is slightly less than 1.
        if self._balance < 1 - 1e-9:
            return False
        self._balance -= 1
        return True
