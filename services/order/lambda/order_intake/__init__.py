"""Orders taken in by AWS Lambda: the article's event-driven path, beside the order service.

handler        API Gateway → validation → DynamoDB, as PENDING → SNS     model    what travels in and out
confirmations  SQS → DynamoDB, as CONFIRMED; each message by itself       intake   the table and the topic
observing      logs, metrics, traces                                      settings what the function is told

`build.py` beside this package makes the zip.
"""
