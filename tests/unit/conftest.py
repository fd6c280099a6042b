"""Property tests: how long an example takes tells of the machine that it runs on, not of the code."""

from hypothesis import settings

settings.register_profile("unit", deadline=None)
settings.load_profile("unit")
