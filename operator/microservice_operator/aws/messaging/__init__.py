"""SNS topics, SQS queues and the subscriptions between them."""
