"""Who buys: users, kept in PostgreSQL.

routes  HTTP in, HTTP out        ports  what the routes need from a store
store   PostgreSQL behind it     tables  the schema, as the migrations make it
app     puts them together       model  what travels over HTTP
etags   a user's version as an entity tag
"""
