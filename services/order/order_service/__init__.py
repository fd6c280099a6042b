"""Who bought what: orders, kept in PostgreSQL, with the stock taken from the product service.

routes     HTTP in, HTTP out                         model    what travels over HTTP
placement  the one thing that this service does      ports    what it needs from the outside
store      orders in PostgreSQL                      tables   the schema, as the migrations make it
upstream   calls to other services: time limits, retries, outages
users, products  the two services that it calls      app      puts them together
"""
