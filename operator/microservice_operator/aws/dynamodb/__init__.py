"""DynamoDB tables: adapters, requests, responses and capacity scaling."""
