"""What is for sale: products, their stock, and what is reserved of it, kept in DynamoDB.

    routes              HTTP for customers          ports         what the routes need from a store
    reservation_routes  HTTP for other services     model         what travels over HTTP
    store               products in DynamoDB        items         how DynamoDB keeps both
    reservations        reservations in DynamoDB    dynamodb      boto3 in a bounded pool of threads
    catalogue           reads that survive an outage    expiry    puts back what nobody confirmed
    app                 puts them together

Stock leaves in one conditional update, so it can never go below zero, whoever asks at the same time. A reservation
takes several products in one transaction, all or none, and ends confirmed or released; one that nobody confirms in
time is released by the service itself, so a buyer that crashes holds no goods for ever.
"""
