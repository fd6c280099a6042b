"""PURE: the report of a run: each check or step with its result, the calls by action, and what is left."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import groupby
from statistics import median
from typing import Any

from ..aws.engine.call import Measured


class Result(StrEnum):
    """Result of one check or step."""

    OK = "ok"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Check:
    """One check or step; `seconds` is how long it took."""

    name: str
    result: Result
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class ActionCalls:
    """The calls of one action, such as `dynamodb:CreateTable`; latencies are in milliseconds.

    `errors` has each error code with its count: `{"AccessDenied": 2}`.
    """

    action: str
    count: int
    p50_ms: int
    max_ms: int
    errors: dict[str, int]


@dataclass(frozen=True)
class Report:
    """The result of a run; `leftovers` are ARNs, or kinds and names, of what a run created and did not delete."""

    environment: str
    account_id: str
    region: str
    checks: list[Check]
    calls: list[ActionCalls]
    leftovers: list[str]

    @property
    def certified(self) -> bool:
        """Whether everything was checked and held, and nothing is left."""
        return not self.leftovers and all(check.result is Result.OK for check in self.checks)


def by_action(calls: Iterable[Measured]) -> list[ActionCalls]:
    """Summarize calls by action, in alphabetical order."""
    grouped: dict[str, list[Measured]] = defaultdict(list)
    for call in calls:
        grouped[f"{call.service}:{call.action}"].append(call)
    return [_summary(action, grouped[action]) for action in sorted(grouped)]


def _summary(action: str, calls: Sequence[Measured]) -> ActionCalls:
    errors: dict[str, int] = defaultdict(int)
    for call in calls:
        if call.code != "OK":
            errors[call.code] += 1
    latencies = [round(call.seconds * 1000) for call in calls]
    return ActionCalls(action, len(calls), round(median(latencies)), max(latencies), dict(sorted(errors.items())))


def content(report: Report) -> dict[str, Any]:
    """Return the report as plain data for programs."""
    return {
        "certified": report.certified,
        "environment": report.environment,
        "accountID": report.account_id,
        "region": report.region,
        "checks": [{**asdict(check), "result": str(check.result)} for check in report.checks],
        "calls": [
            {"action": each.action, "count": each.count, "p50Ms": each.p50_ms, "maxMs": each.max_ms}
            | {"errors": each.errors}
            for each in report.calls
        ],
        "leftovers": report.leftovers,
    }


def text(report: Report) -> str:
    """Return the report as tables for people."""
    lines = [f"Environment {report.environment}: account {report.account_id}, region {report.region}", ""]
    lines += _table(
        [("CHECK", "RESULT", "SECONDS", "REASON")]
        + [(check.name, check.result, f"{check.seconds:.1f}", check.reason) for check in _summed_up(report.checks)]
    )
    if report.calls:
        lines += ["", *_table([("ACTION", "CALLS", "P50 MS", "MAX MS", "ERRORS"), *map(_row, report.calls)])]
    lines += ["", "left in the account:", *(f"  {left}" for left in report.leftovers)] if report.leftovers else []
    return "\n".join([*lines, "", verdict(report)]) + "\n"


def _summed_up(checks: Sequence[Check]) -> Iterator[Check]:
    """Yield the checks, with one row for several that were not checked for the same reason."""
    for (result, reason), group in groupby(checks, key=lambda check: (check.result, check.reason)):
        alike = list(group)
        if result is Result.NOT_CHECKED and len(alike) > 1:
            seconds = sum(check.seconds for check in alike)
            yield Check(f"{alike[0].name} and {len(alike) - 1} more", result, reason, seconds)
        else:
            yield from alike


def verdict(report: Report) -> str:
    """Return the report in one sentence."""
    counts = {result: sum(check.result is result for check in report.checks) for result in Result}
    summary = ", ".join(f"{count} {result}" for result, count in counts.items() if count)
    if report.leftovers:
        return f"not certified: {summary}; {len(report.leftovers)} resources are left; delete them with --clean"
    return f"{'certified' if report.certified else 'not certified'}: {summary}"


def _row(calls: ActionCalls) -> tuple[str, ...]:
    errors = ", ".join(f"{code} {count}" for code, count in calls.errors.items())
    return calls.action, str(calls.count), str(calls.p50_ms), str(calls.max_ms), errors


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
