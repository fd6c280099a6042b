"""The order service: stores orders in PostgreSQL and reserves stock in the product service.

routes           the HTTP API                         model            orders as JSON
place_order      the saga that places an order        placement_store  its state in PostgreSQL
confirm_order    confirms or cancels an order         store            orders in PostgreSQL
cancel_order     cancels an order for its customer
recovery         ends interrupted sagas               tables           the database schema
sweeper          settles old pending orders           backlog          metrics of what waits
outbox, relay    publish an order's event             topic            SNS
consumer         handles events of the queue          event_queue      SQS
users, products  clients of the two other services    polling          loops that poll for work
dead_letters     the redrive command                  ports            interfaces and errors
app              assembles the service                events           the order-created event
"""
