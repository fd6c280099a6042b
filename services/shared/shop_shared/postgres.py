"""Connections to the PostgreSQL that a service declared as ``databases`` in its microservice.yaml.

The Service Binding Secret holds a libpq URL (``postgresql://…?sslmode=verify-full&sslrootcert=…``). It is turned into
SQLAlchemy's form here and nowhere else; the TLS parameters travel with it.
"""

from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shop_shared.settings import ServiceSettings

OUTAGES: tuple[type[Exception], ...] = (OperationalError, InterfaceError, PoolTimeoutError)
"""What SQLAlchemy raises when the database is away, too slow or has no connection left."""

CONNECT_SECONDS = 3
_SESSION = "-c statement_timeout=5s -c lock_timeout=3s -c idle_in_transaction_session_timeout=10s -c timezone=UTC"


def sqlalchemy_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.get_backend_name() not in {"postgresql", "postgres"}:
        # Without the value: it holds a password.
        raise ValueError("DATABASE_URL must look like postgresql://user:password@host:port/database")
    return parsed.set(drivername="postgresql+psycopg")


def engine(url: str, settings: ServiceSettings, size: int = 10) -> AsyncEngine:
    """A bounded pool. Connecting is lazy: a service starts, and says that it is not ready, without its database."""
    return create_async_engine(
        sqlalchemy_url(url),
        pool_size=size,
        max_overflow=0,
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=True,  # a failover leaves dead connections behind
        pool_recycle=1800,
        hide_parameters=True,  # parameters are personal data
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "application_name": settings.service_name,
            "options": _SESSION,
            "keepalives_idle": 30,
            "tcp_user_timeout": 10_000,
        },
    )


class Probe:
    """Asks the database for /ready, on a connection of its own: a busy pool is not a reason to take a pod out."""

    def __init__(self, url: str, settings: ServiceSettings) -> None:
        self._engine = engine(url, settings, size=1)

    async def __call__(self) -> None:
        async with self._engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self._engine.dispose()
