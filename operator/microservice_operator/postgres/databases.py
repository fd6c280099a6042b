"""Databases that are wanted: what the walk calls.

The Secret comes first. A pass to which a password is not known makes one, changes nothing on the server, and returns
it in a Connection with a part that is Progressing and asks for another look at once. The caller writes the Secret; the
next pass finds it and sets the roles to it. So a password that was made and not written was never used, and a crash at
any point leaves roles that the next pass sets to what the Secret says.
"""

from dataclasses import replace

from psycopg import sql

from .. import names as annotation
from ..connections import Connection, Login
from ..errors import NeedsPerson, NotYet, OperatorError
from ..facts import Event, Part, Reason, State
from ..ownership import Standing
from .extensions import create_extensions
from .observed import Names, OnServer, observe_database, observe_server
from .passwords import matches, password
from .places import Logins, Place, WantedDatabase
from .servers import Session
from .statements import Statements, database_statements, right_statements, role_statements

KIND = "Database"
PERSON_SECONDS = 300.0  # so that it recovers by itself once somebody has acted


async def reconcile_database(place: Place, wanted: WantedDatabase) -> tuple[Part, Connection | None]:
    """Bring a declared database to what is wanted, and say how it stands and how to connect.

    Never raises an OperatorError: what went wrong is in the part. A Connection comes with a part that is Ready, or that
    waits for the Secret to be written, or could not be looked at this time.
    """
    names = Names.of(place.owner, wanted.spec.name)
    key = (place.owner.identity.uid, KIND, names.database)
    sight = (replace(wanted, known_id=""), place.server)
    recalled = place.settled.recall(key, sight)
    logins = wanted.logins.both
    if recalled and logins:
        return recalled, connection(place, names, logins)
    work = _Pass(place, wanted, names)
    try:
        part, found = await work.run()
    except OperatorError as error:
        part = place.settled.news(key, failed(work.part, error))
        known = logins if wanted.known_id and isinstance(error, NotYet) else None
        return part, connection(place, names, known) if known else None
    if work.quiet and part.state is State.READY:
        place.settled.keep(key, sight, part)
    return place.settled.news(key, part), found


def connection(place: Place, names: Names, logins: Logins) -> Connection:
    """How a service reaches its database."""
    server = place.server
    runtime = Login(names.runtime, logins.runtime.password)
    owner = Login(names.owner, logins.owner.password)
    return Connection(
        server.host, server.port, names.database, server.ssl_mode, runtime, owner, certificates=server.certificates
    )


def failed(part: Part, error: OperatorError) -> Part:
    """The part when something went wrong: a person is asked for, or it is looked at again."""
    if isinstance(error, NeedsPerson):
        stalled = replace(part, state=State.STALLED, reason=Reason(error.reason), after=PERSON_SECONDS)
        return replace(stalled, message=str(error), field=error.field or part.field)
    if isinstance(error, NotYet):
        return replace(part, reason=Reason(error.reason), message=str(error), after=error.after, failed=True)
    raise error


class _Pass:
    """One pass over one database; `quiet` until it changes something."""

    def __init__(self, place: Place, wanted: WantedDatabase, names: Names) -> None:
        self._place = place
        self._wanted = wanted
        self._names = names
        self._id = f"postgresql://{place.server.address}/{names.database}"
        self.quiet = True
        self.part = Part("PostgreSQL", KIND, wanted.spec.name, State.UNKNOWN, id=wanted.known_id, field=wanted.field)

    async def run(self) -> tuple[Part, Connection | None]:
        place, names, logins = self._place, self._names, self._wanted.logins.both
        async with place.servers.session(place.server) as session:
            observed = await observe_server(session, names)
            self._check(observed)
            if logins is None:
                return self._secret_first()
            self.part = replace(self.part, state=State.PROGRESSING)
            await self._server_side(session, observed, logins)
        async with place.servers.session(place.server, names.database) as session:
            await self._say(session, right_statements(names, await observe_database(session, names)), names.owner)
            missing = await create_extensions(session, names, self._wanted)
            self.quiet = self.quiet and not missing
        return replace(self.part, state=State.READY, id=self._id), connection(place, names, logins)

    def _check(self, observed: OnServer) -> None:
        standing = observed.standing(self._place.owner, self._names, dedicated=self._place.dedicated)
        name = self._wanted.spec.name
        if standing is Standing.FOREIGN:
            raise NeedsPerson(
                Reason.CONFLICT,
                f"a database or role {self._names.database} exists at {self._place.server.address} and is not marked "
                "as this Microservice's; it is left as it is; rename the database in the spec, or remove that one",
                self._wanted.field,
            )
        if not observed.database and self._wanted.known_id and not self._wanted.recreate:
            raise NeedsPerson(
                Reason.DATABASE_LOST,
                f"database {name} was at {self._wanted.known_id} and is not at {self._place.server.address}; restore "
                f"it from a backup, or annotate the Microservice with {annotation.ANNOTATION_RECREATE}: {name} to "
                "start with an empty one",
                self._wanted.field,
            )

    def _secret_first(self) -> tuple[Part, Connection]:
        known = self._wanted.logins
        fresh = Logins(
            runtime=known.runtime or Login(self._names.runtime, password()),
            owner=known.owner or Login(self._names.owner, password()),
        )
        message = f"the Secret of database {self._wanted.spec.name} is being written"
        part = replace(self.part, state=State.PROGRESSING, reason=Reason.DATABASE_CREATING, message=message, after=0.0)
        return part, connection(self._place, self._names, fresh)

    async def _server_side(self, session: Session, observed: OnServer, logins: Logins) -> None:
        place, names = self._place, self._names
        verifiers = await self._new_verifiers(session, observed, logins)
        await self._say(session, role_statements(names, observed, place.owner, verifiers))
        if verifiers.keys() & observed.roles.keys():
            self._happened(Reason.PASSWORD_RENEWED, "its roles are set to the passwords of its Secret")
        if not observed.database:
            create = sql.SQL("CREATE DATABASE {} OWNER {}")
            await session.execute(create.format(sql.Identifier(names.database), sql.Identifier(names.owner)))
            self.quiet = False
            self._happened(Reason.DATABASE_CREATED, f"made at {place.server.address}")
            observed = await observe_server(session, names)
        await self._say(session, database_statements(names, observed, place.owner))

    async def _new_verifiers(self, session: Session, observed: OnServer, logins: Logins) -> dict[str, str]:
        verifiers = {}
        for name, login in ((self._names.owner, logins.owner), (self._names.runtime, logins.runtime)):
            role = observed.roles.get(name)
            if role is None or not await self._fits(observed, name, login):
                encrypted = session.pgconn.encrypt_password(login.password.encode(), name.encode(), b"scram-sha-256")
                verifiers[name] = encrypted.decode()
        return verifiers

    async def _fits(self, observed: OnServer, name: str, login: Login) -> bool:
        if observed.readable:
            return matches(observed.roles[name].verifier, login.password)
        if not observed.database:
            return False
        place = self._place
        return await place.servers.admits(place.server, self._names.database, Login(name, login.password))

    async def _say(self, session: Session, statements: Statements, role: str = "") -> None:
        if not statements:
            return
        self.quiet = False
        async with session.transaction():
            if role:
                await session.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
            for statement in statements:
                await session.execute(statement)

    def _happened(self, reason: Reason, what: str) -> None:
        event = Event("Normal", reason, f"database {self._wanted.spec.name}: {what}")
        self.part = replace(self.part, events=(*self.part.events, event))
