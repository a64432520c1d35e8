"""Errors that people read."""

import pickle

import pytest

from diffview.errors import LONGEST_SENTENCE, UserError, cut


def test_what_a_file_wrote_is_cut_and_made_plain() -> None:
    error = UserError("The units are '" + "x" * 10**6, "See \x1b[2J\n\ud800.")
    assert len(error.sentence) == LONGEST_SENTENCE and error.sentence.endswith("\N{HORIZONTAL ELLIPSIS}")
    assert error.hint == "See  [2J  ."
    assert pickle.loads(pickle.dumps(error)).hint == error.hint


@pytest.mark.parametrize(
    ("text", "most", "shown"), [("abc", 3, "abc"), ("abcd", 3, "ab\N{HORIZONTAL ELLIPSIS}"), ("", 3, "")]
)
def test_a_text_of_a_length(text: str, most: int, shown: str) -> None:
    assert cut(text, most) == shown
