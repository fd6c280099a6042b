"""Certifies an AWS account for the operator: reads what an Environment names, and runs a sample through the reconciler.

run            the whole: checks, then the steps of the sample, then the report
checks         runs checks, and turns errors into results
account, network, identity, services, quotas   the checks, by what they read
sample         PURE: the sample Microservice, its changes and its Environment
lifecycle      settles and deletes the sample with the operator's own reconciler
leftovers      finds by tag and path what runs have left
plan           PURE: what a run creates, and what costs money
report         PURE: results, calls and leftovers as a table
recordings     PURE: answers of AWS without anything that identifies the account
"""
