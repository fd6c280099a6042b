"""What a Microservice costs: `make bench`, on a light cluster of its own, against what the API server can do at all.

    process      the operator as a process: its CPU, memory and metrics
    load         Microservices, and a client that writes the same children as fast as the server takes them
    measure      the figures of one round
    report       tables, JSON, a plot

Figures on a shared machine are noisy: compare those of one run, quote medians. Requests per object are exact.
"""
