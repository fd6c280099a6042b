"""What a Microservice holds outside the cluster: resources in AWS, databases on a server.

passes      one pass over all of it: who takes a step, who waits
registry    every sort of part
sorts       PURE: what an entry of the registry is made of
order       PURE: who comes before whom
leaving     PURE: what is to go, and by which policy
moves       PURE: does the Environment still mean the place where everything is?
doors       the ways to AWS and PostgreSQL
databases, tables, …   the entries: from a declared part to calls of `cloud` and `postgres`
"""

from .identity import identity_wait, role_arn, table_ref_names
from .leaving import Leaves, is_over, known_parts
from .lending import trouble
from .moves import moved
from .passes import Outside, Provided
from .sorts import Before

__all__ = [
    "Before",
    "Leaves",
    "Outside",
    "Provided",
    "identity_wait",
    "is_over",
    "known_parts",
    "moved",
    "role_arn",
    "table_ref_names",
    "trouble",
]
