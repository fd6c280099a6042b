"""What the three services of the shop have in common, and nothing else.

A service is wired in its own ``app.py`` and started by ``python -m <service>``:

    settings.load()      the environment, read once, refused with a sentence that names the variable
    logs.configure()     one JSON object a line on stdout, with service, traceId and timestamp
    application.build()  FastAPI with problem answers, limits, deadlines, traces, /health, /ready and /metrics
    server.serve()       uvicorn that drains on SIGTERM

``resilience`` is for calls to other services, ``pagination`` for lists, ``background`` for work beside the requests,
``telemetry`` for spans, where somebody collects them; ``openapi`` writes the contracts.
``postgres`` and ``migrations`` are for the services that own a PostgreSQL database; nothing else imports them.
"""
