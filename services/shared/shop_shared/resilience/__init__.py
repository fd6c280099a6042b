"""Failure isolation between services. docs/resilience.md explains how the pieces work together.

upstream      calls another service through the pieces below
deadline      how much time the caller still has
bulkhead      limits concurrent calls to one service
breaker       stops calls to a service that fails
retry_budget  limits retries to a share of the requests
shedding      limits concurrent requests to this service
stale_cache   serves the last good answer during an outage, where old data does no harm
"""
