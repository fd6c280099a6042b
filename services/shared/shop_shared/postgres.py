"""Connections to the PostgreSQL database that a service declares under ``databases`` in its microservice.yaml.

The Service Binding Secret holds a libpq URL (``postgresql://…?sslmode=verify-full&sslrootcert=…``). Only this module
converts it to SQLAlchemy's form. The TLS parameters are kept.
"""

from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shop_shared.settings import ServiceSettings

OUTAGES: tuple[type[Exception], ...] = (OperationalError, InterfaceError, PoolTimeoutError)
"""What SQLAlchemy raises when the database is unavailable, too slow or out of connections."""

CONNECT_SECONDS = 3
_SESSION_OPTIONS = (
    "-c statement_timeout=5s -c lock_timeout=3s -c idle_in_transaction_session_timeout=10s -c timezone=UTC"
)


def sqlalchemy_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.get_backend_name() not in {"postgresql", "postgres"}:
        # The message omits the value, which contains a password.
        raise ValueError("DATABASE_URL must look like postgresql://user:password@host:port/database")
    return parsed.set(drivername="postgresql+psycopg")


def engine(url: str, settings: ServiceSettings, size: int = 10) -> AsyncEngine:
    """Create a bounded pool. It connects lazily: without its database, a service starts and reports not ready."""
    return create_async_engine(
        sqlalchemy_url(url),
        pool_size=size,
        max_overflow=0,
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=True,  # a failover leaves dead connections in the pool
        pool_recycle=1800,
        hide_parameters=True,  # parameters are personal data
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "application_name": settings.service_name,
            "options": _SESSION_OPTIONS,
            "keepalives_idle": 30,
            "tcp_user_timeout": 10_000,
        },
    )


class Probe:
    """Checks the database for /ready on a separate connection: a busy pool must not make the pod unready."""

    def __init__(self, url: str, settings: ServiceSettings) -> None:
        self._engine = engine(url, settings, size=1)

    async def __call__(self) -> None:
        async with self._engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self._engine.dispose()
