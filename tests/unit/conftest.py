"""Property tests have no time limit per example, because the time depends on the machine and not on the code."""

from hypothesis import settings

settings.register_profile("unit", deadline=None)
settings.load_profile("unit")
