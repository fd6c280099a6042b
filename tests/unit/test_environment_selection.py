"""Which Environment applies, also after it is deleted: no Microservice moves to another one because of that."""

import pytest

from microservice_operator import names
from microservice_operator.environment_selection import Environments, Source, Used, select
from microservice_operator.errors import NotYet

NOBODY = Used()
BY_DEFAULT = Used("prod", Source.DEFAULT)
LABEL = {names.LABEL_ENVIRONMENT: "test"}


@pytest.mark.parametrize(
    ("named", "labels", "existing", "defaults", "used", "expected"),
    [
        # the order of precedence
        ("a", LABEL, "a test prod", "prod", NOBODY, Used("a", Source.SPEC)),
        ("a", {}, "a", "", NOBODY, Used("a", Source.SPEC)),
        (None, LABEL, "test prod", "prod", NOBODY, Used("test", Source.NAMESPACE)),
        (None, {}, "test prod", "prod", NOBODY, BY_DEFAULT),
        (None, {}, "test prod", "", NOBODY, NOBODY),
        # the default in use stays, whoever else is marked
        (None, {}, "prod another", "another prod", BY_DEFAULT, BY_DEFAULT),
        (None, {}, "prod another", "another prod", NOBODY, Used("another", Source.DEFAULT)),
        # another mark in place of the former is a decision of the platform's
        (None, {}, "prod another", "another", BY_DEFAULT, Used("another", Source.DEFAULT)),
        # so is a name or a label, given or taken back
        ("a", {}, "a", "", BY_DEFAULT, Used("a", Source.SPEC)),
        (None, LABEL, "test", "", BY_DEFAULT, Used("test", Source.NAMESPACE)),
        (None, {}, "prod", "prod", Used("gone", Source.SPEC), BY_DEFAULT),
        (None, {}, "prod", "prod", Used("gone", Source.NAMESPACE), BY_DEFAULT),
        (None, {}, "", "", Used("gone", Source.SPEC), NOBODY),
    ],
)
def test_the_environment_that_applies(
    named: str | None, labels: dict[str, str] | None, existing: str, defaults: str, used: Used, expected: Used
) -> None:
    assert select(named, labels, Environments(existing.split(), defaults.split()), used) == expected


@pytest.mark.parametrize(
    ("named", "labels", "existing", "defaults", "used", "said"),
    [
        ("gone", {}, "prod", "prod", NOBODY, "Environment gone does not exist; create it or name another"),
        (None, LABEL, "prod", "prod", NOBODY, "Environment test does not exist; create it or correct the namespace"),
        (None, {}, "", "", BY_DEFAULT, "Environment prod, the default that this Microservice uses, no longer exists"),
        (None, {}, "another", "another", BY_DEFAULT, "no longer exists; create it again"),
        (None, {}, "prod another", "", BY_DEFAULT, "is no longer marked as default"),
    ],
)
def test_one_that_is_gone_is_missed(
    named: str | None, labels: dict[str, str], existing: str, defaults: str, used: Used, said: str
) -> None:
    with pytest.raises(LookupError, match=said):
        select(named, labels, Environments(existing.split(), defaults.split()), used)


@pytest.mark.parametrize("used", [NOBODY, BY_DEFAULT, Used("prod", Source.SPEC)])
@pytest.mark.parametrize("named", [None, "prod", "gone"])
def test_a_namespace_that_is_not_known_decides_nothing(named: str | None, used: Used) -> None:
    """The Environment that a spec names may exclude the namespace by its labels."""
    with pytest.raises(NotYet):
        select(named, None, Environments(["prod"], ["prod"]), used)
