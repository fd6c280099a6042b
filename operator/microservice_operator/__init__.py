"""Manages the whole life of a microservice from one `Microservice` resource.

The path of one event, and the module of each step:

1. `app`        a watch event arrives (a Microservice, an Environment or a child): it only says *when* to reconcile;
2. `workqueue`  its key is queued once, however many events arrive, and a free worker takes it;
3. `reconcile`  one reconciliation of that key: observe, decide, act, write the status;
4. `api`        the resource is parsed into models, or refused with the invalid fields;
5. `external`   orders the external resources by their dependencies; each takes at most one step to its desired state,
                in `aws` (`aws.engine.decide` decides, adapters call AWS) or in `postgres`;
6. `desired`    pure builders convert the models to Kubernetes objects;
7. `cluster`    children whose hash differs from the cached one are written, undeclared ones are pruned;
8. `status`     the facts of the reconciliation become one status, which is written if it differs.
"""
