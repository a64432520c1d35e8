"""The words: one table, of which docs/words.md is made, and whose equations and pages there are."""

from pathlib import Path

import pytest

from diffview.story.equation_table import EQUATIONS
from diffview.story.words import TERMS, words_page

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_words_is_made_of_the_table() -> None:
    assert (DOCS / "words.md").read_text(encoding="utf-8") == words_page(), "run tools/make_words.py"


@pytest.mark.parametrize("key", TERMS)
def test_a_term_is_one_sentence_with_an_equation_and_a_page_that_there_are(key: str) -> None:
    term = TERMS[key]
    assert term.name and term.meaning[0] == term.meaning[0].strip() and not term.meaning.endswith(".")
    assert term.equation in {"", *EQUATIONS} and (DOCS / term.read).is_file()
    assert "  " not in term.meaning and len(term.meaning) < 200


def test_names_are_told_apart_and_the_symbols_of_the_theory_are_there() -> None:
    assert len({term.name for term in TERMS.values()}) == len(TERMS)
    names = " ".join(term.name for term in TERMS.values())
    for symbol in ("β", "ᾱ", "σ", "log-SNR", "x̂₀", "ε̂", "member", "spread", "score", "guidance", "SNR by scale"):
        assert symbol in names
