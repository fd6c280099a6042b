"""PURE: the dependency graph of external resources, and its topological order."""

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter

Key = tuple[str, str]  # kind, declared name
Edges = Mapping[Key, frozenset[Key]]  # each → those whose turns come before its own


def topological_order(edges: Edges) -> tuple[Key, ...]:
    """Sort keys so that each comes after everything it depends on. The same edges always give the same order.

    Raises graphlib.CycleError on a cycle, which only a wrong registry can cause.
    """
    sorter: TopologicalSorter[Key] = TopologicalSorter()
    for key in sorted(edges):
        sorter.add(key, *sorted(edges[key] & edges.keys()))
    return tuple(sorter.static_order())


def dependency_graph(declared: Edges, removals: Edges) -> dict[Key, frozenset[Key]]:
    """Build the dependency graph: key → keys that must finish first.

    A declared resource comes after its dependencies. One that is being deleted comes after everything that depends on
    it, declared or not.
    """
    before = {key: needs & declared.keys() for key, needs in declared.items()}
    holders = {**declared, **removals}
    before |= {key: needed_by(key, holders) for key in removals}
    return before


def needed_by(key: Key, needs: Edges) -> frozenset[Key]:
    """The keys that depend on a key."""
    return frozenset(dependent for dependent, needed in needs.items() if key in needed)


def describe_keys(keys: Iterable[Key]) -> str:
    """Name keys in a sentence: `queue orders, topic created`."""
    return ", ".join(f"{_spaced(kind)} {name}" for kind, name in sorted(keys))


def _spaced(kind: str) -> str:
    """`DeadLetterQueue` → `dead letter queue`, `API` → `API`."""
    if kind.isupper():
        return kind
    return "".join(f" {c.lower()}" if c.isupper() else c for c in kind).strip()
