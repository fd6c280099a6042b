"""AWS. One pass over one resource: the adapter observes, `plan` decides, the adapter takes that one step.

tables      what the walk calls, and the table of field rules of a DynamoDB table
resource    the port that every adapter implements, and the one pass that drives any of them
plan        PURE: desired and observed → one decision
rules       PURE: how one field may differ, and what follows if it does
dynamodb    the adapter: translates, never decides
clients     threads and boto3
failures    what an error of AWS means for us
account     are we in the account that the Environment names?
"""

from .clients import Clients, Limits
from .place import Place
from .tables import LeavingTable, WantedTable, delete_table, reconcile_table, table_name, usable

__all__ = [
    "Clients",
    "LeavingTable",
    "Limits",
    "Place",
    "WantedTable",
    "delete_table",
    "reconcile_table",
    "table_name",
    "usable",
]
