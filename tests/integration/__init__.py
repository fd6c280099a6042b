"""Tests of the real operator process with a real API server and the rights of `manifests/base`.

    stage         shared servers: API server, operator, AWS behind a strict layer, PostgreSQL with TLS
    process       the operator, started, stopped, killed
    api           a client with administrator rights, for all changes by others
    audit         the operator's requests, from the API server's audit log
    pods          plays the kubelet: pods become ready, migrations succeed
    install       rights, Environment, admin Secret, a replacement for Prometheus' CRD
    namespace     one namespace with Microservices: create, read, wait
    conftest      one stage for the session, one namespace for each test

There is no kubelet; all controllers of Kubernetes are real.
"""
