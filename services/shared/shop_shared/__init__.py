"""The code that the services of the shop share.

Each service is assembled in its own ``app.py`` and started by ``python -m <service>``:

    settings.load()      reads the environment once; an error names the variable
    logs.configure()     writes one JSON object a line to stdout, with service, traceId and timestamp
    application.build()  builds FastAPI with problem details, limits, deadlines, traces, /health, /ready and /metrics
    server.serve()       runs uvicorn, which drains on SIGTERM

``callers`` verifies who sends a request, with ``tokens`` and ``token_keys``.
``resilience`` is for calls to other services, ``pagination`` for lists and ``background`` for background tasks.
``telemetry`` exports spans. ``openapi`` writes the OpenAPI documents.
``postgres`` and ``migrations`` are for services that own a PostgreSQL database. No other service imports them.
"""
