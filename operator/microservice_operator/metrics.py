"""Metrics for Prometheus; names follow its conventions (base units, `_total`)."""

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]

RESULTS = ("ok", "incomplete", "retry", "refused", "overrun", "dropped", "error")
RECONCILES = Counter(
    "microservice_operator_reconciles_total", "Reconciliations of Microservices, by result", ["result"]
)
for _result in RESULTS:
    RECONCILES.labels(_result)  # starts at 0: an increase from nothing to 1 is invisible to Prometheus
RECONCILE_SECONDS = Histogram(
    "microservice_operator_reconcile_duration_seconds",
    "Duration of one reconciliation",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
QUEUE_DEPTH = Gauge("microservice_operator_queue_depth", "Keys that are waiting for a worker")
QUEUE_OLDEST = Gauge("microservice_operator_queue_oldest_age_seconds", "Age of the key that has waited or run longest")
LEADER = Gauge("microservice_operator_leader", "1 if this process is the leader, otherwise 0")
LONG_RECONCILIATIONS = Gauge(
    "microservice_operator_long_reconciliations", "Reconciliations that have run for more than 30 seconds"
)
LONGEST_RECONCILIATION = Gauge(
    "microservice_operator_longest_reconciliation_seconds", "Duration of the longest running reconciliation"
)
API_CALLS = Counter(
    "microservice_operator_kubernetes_requests_total",
    "Requests to the API server",
    ["verb", "resource", "code"],
)
AWS_CALLS = Counter("microservice_operator_aws_requests_total", "Calls to AWS", ["service", "action", "code"])
AWS_SECONDS = Histogram(
    "microservice_operator_aws_request_duration_seconds",
    "Duration of one call to AWS with its retries, without waiting for a thread or for the rate limit",
    ["service"],
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
)
WATCH_RESTARTS = Counter(
    "microservice_operator_watch_restarts_total", "Watches restarted after an error or a stall", ["resource"]
)
MICROSERVICES = Gauge("microservice_operator_microservices", "Number of known Microservices")
CONDITIONS = Gauge(
    "microservice_operator_microservice_condition",
    "1 if the condition Ready or Stalled of a Microservice is True, otherwise 0; only the leader has them",
    ["namespace", "name", "condition", "reason"],
)
