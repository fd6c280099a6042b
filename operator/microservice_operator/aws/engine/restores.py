"""PURE: what the restores of all services share: the declared time, and why AWS refuses one."""

from datetime import UTC, datetime

from ...errors import NeedsPerson
from ...facts import Reason

_REFUSED = (Reason.REJECTED, Reason.ACCESS_DENIED)


def refused_restore(error: NeedsPerson, field: str) -> NeedsPerson:
    """Return the error of a restore that AWS refuses (RestoreRefused), or the same error if it says something else.

    RestoreRefused does not use up the consent to recreate what is lost.
    """
    if error.reason not in _REFUSED:
        return error
    option = "; the operator's policy allows restores only with its option restores (docs/operator-iam.md)"
    message = f"{error}{option if error.reason == Reason.ACCESS_DENIED else ''}"
    return NeedsPerson(Reason.RESTORE_REFUSED, message, field)


def restore_time(text: str, field: str) -> datetime:
    """Parse the time of `restoreFrom` at `field`; raises NeedsPerson for a day that its month does not have."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        message = f"{text} is not a date; correct it"
        raise NeedsPerson(Reason.RESTORE_REFUSED, message, f"{field}.pointInTime.time") from None
