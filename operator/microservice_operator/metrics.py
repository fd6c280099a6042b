"""What Prometheus reads; names follow its conventions (base units, `_total`)."""

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]

RECONCILES = Counter(
    "microservice_operator_reconciles_total", "Passes over a Microservice, by how they ended", ["result"]
)
RECONCILE_SECONDS = Histogram(
    "microservice_operator_reconcile_duration_seconds",
    "Duration of one pass",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
QUEUE_DEPTH = Gauge("microservice_operator_queue_depth", "Keys that are due and wait for a worker")
QUEUE_OLDEST = Gauge("microservice_operator_queue_oldest_age_seconds", "How long the longest waiting key has waited")
LEADER = Gauge("microservice_operator_leader", "Whether this process leads: 1, or 0 while another one does")
LONG_PASSES = Gauge("microservice_operator_long_passes", "Passes that have run for more than 30 seconds")
LONGEST_PASS = Gauge("microservice_operator_longest_pass_seconds", "How long the longest running pass has run")
API_CALLS = Counter(
    "microservice_operator_kubernetes_requests_total",
    "Requests to the API server",
    ["verb", "resource", "code"],
)
AWS_CALLS = Counter("microservice_operator_aws_requests_total", "Calls to AWS", ["service", "action", "code"])
WATCH_RESTARTS = Counter(
    "microservice_operator_watch_restarts_total", "Watches begun again after an error or a stall", ["resource"]
)
MICROSERVICES = Gauge("microservice_operator_microservices", "Microservices known")
