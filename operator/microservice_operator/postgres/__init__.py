"""PostgreSQL: databases, roles and rights on an existing server.

reconcile         reconciles a declared database
deletion          drops or retains a database that is no longer declared
models            the input of both
observe           queries the server
database_catalog  queries the database as its owner
rotation          changes between two logins of a service, without a moment at which a pod cannot log in
statements        builds the statements that reach the desired state, without I/O
execute           runs the statements
public_schema     gives the schema `public` to the database's owner
extensions        creates extensions as the owner, so only trusted ones
passwords         generates passwords and their verifiers; never sends a password in clear text
sessions          connections, limited in number and encrypted
errors            maps PostgreSQL errors to ours
"""
