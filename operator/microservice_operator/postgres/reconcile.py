"""Reconciles declared databases.

The Secret comes first. Without a known password, a reconciliation generates one and changes nothing on the server. It
returns the password in a Connection with a Progressing part that is requeued at once. The caller writes the Secret; the
next reconciliation reads it and sets the roles' passwords. So a password that was never written was never used. After
a crash at any point, the next reconciliation sets the roles to the Secret's passwords.

The rotation of passwords (`rotation`) is the last step of a reconciliation that changes nothing else.

The admin works in the server's maintenance database. The owner works in the database itself, with the login of its
Secret. So objects of a service cannot gain the admin's rights (PostgreSQL, CVE-2018-1058).
"""

from dataclasses import replace
from typing import Literal

from .. import names as annotation
from ..database_connection import Connection, Login, Rotated
from ..errors import NeedsPerson, NotYet, OperatorError
from ..facts import PERSON_SECONDS, Event, Part, Reason, State, with_error
from ..ownership import Ownership
from ..resync_cache import Outcome
from .database_catalog import PublicSchema, observe_database
from .execute import end_sessions_without_connect, run_all, run_long
from .extensions import create_extensions
from .models import DesiredDatabase, Logins, ServerScope
from .observe import Names, OnServer, observe_locale, observe_server, observe_template_owners
from .passwords import password, proof
from .public_schema import in_the_way, take_over_public
from .rotation import Rotating, rotate
from .sessions import Session
from .statements import (
    Statements,
    completion_statements,
    connect_statements,
    create_database,
    grant_statements,
    password_statements,
    quote_roles,
    right_statements,
    role_statements,
)

KIND = "Database"
_CLOSED_PUBLIC = 150000  # from this version on only the database's owner may create in `public`


async def reconcile_database(scope: ServerScope, desired: DesiredDatabase) -> tuple[Part, Connection | None]:
    """Reconcile a declared database; return its state and, if known, its connection.

    Never raises an OperatorError: the part contains the error. A Connection comes with a part that is Ready, that waits
    for its Secret to be written, or that could not be observed this time.
    """
    names = Names.of(scope.owner, desired.spec.name)
    key = (scope.owner.identity.uid, KIND, names.database)
    cached_state = (replace(desired, known={}), scope.server)
    work = _Reconciliation(scope, desired, names)
    has_logins = desired.logins.both is not None
    outcome = await scope.resync_cache.reconcile(key, cached_state, work.outcome, use_cached=has_logins)
    return outcome.part, work.connection


def connection(scope: ServerScope, names: Names, logins: Logins) -> Connection:
    """Return the connection of a service to its database."""
    server = scope.server
    runtime = replace(logins.runtime, username=names.runtime_login(logins.runtime.username))
    owner = replace(logins.owner, username=names.owner)
    return Connection(
        server.host, server.port, names.database, server.ssl_mode, runtime, owner, certificates=server.certificates
    )


def database_id(scope: ServerScope, names: Names) -> str:
    """Return the id of a database in the status: its address."""
    return f"postgresql://{scope.server.address}/{names.database}"


def failed(part: Part, error: OperatorError) -> Part:
    """Report a failure: Stalled if a person must act, otherwise a retry."""
    if isinstance(error, NeedsPerson | NotYet):
        return with_error(part, error)
    # the server's login or address could not be read
    return replace(part, reason=Reason.DATABASE_UNREACHABLE, message=str(error), after=PERSON_SECONDS, failed=True)


