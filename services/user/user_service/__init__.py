"""The user service: stores users in PostgreSQL.

routes  the HTTP API             ports   the interface of the store, and errors
store   users in PostgreSQL      tables  the database schema
app     assembles the service    model   users as JSON
etags   entity tags from a user's version
"""
