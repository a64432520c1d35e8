"""Settings common to all tests."""

from hypothesis import settings

settings.register_profile("diffview", deadline=None, derandomize=True, database=None)
settings.load_profile("diffview")
