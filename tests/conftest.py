"""Settings common to all tests, and a last word on those that had no real files to read."""

from typing import Any

from hypothesis import settings

settings.register_profile("diffview", deadline=None, derandomize=True, database=None)
settings.load_profile("diffview")

ABSENT = ("is not there", "got empty parameter set")
"""Words in the reason of a test that was skipped for want of ../shared."""


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many tests were skipped because ../shared or a file of it is absent."""
    skipped = terminalreporter.stats.get("skipped", [])
    count = sum(any(words in str(report.longrepr) for words in ABSENT) for report in skipped)
    terminalreporter.write_line(f"skipped because files of ../shared are absent: {count}")
