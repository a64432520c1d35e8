"""The page that an audience takes home: whole in itself, moved by a slider, and never run by what stands in files."""

import base64
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diffview.cli import main
from diffview.gui.show.race_figure import race_figure
from diffview.library.filming import filmed_of
from diffview.library.opened import open_field
from diffview.story.chapter import chapter_of
from diffview.story.handout_page import page_of
from diffview.story.leave_behind import FORWARD, FRAMES, handout_of
from diffview.story.lecture import Lecture
from diffview.story.line_plot import Ground, PlotAxis, PlotCurve, line_svg
from diffview.story.parts import PLOTS
from diffview.writers.films.encoding import png
from diffview.writers.films.film_page import FilmPage
from diffview.writers.films.reels import reel_of

EVIL = "</script><img src=x onerror=alert(1)>"
CHAPTER = {
    "diffview_chapter": 1, "title": EVIL, "sentence": f"{EVIL}.", "equation": "closed_form",
    "stage": {"pictures": ["forward", "reverse"], "plot": "spectrum"},
    "recipe": {"source": {"region": {"row": 40, "column": 120, "ny": 32, "nx": 32}},
               "denoiser": {"model": "gaussian"}, "course": {"steps": 3}},
    "beats": [{"do": "animate", "t": 1.0}, {"do": "run"}, {"do": "tell", "sentence": "It is over & done."}],
}  # fmt: skip


def opened(recipe):
    return filmed_of(open_field(recipe))


@pytest.fixture(scope="module")
def handout():
    return handout_of(Lecture(EVIL, (chapter_of(CHAPTER, "c"),)), opened)


