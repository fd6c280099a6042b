"""Tests of one Microservice with every type of AWS resource, against strict emulators of all services.

world       reconciles the Microservice, and moves a clock by the requested wait
faults      injected faults: denied, throttled, failed, never answered
server      one PostgreSQL server behind all RDS instances
holdings    lists everything in AWS that has a Microservice's owner tags
conftest    one emulator and one proxy for the session, one Microservice for each test
"""
