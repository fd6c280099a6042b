"""Simulates the calls of many Microservices to AWS on a moved clock: `python -m tests.tools.aws_rates` prints them.

The operator's own adapters, caches, limiter, work queue and jitter run; only the threads, the network and AWS are
replaced. moto answers, and AWS's documented limits are applied before it.
"""