class Tags(HTMLParser):
    """The tags of a page, with their attributes, and the texts in them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)


def picture(uri: str) -> Image.Image:
    kind, data = uri.split(",", 1)
    assert kind == "data:image/webp;base64"
    return Image.open(BytesIO(base64.b64decode(data)))


def test_a_chapter_has_its_sentences_equation_slider_film_and_plot(handout) -> None:
    page = page_of(handout)
    seen = Tags(page)
    sources = [attrs["src"] for tag, attrs in seen.tags if tag == "img"]
    assert len(sources) == 2 and picture(sources[0]).size == FORWARD.size
    assert picture(sources[1]).n_frames == 4, "three steps and the start"
    assert sum(tag == "svg" for tag, _ in seen.tags) == 2 and "It is over & done." in seen.texts
    table = re.search(r'<script type="application/json">(.*?)</script>', page, re.S)
    frames = json.loads(table[1])
    assert len(frames) == FRAMES and frames[0]["src"] == sources[0]
    assert frames[0]["words"].startswith("t = 0.000") and frames[-1]["words"].startswith("t = 1.000")


def test_the_slider_begins_with_the_field_and_ends_with_noise(handout) -> None:
    slider = handout.chapters[0].figures[0]
    filmed = opened(chapter_of(CHAPTER, "c").recipe)
    reel = reel_of(filmed, FORWARD)
    drawn, frames = FilmPage(reel, FORWARD), list(reel.frames())
    for at in (0, FRAMES - 1):
        seen = np.asarray(Image.open(BytesIO(slider.pictures[at])).convert("RGB")).astype(float)
        assert np.abs(seen - drawn.draw(frames[at])).mean() < 6


def test_nothing_is_loaded_and_texts_of_files_are_no_markup(handout) -> None:
    page = page_of(handout)
    seen = Tags(page)
    assert sum(tag == "script" for tag, _ in seen.tags) == 2 and not any("onerror" in attrs for _, attrs in seen.tags)
    assert any(EVIL in text for text in seen.texts), "it is there, as text"
    outside = [value for _, attrs in seen.tags for name, value in attrs.items() if name in ("src", "href")]
    assert all(value.startswith(("data:", "#")) for value in outside)
    assert any("default-src 'none'" in attrs.get("content", "") for _, attrs in seen.tags)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_the_slider_works_in_a_browser_without_a_server(handout, tmp_path: Path) -> None:
    moved = (
        '<script>const r = document.querySelector("input"); r.value = 20; r.dispatchEvent(new Event("input"));'
        'document.title = "moved " + document.querySelector("output").textContent.slice(0, 9);</script>'
    )
    (tmp_path / "page.html").write_text(page_of(handout).replace("</body>", f"{moved}</body>"))
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/user",
         "--dump-dom", (tmp_path / "page.html").as_uri()],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert "<title>moved t = 1.000</title>" in done.stdout
    assert done.stdout.count("alert(1)") > 0 and Tags(done.stdout).tags.count(("img", {"src": "x"})) == 0


def test_a_run_that_cannot_be_made_is_said_in_its_chapter() -> None:
    start = {"denoiser": {"model": "rain64"}, "start": {"origin": "field", "level": 1.0}}
    apart = {**CHAPTER, "recipe": {**CHAPTER["recipe"], **start}, "stage": {"pictures": ["reverse"]}}
    made = handout_of(Lecture("x", (chapter_of(apart, "c"),)), opened)
    assert made.chapters[0].figures == () and made.chapters[0].notes[0].startswith("The run of rain64 is not shown: ")


def test_what_is_left_out_is_said() -> None:
    seeds = [{"do": "run"}, {"do": "set", "values": {"seed": 1}}, {"do": "run"}, {"do": "set", "values": {"seed": 2}}]
    plain = {**CHAPTER, "stage": {"pictures": ["reverse"]}, "beats": [*seeds, {"do": "run"}]}
    plain["recipe"] = {**CHAPTER["recipe"], "ensemble": {"members": 12}}
    made = handout_of(Lecture("x", (chapter_of(plain, "c"),)), opened).chapters[0]
    assert len(made.figures) == 2
    assert made.notes == ("The first 9 of 12 members are shown.", "The first 2 of 3 runs are shown.")


@pytest.mark.parametrize("plot", PLOTS)
def test_every_plot_of_a_stage_is_there(plot: str) -> None:
    still = {**CHAPTER, "stage": {"pictures": [], "plot": plot}, "beats": []}
    made = handout_of(Lecture("x", (chapter_of(still, "c"),)), opened, race=race_figure).chapters[0]
    drawn = [figure.plot.startswith("<svg") for figure in made.figures if figure.plot]
    films = [Image.open(BytesIO(picture)).is_animated for figure in made.figures for picture in figure.pictures]
    assert made.notes == () and drawn == [True] * (plot != "cloud") and films == [True] * (plot == "cloud")


def test_a_spectrum_of_what_is_missing_is_said_to_be_missing(monkeypatch) -> None:
    still = {**CHAPTER, "stage": {"pictures": [], "plot": "spectrum"}, "beats": []}
    monkeypatch.setattr("diffview.forward.state.MOST_MISSING", -1.0)
    made = handout_of(Lecture("x", (chapter_of(still, "c"),)), opened).chapters[0]
    assert made.figures == () and made.notes == ("No spectrum: too much is missing.",)


def test_estimates_without_a_run_are_a_slider_from_much_noise_to_little() -> None:
    beats = [{"do": "animate", "t": t} for t in (0.5, 0.02)]
    apart = {**CHAPTER, "stage": {"pictures": ["reverse"], "plot": ""}, "beats": beats}
    made = handout_of(Lecture("x", (chapter_of(apart, "c"),)), opened).chapters[0]
    (figure,) = made.figures
    assert made.notes == () and [words[:8] for words in figure.words] == ["t = 1.00", "t = 0.50", "t = 0.02"]
    assert "gaussian" in figure.caption
    wide = 4 * 32
    flat, _, clear = (np.array(Image.open(BytesIO(one)), float)[:, -wide:] for one in figure.pictures)
    assert flat.std(axis=(0, 1)).max() < 0.3 * clear.std(axis=(0, 1)).max(), "of much noise only the mean is known"


def test_crops_and_what_models_make_of_one_noise_are_pictures() -> None:
    names = ("crops", "by_data")
    apart = {**CHAPTER, "stage": {"pictures": list(names), "plot": ""}, "beats": []}
    made = handout_of(Lecture("x", (chapter_of(apart, "c"),)), opened).chapters[0]
    crops, data = made.figures
    assert made.notes == () and crops.caption == "Fields that it has learnt from"
    assert "0.00 std to the nearest crop" in data.caption, "the exact answer gives crops back"
    pixels = np.array(Image.open(BytesIO(data.pictures[0])), float)
    above, below = pixels[: 4 * 32], pixels[4 * 34 :]
    assert np.abs(above - below).mean() < 6 < np.abs(above - np.roll(below, 4 * 34, axis=1)).mean()


def test_a_plot_keeps_to_its_axes() -> None:
    made = line_svg(
        [PlotCurve("<b>", [1, 10, 100], [1e-3, np.nan, 1e3], "#000000")],
        PlotAxis("k", log=True),
        PlotAxis("P", log=True),
    )
    assert "&lt;b&gt;" in made and "10³" in made and made.count("M") >= 3, "a gap begins a curve anew"
    assert line_svg([], PlotAxis("a"), PlotAxis("b")).endswith("</svg>")


def test_a_picture_below_curves_spans_the_axes() -> None:
    ground = Ground(png(np.zeros((2, 2, 3), np.uint8)), (0.0, 2.0), (1.0, 100.0))
    made = line_svg(
        [PlotCurve("c", [0, 2], [1, 100], "#000000")], PlotAxis("t"), PlotAxis("k", log=True), ground=ground
    )
    (tag,) = (found for name, found in Tags(made).tags if name == "image")
    left, top = float(tag["x"]), float(tag["y"])
    corners = f"M{left:.1f} {top + float(tag['height']):.1f}L{left + float(tag['width']):.1f} {top:.1f}"
    assert corners in made and tag["href"].startswith("data:image/png;base64,")


def test_the_command_refuses_in_sentences(tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.json").write_text("{}")
    for words, told in (
        ((), "Nothing is asked for."),
        (("none", "--html", "a.html"), "none is not there."),
        (("c.json", "--html", "a.html"), "is not a lecture"),
        (("--html", "no/a.html"), "no such folder"),
        (("--pack", "talk.tar"), "End its name with .zip."),
    ):
        assert main(["lecture", *words]) == 2
        assert told in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["c.json"]
