"""PURE: in which order parts that need one another take their turns."""

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter

Key = tuple[str, str]  # kind, declared name
Edges = Mapping[Key, frozenset[Key]]  # each → those whose turns come before its own


def topological_order(edges: Edges) -> tuple[Key, ...]:
    """Every key after all that it waits for; the same edges always give the same order.

    Raises graphlib.CycleError when two wait for each other, which only a wrong registry can bring about.
    """
    sorter: TopologicalSorter[Key] = TopologicalSorter()
    for key in sorted(edges):
        sorter.add(key, *sorted(edges[key] & edges.keys()))
    return tuple(sorter.static_order())


def dependency_graph(wanted: Edges, leaving: Edges) -> dict[Key, frozenset[Key]]:
    """Whom each waits for in one pass, from what each needs.

    A wanted part comes after its needs. One that leaves comes after all that needs it, and after what may still hold on
    to it although it is wanted.
    """
    before = {key: needs & wanted.keys() for key, needs in wanted.items()}
    holders = {**wanted, **leaving}
    before |= {key: needed_by(key, holders) for key in leaving}
    return before


def needed_by(key: Key, needs: Edges) -> frozenset[Key]:
    """Those that need a part."""
    return frozenset(other for other, needed in needs.items() if key in needed)


def describe_keys(keys: Iterable[Key]) -> str:
    """Parts in a sentence: `queue orders, topic created`."""
    return ", ".join(f"{_spaced(kind)} {name}" for kind, name in sorted(keys))


def _spaced(kind: str) -> str:
    """`DeadLetterQueue` → `dead letter queue`, `API` → `API`."""
    if kind.isupper():
        return kind
    return "".join(f" {c.lower()}" if c.isupper() else c for c in kind).strip()
