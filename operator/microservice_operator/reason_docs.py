"""PURE: what causes each reason of a condition or an Event, and what to do about it; docs/reasons.md shows it.

A table and not comments of the enum: `microservice-operator crds --reasons` generates the page, and `make check` fails
when a reason has no row or the page has drifted. The tests hold the sentences to 25 words.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from .facts import Reason


class Explanation(NamedTuple):
    """One row of the page: sentences for a person who sees the reason in `kubectl describe`."""

    cause: str
    remedy: str


NOTHING = "Nothing: it resolves itself."
NEWS = "Nothing: an Event reports it."

GENERAL = {
    Reason.READY: Explanation(
        "Everything that the spec declares exists, and a pod responds. As an Event: a problem is over.", "Nothing."
    ),
    Reason.PROGRESSING: Explanation(
        "The API server, AWS or PostgreSQL does not respond at the moment, or still processes a request. "
        "Or an old object of that name is still being deleted. The condition `Reconciling` always has this reason.",
        "Nothing at first: the operator retries. If it stays, the message names the call.",
    ),
    Reason.WAITING: Explanation(
        "A part waits for another part that it needs, or that must be deleted first. "
        "A subscription also waits for the topic of another Microservice. "
        "Everything waits until the operator knows the labels of the namespace.",
        "Look at the part that the message names, in `status.resources`.",
    ),
    Reason.SUSPENDED: Explanation(
        "`spec.suspend` is true. The operator writes nothing.", "Remove `spec.suspend` to continue."
    ),
    Reason.RECONCILIATION_TIMEOUT: Explanation(
        "One reconciliation did not end within `--reconciliation-timeout`, and the operator cancelled it. "
        "It retries with backoff.",
        "Find out why the call that the message names does not end.",
    ),
    Reason.INTERNAL_ERROR: Explanation(
        "The operator has a bug. It retries.", "Report the bug with the traceback from the operator's log."
    ),
}

SPEC = {
    Reason.INVALID_SPEC: Explanation(
        "The spec breaks a rule, or it has too many tags together with its Environment.",
        "Correct the fields that `status.problems` names. "
        "`microservice-operator validate FILE` finds the same offline.",
    ),
    Reason.ENVIRONMENT_MISSING: Explanation(
        "The Environment does not exist, or lacks what the spec needs: `aws`, `databases` or `apiGateway`. "
        "Or the default Environment was deleted or is no longer marked as default.",
        "Create the Environment, complete it, or name another one in `spec.environment`.",
    ),
    Reason.ENVIRONMENT_REFUSED: Explanation(
        "The Environment is not valid, or its `spec.namespaces` does not allow this namespace.",
        "Correct the Environment, label the namespace, or use another Environment.",
    ),
    Reason.CHANGE_REFUSED: Explanation(
        "The spec changes an immutable field, such as the key of a table or the size of a disk downwards. "
        "Or the Environment names another account, region or database provider than the existing resources have.",
        "Revert the change. For other keys or a smaller disk, declare a new resource and move the data.",
    ),
    Reason.ADOPTION_REFUSED: Explanation(
        "A table or an instance that `adopt` names does not exist, has another owner or differs from the spec. "
        "Or the Environment does not consent.",
        "Do what the message says: correct `adopt`, declare the field as it is, or add the consent to the annotation.",
    ),
    Reason.RESTORE_REFUSED: Explanation(
        "What `restoreFrom` names does not exist, does not fit the spec, or is not proven to be this Microservice's. "
        "Or the operator's policy lacks the option `restores`. Nothing was created.",
        "Do what the message says: correct `restoreFrom` or the field, or add the consent to the annotation.",
    ),
    Reason.CONFLICT: Explanation(
        "An object, table, queue, role, route or database of that name is not this Microservice's. "
        "Or an earlier Microservice retained it, and the namespace has been created again since. "
        "Or another controller changes the same field repeatedly.",
        "Do what the message says. If the resource was retained, do not delete it: ask the platform team to allow the "
        "reuse. Otherwise rename yours, delete the other one if nobody uses it, or stop the other controller.",
    ),
    Reason.FORBIDDEN: Explanation(
        "The operator's role in Kubernetes or its role in PostgreSQL lacks a right. "
        "As an Event: a database role had undeclared privileges, and the operator revoked them.",
        "Grant the verb or the statement that the message names. After the Event, read SECURITY.md.",
    ),
    Reason.REJECTED: Explanation(
        "The API server, an admission policy, AWS or PostgreSQL refuses a request. "
        "Or AWS accepts a change repeatedly, but the change does not persist.",
        "Change what the message names: a field of the spec or the Environment, a policy, "
        "or another source that sets the field.",
    ),
    Reason.QUOTA_EXCEEDED: Explanation(
        "A ResourceQuota of the namespace does not allow another object or pod, or the Environment's API has no room "
        "for another route or authorizer.",
        "Raise the quota; or lower replicas or requests, or remove routes.",
    ),
}

PODS = {
    Reason.ROLLOUT_PROGRESSING: Explanation(
        "Pods of the declared version are not all ready yet.",
        "Nothing at first. If it lasts, the message names the container that is not created or has not ended.",
    ),
    Reason.ROLLOUT_STUCK: Explanation(
        "The rollout made no progress within its deadline, or the Deployment's controller reports an error.",
        "Look at the Events of the pods (`kubectl describe pod`), then correct the image or the spec.",
    ),
    Reason.ROLLOUT_PAUSED: Explanation(
        "Somebody paused the Deployment, so the declared version or the next one does not roll out.",
        "Run `kubectl rollout resume deployment/NAME`.",
    ),
    Reason.REPLICAS_UNAVAILABLE: Explanation(
        "The rollout is complete, and fewer pods are ready than declared, or none. "
        "The message names a node that does not respond, or a readiness gate.",
        "Nothing while pods start. Otherwise check `kubectl get nodes` and the pods.",
    ),
    Reason.UNSCHEDULABLE: Explanation(
        "A pod has no node: no node fits, a scheduling gate holds the pod, or no scheduler runs.",
        "Add nodes, or lower requests and constraints. Or remove the gate, or look at kube-scheduler.",
    ),
    Reason.PROBE_FAILING: Explanation(
        "A container runs, and its readiness or startup probe fails.",
        "Make the service respond at the address that the message names, or declare another probe.",
    ),
    Reason.CONTAINER_FAILING: Explanation(
        "A container cannot start, exits, exceeds its memory limit, or fails its liveness probe.",
        "Read its log, or do what the message says: correct the command, a Secret or ConfigMap, or the limit.",
    ),
    Reason.IMAGE_UNAVAILABLE: Explanation(
        "The node cannot pull the image of a container.", "Check the name and the tag, and `imagePullSecrets`."
    ),
    Reason.SCALED_TO_ZERO: Explanation(
        "The Deployment has no replicas, so no pod runs.", "Raise `replicas` to start pods."
    ),
    Reason.AUTOSCALING_INACTIVE: Explanation(
        "The HorizontalPodAutoscaler cannot compute: it gets no metrics, or its target cannot be scaled.",
        "Correct the target, or the source of the metrics that the message names.",
    ),
    Reason.DISRUPTION_BUDGET_INACTIVE: Explanation(
        "Kubernetes cannot compute the PodDisruptionBudget. Until it can, no pod is evicted.",
        "Correct what the message names.",
    ),
    Reason.LOAD_BALANCER_PENDING: Explanation(
        "The Service of type LoadBalancer has no address yet.",
        "Nothing at first. If it stays, look at `kubectl describe service NAME`: a controller may be missing.",
    ),
    Reason.LOAD_BALANCER_FAILING: Explanation(
        "The load balancer does not serve the ports of the Service.",
        "Change `ports` or `service.annotations` as the message says.",
    ),
}

MIGRATIONS = {
    Reason.MIGRATION_RUNNING: Explanation(
        "A migration Job is running, is retried, or has no pod yet. The rollout waits for it. "
        "So does the deletion of a Microservice that retains its database.",
        "Nothing: it ends within its `timeout`. To stop it now, delete the Job.",
    ),
    Reason.MIGRATION_FAILED: Explanation(
        "A migration Job failed. The old pods keep running.",
        "Read `kubectl logs job/NAME`. Then fix the image, command or variables, or delete the Job to run it again.",
    ),
    Reason.MIGRATION_SUSPENDED: Explanation(
        "Somebody suspended the migration Job. The old pods keep running.",
        "Resume it (`spec.suspend: false` of the Job), or delete it.",
    ),
}

JOBS = {
    Reason.JOB_FAILED: Explanation(
        "The last run of a scheduled job failed. `Ready` does not depend on it.",
        "Read `kubectl logs` as the message says, and fix the job. The condition ends with the next run that succeeds.",
    ),
}

DEPENDENCIES = {
    Reason.DEPENDENCY_MISSING: Explanation(
        "A Microservice in `dependencies` does not exist in this namespace.", "Create it, or remove the dependency."
    ),
    Reason.DEPENDENCY_NOT_READY: Explanation(
        "No pod of a Microservice in `dependencies` is ready.", "Look at the conditions of that Microservice."
    ),
    Reason.DEPENDENCY_NOT_ADMITTED: Explanation(
        "A Microservice in `dependencies` or `tableRefs` does not allow this one, or its table cannot be used.",
        "Name this Microservice in the `access.from` of the other one, or do what the message says.",
    ),
    Reason.DEPENDENCY_WITHOUT_PORT: Explanation(
        "A Microservice in `dependencies` declares `ports: []`, so nothing can call it.",
        "Add a port to its `ports`, or remove the dependency.",
    ),
}

DATABASES = {
    Reason.DATABASE_CREATING: Explanation(
        "The operator or RDS creates the database, its instance, its login or its Secret.",
        "Nothing: a new instance takes minutes. `status.resources` shows the part that is not ready.",
    ),
    Reason.DATABASE_CREATED: Explanation("The database or its instance is new.", NEWS),
    Reason.DATABASE_UPDATING: Explanation(
        "RDS changes the instance, or waits until it may change it again.",
        "Nothing: some changes wait for the maintenance window.",
    ),
    Reason.DATABASE_DELETING: Explanation("The operator or RDS deletes the database or its instance.", NOTHING),
    Reason.DATABASE_DELETED: Explanation("The database or its instance is deleted.", NEWS),
    Reason.DATABASE_RETAINED: Explanation(
        "The database is retained; comments or tags name its owner. "
        "As a Warning: it was adopted, and its deletion was not allowed.",
        "Nothing, or delete it by hand. A Microservice of the same name in the same namespace reuses it.",
    ),
    Reason.DATABASE_UNREACHABLE: Explanation(
        "The PostgreSQL server does not respond or refuses the login. "
        "Or the Secret with its login or certificate is missing or incomplete.",
        "Check the server, the network and the Secret that the message names. The operator retries.",
    ),
    Reason.DATABASE_LOST: Explanation(
        "The database or its instance was deleted outside the operator, or the Environment names another server.",
        "On RDS, declare `restoreFrom`, then set the annotation `recreate`. On a shared server, restore it from a "
        "backup under its name. Or allow an empty one with the annotation alone, or name the old server again.",
    ),
    Reason.DATABASE_UNUSABLE: Explanation(
        "The instance is in a state in which it cannot be used: stopped, failed, full, or without its key.",
        "Do what the message says for that state.",
    ),
    Reason.PASSWORD_RENEWED: Explanation(
        "A database role had another password than its Secret. The operator set it to the one in the Secret.", NEWS
    ),
    Reason.PASSWORD_ROTATED: Explanation(
        "The passwords of a database were rotated and the pods roll, or the earlier login is no longer valid.", NEWS
    ),
}

TABLES = {
    Reason.TABLE_CREATING: Explanation("DynamoDB creates the table.", NOTHING),
    Reason.TABLE_CREATED: Explanation("The table is new.", NEWS),
    Reason.TABLE_UPDATING: Explanation(
        "DynamoDB changes the table. It changes one index at a time, and the time to live once an hour.", NOTHING
    ),
    Reason.TABLE_DELETING: Explanation("DynamoDB deletes the table.", NOTHING),
    Reason.TABLE_DELETED: Explanation("The table is deleted.", NEWS),
    Reason.TABLE_RETAINED: Explanation(
        "The table is retained; tags name its owner. As a Warning: it was adopted, and its deletion was not allowed.",
        "Nothing, or delete it by hand. A Microservice of the same name in the same namespace reuses it.",
    ),
    Reason.TABLE_LOST: Explanation(
        "Somebody deleted the table outside the operator.",
        "Declare `restoreFrom`, then set the annotation `recreate`. The annotation alone allows an empty table.",
    ),
    Reason.TABLE_UNUSABLE: Explanation(
        "DynamoDB archives the table, cannot use its key, or may not replicate it.",
        "Allow DynamoDB to use the KMS key again, or restore the table from its backup.",
    ),
}

MESSAGING = {
    Reason.MESSAGING_CREATING: Explanation("AWS creates a topic, a queue or a subscription.", NOTHING),
    Reason.MESSAGING_CREATED: Explanation("A topic, a queue or a subscription is new.", NEWS),
    Reason.MESSAGING_UPDATING: Explanation("AWS changes a topic, a queue or a subscription.", NOTHING),
    Reason.MESSAGING_DELETING: Explanation("AWS deletes a topic, a queue or a subscription.", NOTHING),
    Reason.MESSAGING_DELETED: Explanation("A topic, a queue or a subscription is deleted.", NEWS),
    Reason.MESSAGING_RETAINED: Explanation(
        "A topic or a queue is retained; its tags name the owner.",
        "Nothing, or delete it by hand. A Microservice of the same name in the same namespace reuses it.",
    ),
    Reason.TOPIC_MISSING: Explanation(
        "A subscription names a Microservice that does not exist, or a topic that it does not declare.",
        "Declare the topic there, or remove the subscription.",
    ),
    Reason.TOPIC_NOT_ADMITTED: Explanation(
        "The Microservice that owns the topic does not allow this one.",
        "Name this Microservice in the `access.from` of the other one.",
    ),
}

ROUTES = {
    Reason.INVALID_DOCUMENT: Explanation(
        "The OpenAPI document is missing, is not UTF-8, or requires something that API Gateway cannot do.",
        "Correct what the message names. "
        "`microservice-operator validate FILE --openapi DOCUMENT` finds the same offline.",
    ),
    Reason.AUTH_MISSING: Explanation(
        "Nothing declares who may call the operations in the message. Existing routes stay as they are.",
        "Set `aws.apiGateway.auth` of the Environment or `spec.api.auth`. For public operations, set "
        "`spec.api.allowAnonymous`.",
    ),
    Reason.API_CREATING: Explanation("API Gateway creates the API or the routes.", NOTHING),
    Reason.API_CREATED: Explanation("The API or the integration of the service is new.", NEWS),
    Reason.API_UPDATING: Explanation("API Gateway changes the API, its routes or its authorizers.", NOTHING),
    Reason.API_DELETING: Explanation("API Gateway deletes the routes, or the API after its last route.", NOTHING),
    Reason.API_DELETED: Explanation("The routes, or the API, are deleted.", NEWS),
    Reason.API_RETAINED: Explanation(
        "The operator does not report it: an API with the `deletionPolicy` Retain simply stays.",
        "Nothing.",
    ),
    Reason.API_LOST: Explanation(
        "The operator does not report it: a deleted API holds no data, so the operator creates it again.", "Nothing."
    ),
    Reason.API_UNUSABLE: Explanation(
        "The operator does not report it: API Gateway has no state in which an API cannot be used.", "Nothing."
    ),
}

IDENTITY = {
    Reason.IDENTITY_CREATING: Explanation(
        "The operator creates the IAM role or its Pod Identity association. "
        "Or AWS does not know the new role everywhere yet.",
        "Nothing: a new role takes some seconds.",
    ),
    Reason.IDENTITY_CREATED: Explanation("The IAM role or its Pod Identity association is new.", NEWS),
    Reason.IDENTITY_UPDATING: Explanation("The operator changes the IAM role or its association.", NOTHING),
    Reason.IDENTITY_DELETING: Explanation("The operator deletes the association, then the IAM role.", NOTHING),
    Reason.IDENTITY_DELETED: Explanation("The IAM role or its association is deleted.", NEWS),
}

AWS = {
    Reason.AWS_UNAVAILABLE: Explanation(
        "AWS does not respond, returns an internal error, or returns a list that does not end.",
        "Nothing: the operator retries, and treats nothing as lost. If it stays, look at the health of AWS.",
    ),
    Reason.AWS_THROTTLED: Explanation(
        "AWS throttles the calls of the operator, or the operator postpones a call so that AWS does not.",
        "Nothing: the operator retries. If it stays, find out what else calls AWS in this account; see AWS request "
        "rates in docs/operations.md.",
    ),
    Reason.ACCESS_DENIED: Explanation(
        "The operator has no AWS credentials, AWS refuses them, or its role lacks an action.",
        "Allow the action that the message names to the operator's role, or correct its credentials.",
    ),
    Reason.ACCOUNT_MISMATCH: Explanation(
        "The operator's credentials belong to another account than `spec.aws.accountID`. "
        "Or existing resources, or the cluster of Pod Identity, are in another account or region.",
        "Correct the Environment or the operator's role. Until then the operator writes nothing.",
    ),
    Reason.ASSUME_ROLE_REFUSED: Explanation(
        "AWS does not let the operator assume the role that `spec.aws.roleARN` of the Environment names.",
        "Allow `sts:AssumeRole` and `sts:TagSession` in the policy of the operator's role and in the trust policy of "
        "that role, and compare `spec.aws.externalID`. Until then the operator changes and deletes nothing with this "
        "Environment; other Environments are not affected.",
    ),
}

OBJECTS = {
    Reason.CHILD_CREATED: Explanation("A security group, subnet group or parameter group of RDS is new.", NEWS),
    Reason.CHILD_UPDATED: Explanation(
        "Somebody changed an object that the operator owns. The operator restored it.",
        "Declare the change in the Microservice if you need it.",
    ),
    Reason.CHILD_DELETED: Explanation("An object that is no longer declared, or a group of RDS, is deleted.", NEWS),
    Reason.OVERRIDDEN: Explanation(
        "An admission policy, or something else in the API server, changes what the operator writes. "
        "The operator leaves it.",
        "Nothing, or change the policy that sets the field in the message.",
    ),
    Reason.DELETING: Explanation(
        "The Microservice is being deleted: first its pods, then its database. "
        "Or a database role owns something elsewhere on the server.",
        "Nothing, unless the message contains an SQL statement: run it on the server.",
    ),
    Reason.ABANDONED: Explanation(
        "The annotation `abandon` was set, and the deletion left the resource in the message behind.",
        "Delete that resource by hand if nobody needs it.",
    ),
}

SECTIONS: Mapping[str, Mapping[Reason, Explanation]] = {
    "The Microservice": GENERAL,
    "Spec, Environment and rights": SPEC,
    "Pods": PODS,
    "Migrations": MIGRATIONS,
    "Scheduled jobs": JOBS,
    "Dependencies": DEPENDENCIES,
    "Databases": DATABASES,
    "Tables": TABLES,
    "Topics and queues": MESSAGING,
    "Routes": ROUTES,
    "IAM roles": IDENTITY,
    "AWS": AWS,
    "Owned objects and deletion": OBJECTS,
}

_INTRODUCTION = """# Reasons

Generated by `microservice-operator crds --reasons docs/reasons.md`; do not edit.

`kubectl get msvc -A` shows one reason for each Microservice, `kubectl describe msvc NAME` shows the reasons of all
conditions and Events. The message next to a reason names the resource, and is more exact than this page.
[Operations](operations.md#troubleshooting) helps if a message does not.
"""


def reasons_page() -> str:
    """The page as Markdown."""
    return "\n".join((_INTRODUCTION, *_sections()))


def _sections() -> Iterator[str]:
    for title, rows in SECTIONS.items():
        yield f"## {title}\n"
        yield "| reason | cause | what to do |"
        yield "|---|---|---|"
        yield from (f"| `{reason}` | {row.cause} | {row.remedy} |" for reason, row in rows.items())
        yield ""
