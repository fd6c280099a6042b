"""The article's event-driven path for orders on AWS Lambda. It is independent of the order service.

handler        API Gateway → validation → DynamoDB (PENDING) → SNS     model     the order in requests and events
confirmations  SQS → DynamoDB (CONFIRMED), message by message           intake    the table and the topic
observability  logs, metrics, traces                                    settings  environment variables

`../build.py` builds the zip.
"""
