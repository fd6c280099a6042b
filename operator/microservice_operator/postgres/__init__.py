"""PostgreSQL: databases, roles and rights on a server that exists already.

databases         what the walk calls for a database that is wanted
leaving           what it calls for one that is not
places            what it hands in
observed          what the server says: queries only
database_catalog  what the database says to its owner: queries only
statements        PURE: what is to be said to the server
speaking          says it
public_schema     taken over where it is not the owner's
extensions        made as the owner, so only trusted ones
passwords         made and proven here, never sent in clear text
servers           connections, bounded and encrypted
failures          what an error of PostgreSQL means for us
"""
