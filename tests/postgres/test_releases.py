"""The test servers have the versions that a spec may request."""

import re
from typing import get_args

from microservice_operator.api.stores import MajorVersion
from tests.postgres.releases import MAJORS
from tests.postgres.server import PostgresServer


def test_a_server_is_of_its_major(any_major: PostgresServer) -> None:
    [[number]] = any_major.run("SHOW server_version_num")
    assert int(number) // 10000 == any_major.major


def test_every_version_that_a_spec_may_ask_for_has_a_server() -> None:
    """PostgreSQL 19 is the exception, because no package was found."""
    _, constraints = get_args(MajorVersion)
    allowed = {major for major in range(100) if re.match(constraints.pattern, str(major))}
    assert allowed - set(MAJORS) == {19}
