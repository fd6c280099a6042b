"""External resources of a Microservice: what it holds outside the cluster, in AWS and on PostgreSQL servers.

reconcile      reconciles all of them: which take a step, which wait
registry       every resource type
resource  PURE: what describes a resource type to the reconciler
graph          PURE: the dependency graph, and its topological order
deletion       PURE: which resources are to be deleted, and by which policy
remembered_ids PURE: the ids of resources that a status remembers
relocation     PURE: refuses an Environment that points away from what exists
clients        clients of AWS and PostgreSQL, and their caches
backoff        retries a failing resource more and more rarely
adoption       PURE: consent to adopt existing resources
databases, tables, …   one file for each resource type: from a declaration to calls of `aws` and `postgres`
"""
