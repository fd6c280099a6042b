"""The metrics and labels that a PromQL expression uses, as far as our rules and dashboards write PromQL."""

import re

_STRING = re.compile(r'"[^"]*"')
_RANGE = re.compile(r"\[[^\]]*\]")
_GROUPING = re.compile(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*+)\s*+(?:\{([^}]*)\})?(?!\()")
_WORDS = {"and", "or", "unless", "bool", "offset"}


def used_metrics(expression: str) -> dict[str, set[str]]:
    """Return the labels in the selectors of each metric.

    The labels of a grouping are added to all metrics inside of it, which here are all of the expression.
    """
    bare = _RANGE.sub("", _STRING.sub('""', expression))
    grouped = {label.strip() for labels in _GROUPING.findall(bare) for label in labels.split(",") if label.strip()}
    found: dict[str, set[str]] = {}
    for metric, selector in _SELECTOR.findall(_GROUPING.sub(" ", bare)):
        if metric not in _WORDS:
            labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))
            found.setdefault(metric, set()).update(labels | grouped)
    return found


def used_by_variable(query: str) -> dict[str, set[str]]:
    """Return the same of `label_values(selector, label)`, the query of a variable of Grafana."""
    inner = re.fullmatch(r"label_values\((.*), (\w+)\)", query)
    assert inner, query
    [(metric, labels)] = used_metrics(inner[1]).items()
    return {metric: labels | {inner[2]}}
