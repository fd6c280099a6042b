"""The product service: stores products, their stock and reservations in DynamoDB.

    routes              HTTP API for customers             ports       interfaces of the stores, and errors
    reservation_routes  HTTP API for other services        model       products and reservations as JSON
    store               products in DynamoDB               items       DynamoDB items of both
    reservations        reservations in DynamoDB           dynamodb    boto3 in a bounded thread pool
    catalogue           reads that survive an outage       expiry      releases expired reservations
    app                 assembles the service              expiry_index  finds them

A conditional update decreases the stock, so it never goes below zero, even with concurrent requests. A reservation
takes several products in one transaction, all or none, and is then confirmed or released. The service releases a
reservation that is not confirmed in time, so a buyer that crashes does not keep goods.
"""
