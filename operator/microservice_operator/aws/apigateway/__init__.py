"""API Gateway HTTP APIs, and the routes that Microservices have on them."""
