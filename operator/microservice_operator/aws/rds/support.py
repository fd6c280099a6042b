"""PURE: how long RDS supports a major version of PostgreSQL, and what happens to an instance afterwards.

"Using Amazon RDS Extended Support" in the Amazon RDS User Guide: after the standard support of its version has ended,
RDS charges for each vCPU of an instance that is enrolled.
"""

from collections.abc import Mapping
from datetime import date

# "RDS end of standard support date" in "Release calendars for Amazon RDS for PostgreSQL", as read on 2026-08-22 by
# endoflife-date/endoflife.date (commit a70eca3, products/amazon-rds-postgresql.md)
STANDARD_SUPPORT_ENDS: Mapping[int, date] = {
    13: date(2026, 2, 28),
    14: date(2027, 2, 28),
    15: date(2028, 2, 29),
    16: date(2029, 2, 28),
    17: date(2030, 2, 28),
    18: date(2031, 2, 28),
}


def lifecycle(*, enrolled: bool | None) -> str | None:
    """Return the EngineLifecycleSupport of "CreateDBInstance" and "ModifyDBInstance", None for None."""
    if enrolled is None:
        return None
    return "open-source-rds-extended-support" + ("" if enrolled else "-disabled")
