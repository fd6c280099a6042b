"""The shop's services as local processes, with a real PostgreSQL and the strict AWS emulator.

The fixtures start them once for this package and stop them at its end, because the services poll.
"""
