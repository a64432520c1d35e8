"""Make docs/words.md of the words of the program."""

from pathlib import Path

from diffview.paths import write_text
from diffview.story.words import words_page

if __name__ == "__main__":
    write_text(Path(__file__).resolve().parents[1] / "docs" / "words.md", words_page())
