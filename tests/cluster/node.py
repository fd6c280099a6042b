"""placeholder."""

from .binaries import Progress
from .state import State


def start_node(state: State, progress: Progress) -> State:
    raise NotImplementedError


def clear_node(state: State) -> None:
    raise NotImplementedError
