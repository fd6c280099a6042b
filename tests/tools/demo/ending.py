"""`make down`: deletes the demo's cluster and every unused one, and removes `.local`."""

import shutil

from rich.console import Console

from tests.tools.cluster import down
from tests.tools.cluster.state import states

from .local_files import LOCAL
from .reach import stop_forwards


def end_all(console: Console, demo: str) -> None:
    """Delete clusters, except those whose starting process (a test run) still runs."""
    stop_forwards(LOCAL)
    kept = []
    for state in states():
        if state.name != demo and state.owner.alive():
            kept.append(state)
            continue
        with console.status(f"ending cluster {state.name}"):
            down(state.name)
        console.print(f"cluster {state.name} is gone")
    if LOCAL.exists():
        shutil.rmtree(LOCAL)
        console.print(".local is gone")
    for state in kept:
        console.print(f"cluster {state.name} is in use by process {state.owner.pid} and was left alone")
