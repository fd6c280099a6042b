"""What is for sale: products and their stock, kept in DynamoDB.

    routes  HTTP in, HTTP out           ports     what the routes need from a store
    store   DynamoDB behind it          dynamodb  boto3 in a bounded pool of threads
    app     puts them together          model     what travels over HTTP

Stock leaves in one conditional update, so it can never go below zero, whoever asks at the same time. Taken with an
``Idempotency-Key`` it is a *reservation*: noted in the product itself under that key by the same update, so that the
request can be repeated without taking twice, and the stock can be put back exactly once. The buyer settles the
reservation when the order is stored; what was never settled nor put back (a crash in between) can be found in the
product.
"""
