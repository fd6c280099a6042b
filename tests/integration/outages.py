"""Stops or freezes processes for a while."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tests.tools.cluster import Cluster, control_plane, light
from tests.tools.cluster.cluster import known
from tests.tools.cluster.processes import stop


def restart(api_server: Cluster) -> None:
    """End the API server, and start it again a few seconds later."""
    state = known(api_server.name)
    server = next(member for member in state.processes if member.role == "kube-apiserver")
    stop([server])
    time.sleep(3)
    others = tuple(member for member in state.processes if member is not server)
    state = replace(state, processes=others).started("kube-apiserver", control_plane.api_server(state))
    light.wait_for(state, "/readyz", "the API server does not become ready")


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process exists but does nothing, as on a frozen node or in a paused container."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
