"""Customers that send requests without pause: each request on a new connection, without retries."""

import http.client
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

CUSTOMERS = 4
PAUSE = 0.05
REQUESTS_EACH = 6000  # the bound: five minutes at the least


class Traffic:
    """Requests one address of our own until the block ends, and never more often than the bound says."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        """`url` of a Service on this machine's node; `headers` of each request."""
        self._url = urlsplit(url)
        self._headers = {**headers, "Connection": "close"}
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(CUSTOMERS)]
        self._lock = threading.Lock()
        self.answered = 0
        self.failures: list[str] = []
        self.spent = False
        """Whether the bound was reached before the block ended."""

    def __enter__(self) -> Self:
        """Begin, and go on once every customer has had an answer."""
        for thread in self._threads:
            thread.start()
        while self.answered < CUSTOMERS and not self.failures:
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop after the current requests."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        for _ in range(REQUESTS_EACH):
            if self._over.wait(PAUSE):
                return
            failure = self._request()
            with self._lock:
                if failure:
                    self.failures.append(f"{time.strftime('%H:%M:%S')} {failure}")
                else:
                    self.answered += 1
        self.spent = True

    def _request(self) -> str:
        """The error, "" for none."""
        connection = http.client.HTTPConnection(self._url.hostname or "", self._url.port, timeout=30)
        try:
            connection.request("GET", self._url.path, headers=self._headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return f"{type(error).__name__} {error}"
        finally:
            connection.close()
        return "" if answer.status == http.client.OK else f"HTTP {answer.status} {text[:200]!r}"
