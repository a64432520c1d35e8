"""A lecture on paper: a sheet for each chapter, whose letters are letters and whose plots are lines."""

import re
import shutil
import subprocess
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from diffview.gui.story.handout_pdf import pdf_of
from diffview.library.filming import filmed_of
from diffview.library.opened import open_field
from diffview.story.chapter import chapter_of
from diffview.story.leave_behind import handout_of
from diffview.story.lecture import Lecture

TITLE = "<b>Noise</b> & nothing else"
CHAPTER = {
    "diffview_chapter": 1, "title": TITLE, "sentence": "A field drowns.", "equation": "closed_form",
    "stage": {"pictures": ["forward", "reverse"], "plot": "spectrum"},
    "recipe": {"source": {"region": {"row": 40, "column": 120, "ny": 32, "nx": 32}},
               "denoiser": {"model": "gaussian"}, "course": {"steps": 3}},
    "beats": [{"do": "run"}, {"do": "tell", "sentence": "It is over."}],
}  # fmt: skip


@pytest.fixture(scope="module")
def pdf(qapp) -> bytes:
    chapter = chapter_of(CHAPTER, "c")
    return pdf_of(handout_of(Lecture("A talk", (chapter, chapter)), lambda recipe: filmed_of(open_field(recipe))))


def test_it_has_a_sheet_for_each_chapter(pdf):
    assert pdf.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", pdf)) == 2


def test_sentences_that_leave_no_room_for_pictures_go_on_overleaf(qapp):
    tells = [{"do": "tell", "sentence": f"This is sentence number {i}."} for i in range(60)]
    chapter = chapter_of({**CHAPTER, "stage": {"pictures": ["forward"]}, "beats": tells}, "c")
    made = pdf_of(handout_of(Lecture("A talk", (chapter,)), lambda recipe: filmed_of(open_field(recipe))))
    assert len(re.findall(rb"/Type\s*/Page\b", made)) > 2


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler is not installed")
def test_its_letters_are_letters_and_its_pictures_are_seen(pdf, tmp_path):
    path = tmp_path / "talk.pdf"
    path.write_bytes(pdf)
    text = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True).stdout
    assert text.count(TITLE) == 2 and text.count("It is over.") == 2 and text.count("A talk") == 2
    drawn = subprocess.run(
        ["pdftoppm", "-r", "50", "-png", "-f", "1", "-l", "1", str(path)], capture_output=True, check=True
    )
    sheet = np.asarray(Image.open(BytesIO(drawn.stdout)).convert("RGB")).astype(int)
    assert sheet.shape[1] > sheet.shape[0] and (sheet == 255).all(axis=-1).mean() > 0.5, "the ground is white"
    blue = (sheet[..., 2] > sheet[..., 0] + 40).mean()
    assert blue > 0.05, "the field in its colours"
    grey = (np.abs(sheet - [105, 114, 127]).max(axis=-1) < 4).mean()
    assert grey < 0.02, "no plot is filled with the colour of its axes"
