"""One Microservice with every part that AWS has, before the strict layers of all services, counted in passes.

world       the pass over it, as the walk takes it; a clock that passes move
faults      trouble by rule: refused, throttled, broken, never answered
server      PostgreSQL behind the instances of RDS: one for all tests
holdings    all that carries the marks of a Microservice, wherever it is
conftest    one emulator and one door for the session, one Microservice for each test
"""