class _Reconciliation:
    """One reconciliation of one database; `unchanged` until it changes something, `connection` if it is known."""

    def __init__(self, scope: ServerScope, desired: DesiredDatabase, names: Names) -> None:
        self._scope = scope
        self._desired = desired
        self._names = names
        self.unchanged = True
        self.connection = connection(scope, names, desired.logins.both) if desired.logins.both else None
        self._known_id = desired.id_of(KIND)
        self.part = Part("PostgreSQL", KIND, desired.spec.name, State.UNKNOWN, id=self._known_id, field=desired.field)

    async def outcome(self) -> Outcome:
        try:
            part, self.connection = await self._run_once()
        except OperatorError as error:
            if not self._known_id or isinstance(error, NeedsPerson):
                self.connection = None
            return Outcome(failed(self.part, error))
        return Outcome(part, up_to_date=self.unchanged and part.state is State.READY)

    async def _run_once(self) -> tuple[Part, Connection | None]:
        scope, logins = self._scope, self._desired.logins.both
        async with scope.session() as session:
            observed = await observe_server(session, self._names)
            self._check(observed)
            if logins is None:
                return self._secret_first()
            connection_data = connection(scope, self._names, logins)
            self.part = replace(self.part, state=State.PROGRESSING)
            await self._reconcile_server(session, observed, connection_data)
        await self._reconcile_inside(connection_data, superuser=observed.superuser)
        self.part = replace(self.part, state=State.READY, id=database_id(scope, self._names))
        return await self._rotate(observed, connection_data)

    async def _rotate(self, observed: OnServer, connection_data: Connection) -> tuple[Part, Connection]:
        """Take at most one step of a rotation; if that fails, the database is ready all the same."""
        rotating = Rotating(self._names, observed, connection_data)
        if not self.unchanged:
            again = self._desired.rotation.due or rotating.earlier
            return replace(self.part, after=0.0 if again else None), connection_data
        try:
            step = await rotate(self._scope, self._desired, rotating)
        except (NeedsPerson, NotYet) as error:
            self.unchanged = False
            part = replace(with_error(self.part, error), state=State.READY, message=f"its rotation failed: {error}")
            return part, replace(connection_data, retiring=rotating.earlier)
        self.unchanged = step.up_to_date
        for what in step.happened:
            self._add_event("Normal", Reason.PASSWORD_ROTATED, what)
        return replace(self.part, message=step.message, after=step.after), step.connection

    def _check(self, observed: OnServer) -> None:
        names, where, field = self._names, self._scope.server.address, self._desired.field
        standing = observed.standing(self._scope.owner, names, dedicated=self._scope.dedicated)
        name = self._desired.spec.name
        owner = self._scope.owner
        if standing is Ownership.FOREIGN and any(
            owner.left_by_namesake(role.marks) for role in observed.roles.values()
        ):
            raise NeedsPerson(
                Reason.CONFLICT,
                f"database {names.database} at {where} was retained by an earlier Microservice of this name, in a "
                f"namespace {owner.identity.namespace} that may have belonged to another team; it stays unchanged; "
                f"to reuse it, ask the platform team to add {owner.inheritance} to the Environment's annotation "
                f"{annotation.ANNOTATION_ADOPT}",
                field,
            )
        if standing is Ownership.FOREIGN:
            raise NeedsPerson(
                Reason.CONFLICT,
                f"a database or role {names.database} already exists at {where} and is not owned by this Microservice, "
                f"or the database belongs to another role than {names.owner}; it stays unchanged; rename the database "
                "in the spec, or drop the existing one or change its owner",
                field,
            )
        if not observed.database and self._scope.dedicated and self._desired.spec.restore_from:
            raise NeedsPerson(
                Reason.RESTORE_REFUSED,
                f"database {names.database} does not exist at {where}, and restoreFrom is declared, so no empty one is "
                f"created; rename the restored database to {names.database} and its roles to {names.owner} and "
                f"{names.runtime}, or remove restoreFrom to start with an empty one",
                f"{field}.restoreFrom",
            )
        if not observed.database and self._known_id and not self._desired.recreate:
            raise NeedsPerson(
                Reason.DATABASE_LOST,
                f"database {name} was at {self._known_id} but is not at {where}; restore it from a backup, or "
                f"{annotation.recreate(name)}",
                field,
            )

    def _secret_first(self) -> tuple[Part, Connection]:
        logins, request = self._desired.logins, Rotated(request=self._desired.rotation.request)
        fresh = Logins(
            runtime=logins.runtime or Login(self._names.runtime, password(), request),
            owner=logins.owner
            or Login(self._names.owner, password(), logins.runtime.rotated if logins.runtime else request),
        )
        message = f"the Secret of database {self._desired.spec.name} is being written"
        part = replace(self.part, state=State.PROGRESSING, reason=Reason.DATABASE_CREATING, message=message, after=0.0)
        return part, connection(self._scope, self._names, fresh)

    async def _reconcile_server(self, session: Session, observed: OnServer, connection_data: Connection) -> None:
        """Set roles, database and connect rights, then passwords: without read access the admin tests them by login."""
        names, owner = self._names, self._scope.owner
        logins = (connection_data.owner, connection_data.runtime)
        verifiers = {login.username: proof(login.username, login.password).verifier for login in logins}
        await self._run(session, role_statements(names, observed, owner, verifiers))
        self._report_powers(observed)
        now = observed
        if not observed.database:
            await self._create(session, observed)
            now = await observe_server(session, names)
        await self._run(session, connect_statements(names, now))
        if now.database_marks is None:  # created now, or by an interrupted reconciliation
            await end_sessions_without_connect(session, names)
            self._add_event("Normal", Reason.DATABASE_CREATED, f"created at {self._scope.server.address}")
        await self._run(session, completion_statements(names, now, owner))
        wrong = {
            login.username: verifiers[login.username]
            for login in logins
            if login.username in observed.roles
            and not await self._password_matches(observed, login, verifiers[login.username])
        }
        await self._run(session, password_statements(wrong))
        if wrong:
            self._add_event("Normal", Reason.PASSWORD_RENEWED, "set its roles to the passwords of its Secret")

    async def _create(self, session: Session, observed: OnServer) -> None:
        # before that version, an admin that is not a superuser needs the provider's changes in template1
        pristine = observed.superuser or session.info.server_version >= _CLOSED_PUBLIC
        name, where = self._desired.spec.name, self._scope.server.address
        owners = [] if pristine else await observe_template_owners(session)
        if owners:
            raise NeedsPerson(
                Reason.CONFLICT,
                f"template1 at {where} contains objects of {', '.join(owners)}, which every new database would copy; "
                f"run in template1: DROP OWNED BY {quote_roles(owners)}, which deletes everything that they own there, "
                "and REVOKE CREATE ON SCHEMA public FROM PUBLIC",
                self._desired.field,
            )
        locale = await observe_locale(session)
        self.unchanged = False
        long = NotYet(Reason.DATABASE_CREATING, f"database {name} is still being created at {where}", 10.0)
        await run_long(session, create_database(self._names, locale, pristine=pristine), long)

    async def _password_matches(self, observed: OnServer, login: Login, verifier: str) -> bool:
        if observed.readable:
            return observed.roles[login.username].verifier == verifier
        if not observed.database:
            return False
        return await self._scope.servers.admits(self._scope.server, self._names.database, login)

    async def _reconcile_inside(self, connection_data: Connection, *, superuser: bool) -> None:
        """Reconcile inside the database; end the owner's session before the admin's, because sessions are limited."""
        foreign = await self._as_owner(connection_data.owner)
        if foreign is None:
            return
        await take_over_public(self._scope, self._names, foreign, superuser=superuser)
        self.unchanged = False
        if await self._as_owner(connection_data.owner):
            raise NotYet(
                Reason.PROGRESSING, f"schema public of database {self._desired.spec.name} has changed in the meantime"
            )

    async def _as_owner(self, owner: Login) -> PublicSchema | None:
        """Reconcile as owner; return the schema `public` if the owner must get it first."""
        scope, names = self._scope, self._names
        async with scope.session(names.database, owner) as session:
            observed = await observe_database(session, names)
            if in_the_way(names, observed.schema):
                return observed.schema
            await self._run(session, right_statements(names, observed))
            for grant in grant_statements(names, observed):
                await self._run(session, [grant])
            missing = await create_extensions(session, observed, self._desired)
            self.unchanged = self.unchanged and not missing
        return None

    async def _run(self, session: Session, statements: Statements) -> None:
        self.unchanged = self.unchanged and not statements
        await run_all(session, statements)

    def _report_powers(self, observed: OnServer) -> None:
        for name, role in sorted(observed.roles.items()):
            if role.powers:
                held = ", ".join(role.powers)
                what = (
                    f"role {name} had undeclared {held}, which the operator revoked; see SECURITY.md for what to check"
                )
                self._add_event("Warning", Reason.FORBIDDEN, what)

    def _add_event(self, kind: Literal["Normal", "Warning"], reason: Reason, what: str) -> None:
        event = Event(kind, reason, f"database {self._desired.spec.name}: {what}")
        self.part = replace(self.part, events=(*self.part.events, event))
