"""Runs a microservice's whole life from one `Microservice` resource.

The walk of one event, and the file that each step lives in:

1. `app`        a watch event arrives (a Microservice, an Environment or one of our children): it only says *when*;
2. `queue`      its key is queued once, however many events arrive, and handed to a free worker;
3. `reconcile`  one pass over that key: observe, plan, act, summarise;
4. `api`        the resource is parsed into models, or refused with the field that is wrong;
5. `cloud`      every AWS resource takes at most one step towards what is declared (`cloud.plan` decides, adapters act);
   `postgres`   databases and roles on a shared server likewise;
6. `desired`    pure builders turn the models into Kubernetes objects;
7. `cluster`    those whose hash differs from what `children` has seen are written, what is no longer wanted is pruned;
8. `status`     the facts of the pass become one status, written if it differs.
"""
