"""Retries as a share of the requests: when everything fails, retries must not double the load that made it fail."""


class RetryBudget:
    """Every request pays in a part of a retry; a retry takes a whole one out, or does not happen.

    The reserve is what a service that is asked seldom may spend at once.
    """

    def __init__(self, ratio: float = 0.1, reserve: float = 10) -> None:
        self._ratio = ratio
        self._reserve = reserve
        self._saved = reserve

    def deposit(self) -> None:
        self._saved = min(self._reserve, self._saved + self._ratio)

    def withdraw(self) -> bool:
        # 1e-9: ten times 0.1 is a little less than one.
        if self._saved < 1 - 1e-9:
            return False
        self._saved -= 1
        return True
