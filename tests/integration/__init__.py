"""The real operator process against a real API server, as the ServiceAccount that `manifests/base` gives its rights to.

    stage         what all tests stand on: API server, operator, AWS behind a strict layer, PostgreSQL with TLS
    process       the operator, started, stopped, killed
    api           the cluster's administrator, who plays everybody else
    audit         what the operator asked for, by the API server's own log
    pods          plays the kubelet: pods become ready, migrations succeed
    install       rights, Environment, admin Secret, a stand-in for Prometheus' CRD
    namespace     one namespace with Microservices in it: make, read, wait
    conftest      one stage for the session, one namespace for each test

There is no kubelet; all controllers of Kubernetes are real.
"""
