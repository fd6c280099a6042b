"""Reconciles one AWS resource of any type: the adapter observes, `decide` compares, the adapter takes one step.

reconcile     the port `Resource` that every adapter implements, and the loop that drives any of them
decide        PURE: desired state and observed state → one decision
fields        PURE: the table of fields of a resource type, and the differences between two states
rules         PURE: how one field may differ, and what follows from a difference
report        PURE: a decision or an error → the `Part` that status shows
scope         account, region, owner and clients of one Microservice
tags          PURE: which tags are ours
clients       threads and boto3; `call` is one call as a value
role_sessions assumes the roles of Environments and renews their sessions
service       calls of one AWS service, with errors mapped; `account` checks the account first
errors        AWS error codes → what happens next
expectations  what this process wrote recently, so that a stale read is not taken for a fact
create_once   creates no second resource while AWS does not list the first one yet
write_backoff repeats writes that AWS accepts and does not keep with longer and longer waits
list_cache    shares one list of a region or of an API between all callers, never one from before a write
restores      PURE: what the restores of all services share
rate_limits   PURE: the rates that AWS documents; `rate_limiter` keeps the calls below them
reconcile_cached  reconciles through the resync cache
pagination    follows a list from page to page, up to a limit
"""
