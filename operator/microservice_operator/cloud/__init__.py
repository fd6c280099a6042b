"""AWS. One pass over one resource: the adapter observes, `plan` decides, the adapter takes that one step.

tables      what the walk calls, and the table of field rules of a DynamoDB table
resource    the port that every adapter implements, and the one pass that drives any of them
plan        PURE: desired and observed → one decision
kinds       PURE: the tables of field rules, and how the two sides of a resource differ
forecast    PURE: what a change of a declaration does to what was made from it, by the same rules
rules       PURE: how one field may differ, and what follows if it does
dynamodb    the adapter: translates, never decides
iam_roles   what the walk calls for the service's role; iam and eks are its adapters
policy      PURE: declarations → what the role may do
apis        what the walk calls for routes; gateways has the API that they are on
claims      PURE: whose a route is; the package openapi has what a document makes of them
making      what has been made, or may have been, and AWS does not list yet
clients     threads and boto3
pages       a list from page to page, to its end and no further
failures    what an error of AWS means for us
account     are we in the account that the Environment names?
"""

from .apis import API, API_PART, LeavingAPI, Others, WantedAPI, api_url, leave_api, reconcile_api, tokens
from .claims import Tokens
from .clients import Clients, Limits
from .gateways import SharedAPI
from .iam_roles import (
    SERVICE_ROLE,
    LeavingIdentity,
    WantedIdentity,
    credentials_usable,
    delete_identity,
    keeps_former,
    reconcile_identity,
    site,
)
from .kinds import Kind
from .messaging_kinds import DEAD_LETTER_QUEUE, QUEUE, SUBSCRIPTION, TOPIC, reachable
from .messaging_names import queue_arns, topic_arns
from .place import Place
from .plan import Adoption, Leaving
from .policy_arns import adoptee_arn
from .queues import WantedQueue, delete_queue, reconcile_dead_letter_queue, reconcile_queue
from .subscriptions import (
    LeavingSubscription,
    WantedSubscription,
    delete_subscription,
    reconcile_subscription,
    subscription_name,
)
from .tables import LeavingTable, WantedTable, delete_table, named, reconcile_table, table_name, usable
from .topics import WantedTopic, delete_topic, reconcile_topic

__all__ = [
    "API",
    "API_PART",
    "DEAD_LETTER_QUEUE",
    "QUEUE",
    "SERVICE_ROLE",
    "SUBSCRIPTION",
    "TOPIC",
    "Adoption",
    "Clients",
    "Kind",
    "Leaving",
    "LeavingAPI",
    "LeavingIdentity",
    "LeavingSubscription",
    "LeavingTable",
    "Limits",
    "Others",
    "Place",
    "SharedAPI",
    "Tokens",
    "WantedAPI",
    "WantedIdentity",
    "WantedQueue",
    "WantedSubscription",
    "WantedTable",
    "WantedTopic",
    "adoptee_arn",
    "api_url",
    "credentials_usable",
    "delete_identity",
    "delete_queue",
    "delete_subscription",
    "delete_table",
    "delete_topic",
    "keeps_former",
    "leave_api",
    "named",
    "queue_arns",
    "reachable",
    "reconcile_api",
    "reconcile_dead_letter_queue",
    "reconcile_identity",
    "reconcile_queue",
    "reconcile_subscription",
    "reconcile_table",
    "reconcile_topic",
    "site",
    "subscription_name",
    "table_name",
    "tokens",
    "topic_arns",
    "usable",
]
