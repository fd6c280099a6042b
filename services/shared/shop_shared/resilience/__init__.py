"""What keeps one part's trouble from becoming everybody's. docs/resilience.md says how the pieces work together.

upstream   calls to another service, with all of the below     breaker    stops asking who fails
deadline   how long whoever waits still waits                  budget     retries are a share of the requests
bulkhead   how many calls to one service at once               shedding   how many requests at once
stale      the last good answer, where that is better than none
"""
