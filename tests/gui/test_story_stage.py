"""The stage of a talk: what is on it, how large, when it is seen, and that all comes back."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import QUICK
from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication
from PySide6.QtWidgets import QWidget

from diffview.gui.show.stage_layout import LOWEST, MOST_EQUATION, equation_size, placed, text_px
from diffview.gui.story.lending import Away
from diffview.gui.story.stage import STIX_FIGURE, Lit
from diffview.gui.theme import STAGE, theme
from diffview.gui.widgets.images.colour_bar import ColourBar
from diffview.gui.widgets.plots.plot_axis import AXIS_PX, plot_font
from diffview.gui.widgets.small.card import CardFrame
from diffview.gui.widgets.small.equation_view import EquationView
from diffview.story.beats import AnimateTime, HighlightPart, RevealPart, SetValues
from diffview.story.chapter import Chapter
from diffview.story.equation_table import EQUATIONS
from diffview.story.lecture import Lecture
from diffview.story.parts import PICTURES, PLOTS, Stage
from diffview.story.typeset import formula
from diffview.story.words import TERMS

START = QUICK.but(playhead=0.0)
TWO = Lecture(
    "Two chapters",
    (
        Chapter(
            "Noise", "Any step in one jump.", equation="closed_form", stage=Stage(("field", "forward"), "histogram"),
            recipe=START, say="Good morning.",
            beats=(
                HighlightPart(part="forward"), RevealPart(part="equation"), AnimateTime(t=0.5, seconds=0.05),
            ),
        ),
        Chapter("Schedule", "The schedule decides.", stage=Stage(("forward",), "schedule"), recipe=START,
                beats=(SetValues(values=(("seed", 5), ("path_mode", "chain"))),)),
    ),
)  # fmt: skip


class PaintCount(QObject):
    """Counts how often a widget is drawn."""

    def __init__(self, widget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched, event) -> bool:
        self.count += event.type() is QEvent.Type.Paint
        return False


@pytest.fixture
def talk(open_window, wait):
    """A talk that stands at its first chapter, on a stage of 1280 x 720."""
    window = open_window()
    window.staging.size = QSize(1280, 720)
    window.lecturing.begin(TWO)
    wait(lambda: window.staging.on and not window.lecturing.talk.playing)
    return window


def test_the_stage_shows_what_the_chapter_says_and_the_window_has_it_back_afterwards(talk, wait, rest) -> None:
    stage, parts = talk.staging.stage, (talk.field.view, talk.forward.view, talk.diagnostics.place)
    assert all(view.window() is stage and view.isVisible() for view in parts)
    assert stage.sentence.text == "Any step in one jump." and stage.equation.key == "closed_form"
    assert talk.timeline.plot.window() is talk
    talk.lecturing.talk.go(1)
    wait(lambda: talk.timeline.plot.window() is stage)
    assert talk.field.view.window() is talk and talk.field.view.isVisible() and not stage.equation.key
    talk.lecturing.talk.end()
    wait(lambda: not talk.staging.on)
    assert talk.findChildren(Away) == [] and talk.timeline.plot.window() is talk
    assert talk.timeline.plot.stage_scale == 0.0


def test_the_colours_of_the_pictures_are_explained_in_their_units(talk, wait) -> None:
    stage = talk.staging.stage
    (bar,) = (bar for bar in stage.findChildren(ColourBar) if bar.isVisible())
    forward = talk.forward.view.geometry()
    at = bar.mapTo(stage, bar.rect().topLeft())
    assert at.x() > forward.right() and at.y() + bar.height() == pytest.approx(forward.bottom(), abs=2)
    assert bar.accessibleDescription() == talk.scales.bar.accessibleDescription()
    assert bar.accessibleDescription().endswith(" K")
    assert bar.stage_scale == stage.stage_scale and talk.scales.bar.stage_scale == 0
    talk.lecturing.talk.begin(Lecture("Plot", (Chapter("P", "A plot.", stage=Stage((), "schedule"), recipe=START),)))
    wait(lambda: talk.timeline.plot.window() is stage)
    assert not bar.isVisible(), "a plot has axes of its own"


def test_of_another_quantity_beside_no_field_there_is_one_bar(talk, wait) -> None:
    noise = START.but(reverse="shot_diff", playhead=0.5)
    for pictures, count in ((("field", "reverse"), 2), (("reverse",), 1), (("forward",), 1), (("field", "forward"), 1)):
        chapter = Chapter("E", "Errors.", stage=Stage(pictures), recipe=noise)
        talk.lecturing.talk.begin(Lecture("Noise", (chapter,)))
        wait(lambda: not talk.lecturing.talk.playing)
        bars = talk.staging.stage.findChildren(ColourBar)
        wait(lambda bars=bars, count=count: sum(bar.isVisible() for bar in bars) == count)
    talk.lecturing.talk.end()
    wait(lambda: talk.scales.bar.isVisible() and talk.scales.made.isVisible() is False)


def test_parts_are_revealed_lit_and_blacked(talk, wait, hand) -> None:
    stage, script = talk.staging.stage, talk.lecturing.talk
    assert not stage.equation.isVisible() and not stage.numbers.isVisible()
    script.next()
    wait(lambda: not script.playing)
    lit = stage.grab().toImage()
    around = talk.forward.view.geometry()
    ring = QColor(lit.pixel(around.left() - 4, around.center().y())), QColor(lit.pixel(2, 2))
    assert ring[0] != ring[1]  # the frame, and the ground
    script.next()
    wait(lambda: stage.equation.isVisible() and stage.numbers.isVisible())
    script.toggle_black()
    black = stage.grab().toImage()
    assert {QColor(black.pixel(x, 360)).name() for x in range(0, 1280, 40)} == {"#000000"}
    script.toggle_black()
    assert not stage.black.isVisible()


def test_a_sentence_that_takes_as_much_room_as_the_last_is_drawn(talk, wait, rest) -> None:
    stage = talk.staging.stage
    rest(talk)
    box, painted = stage.sentence.geometry(), PaintCount(stage.sentence)
    stage.show_scene("Any step in one leap.")
    wait(lambda: painted.count > 0)
    assert stage.sentence.geometry() == box


def test_the_stage_gives_a_picture_room_by_its_shape_whenever_it_comes(talk, wait, rest) -> None:
    rest(talk)
    field, forward = talk.field.view, talk.forward.view
    assert forward.width() == pytest.approx(forward.height(), abs=1)
    forward.set_image(np.zeros((32, 64), np.float32))
    wait(lambda: forward.width() == pytest.approx(2 * forward.height(), abs=2))
    assert not field.geometry().intersects(forward.geometry())


def test_the_frame_leaves_the_symbol_free(talk) -> None:
    stage = talk.staging.stage
    stage.show_scene("Look here.", lit="forward")
    (frame,) = (one for one in stage.findChildren(Lit) if one.isVisible())
    symbols = [one for one in stage.findChildren(EquationView) if one.key == "symbol.x_t"]
    assert len(symbols) == 1 and symbols[0].geometry().bottom() < frame.geometry().top()


def test_the_numbers_are_those_under_the_playhead(talk, wait) -> None:
    script, stage = talk.lecturing.talk, talk.staging.stage
    for _ in range(3):
        script.next()
        wait(lambda: not script.playing)
    frame = talk.session.frame()
    assert stage.numbers.texts() == {"signal": f"{frame.alpha:.2f}", "noise": f"{frame.sigma:.2f}"}


def test_nothing_on_it_is_lower_than_a_thirty_sixth(talk, wait) -> None:
    stage = talk.staging.stage
    least = 720 * LOWEST
    spectrum = talk.diagnostics.histogram
    with theme.on_stage(spectrum.stage_scale):
        assert QFontMetricsF(plot_font(AXIS_PX)).tightBoundingRect("0").height() >= least - 1
    font, _ = stage.sentence.fitted(stage.sentence.width(), stage.sentence.height() + 1)
    assert QFontMetricsF(font).tightBoundingRect("A").height() >= least
    image, box = stage.grab().toImage(), stage.sentence.geometry()
    ground = QColor(image.pixel(1, 1)).lightness()
    rows = [
        y for y in range(box.top(), box.bottom())
        if any(abs(QColor(image.pixel(x, y)).lightness() - ground) > 60 for x in range(box.left(), box.left() + 20))
    ]  # fmt: skip
    assert max(rows) - min(rows) + 1 >= least  # the capital A in the pixels


def test_what_cannot_be_read_is_told(talk) -> None:
    stage = talk.staging.stage
    assert stage.faults() == []
    stage.show_stage(talk.lecturing.talk.chapter.stage, "local_pieces")
    stage.show_scene("It is far too long. " * 20)
    stage.resize(600, 800)
    (equation, sentence) = stage.faults()
    assert equation.startswith("The figures of the equation are ") and sentence.startswith("The sentence takes ")


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_words_have_a_contrast_of_seven_to_one(mode) -> None:
    palette = STAGE[mode]

    def light(token):
        parts = [c / 255 for c in palette.channels(token)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for token, least in (("text", 15), ("dim", 7), ("forward", 4.5), ("reverse", 4.5)):
        high, low = sorted((light(token), light("bg")), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= least, token


@pytest.mark.parametrize(("width", "height"), [(1024, 768), (1280, 720), (1920, 1080), (3840, 2160)])
@pytest.mark.parametrize("shapes", [(), (1.0,), (1.6, 1.0), (1.0, 2.0)])
@pytest.mark.parametrize("plot", [True, False])
def test_parts_lie_inside_and_apart(width, height, shapes, plot) -> None:
    boxes = placed(width, height, (0.1 * height, 0.15 * height), shapes, plot)
    every = [boxes.sentence, *boxes.symbols, *boxes.pictures, boxes.equation, *([boxes.plot] if plot else [])]
    for box in every:
        assert -1 <= box.x <= box.right <= width + 1 and -1 <= box.y <= box.bottom <= height + 1
    for i, one in enumerate(every):
        for other in every[i + 1 :]:
            apart = one.right <= other.x + 1 or other.right <= one.x + 1
            assert apart or one.bottom <= other.y + 1 or other.bottom <= one.y + 1
    for box, shape in zip(boxes.pictures, shapes, strict=True):
        assert box.width / box.height == pytest.approx(shape)
    if plot:
        assert boxes.plot.width >= 9 * text_px(height)


def test_every_part_that_a_chapter_can_name_is_in_the_window(window) -> None:
    assert {*PICTURES, *PLOTS} <= window.staging.parts


def test_the_speaker_sees_where_the_talk_is(talk, wait) -> None:
    line = talk.staging.line
    assert not line.isVisible()  # there is one screen
    line.set_on(True)
    line.tell()
    assert line.title() == "1 of 2: Noise · beat 0 of 3" and line.say.text() == "Good morning."
    assert line.next.text() == "next: forward is pointed at"
    talk.lecturing.talk.go(1)
    wait(lambda: line.next.text() == "next: other values: seed, path mode")
    talk.lecturing.talk.next()
    wait(lambda: line.next.text() == "next: the end")
    line.set_on(False)


def test_a_window_that_the_stage_covers_is_not_drawn_until_it_is_seen(talk, wait) -> None:
    assert not talk.updatesEnabled() and talk.staging.stage.updatesEnabled()
    talk.activateWindow()
    wait(talk.updatesEnabled)  # somebody looks at it
    talk.lecturing.talk.end()
    wait(lambda: not talk.staging.on)
    assert talk.updatesEnabled() and talk.forward.view.updatesEnabled()


def test_a_screen_that_comes_or_goes_does_not_end_the_talk(talk, wait) -> None:
    screen = QGuiApplication.primaryScreen()
    QGuiApplication.instance().screenAdded.emit(screen)
    QGuiApplication.instance().screenRemoved.emit(screen)
    wait(lambda: talk.staging.on)
    assert talk.lecturing.talk.on and talk.staging.stage.isVisible()


def test_a_screen_that_changes_is_filled_anew_by_the_talk_and_by_a_pane_alone(open_window, hand, wait) -> None:
    window = open_window()
    window.lecturing.begin(TWO)
    talk, stage, screen = window.lecturing.talk, window.staging.stage, QGuiApplication.primaryScreen()
    wait(lambda: window.staging.on and not talk.playing)
    for changed in (screen.geometryChanged, screen.logicalDotsPerInchChanged):
        for on in ("talk", "pane"):
            stage.setGeometry(10, 10, 400, 300)
            assert stage.geometry() != screen.geometry()
            changed.emit(screen.geometry() if changed == screen.geometryChanged else screen.logicalDotsPerInch())
            wait(lambda: stage.geometry() == screen.geometry())
            assert talk.on == (on == "talk") and window.staging.on and not window.staging.line.isVisible()
            if on == "talk":
                talk.end()
                wait(lambda: not window.staging.on)
                hand.key(window, Qt.Key.Key_2)
                wait(lambda: window.staging.pane == "forward" and window.staging.on)
        window.staging.leave()
        window.lecturing.begin(TWO)
        wait(lambda: window.staging.on and not talk.playing)
    talk.end()


TWO_SCREENS = """
from pathlib import Path
from diffview.gui.app import application, create_window
from diffview.gui.settings import Settings

app = application()
window = create_window(settings=Settings(Path("s.ini")))
window.show()
staging, talk = window.staging, window.lecturing.talk
for number in (0, 1, 2, 3):
    staging.screen = number
    window.lecturing.toggle()
    while talk.playing or not staging.on:
        app.processEvents()
    on = staging.stage.screen()
    filled = staging.stage.geometry() == on.geometry()
    print(number, on.name(), on is window.screen(), staging.line.isVisible(), filled)
    window.lecturing.toggle()
window.close()
"""


def test_the_stage_is_on_the_second_screen_or_on_the_one_that_is_named(tmp_path) -> None:
    """Of two that there are: the window on the first, with the speaker's line while the stage is on the other."""
    names = {"one": 0, "two": 1280}
    screens = [
        {"name": name, "x": x, "y": 0, "width": 1280, "height": 800, "logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}
        for name, x in names.items()
    ]
    (tmp_path / "screens.json").write_text(json.dumps({"screens": screens}))
    own = {
        "QT_QPA_PLATFORM": f"offscreen:configfile={tmp_path / 'screens.json'}",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    run = [sys.executable, "-c", TWO_SCREENS]
    own = {**os.environ, **own}
    done = subprocess.run(run, cwd=tmp_path, env=own, capture_output=True, text=True, timeout=300, check=False)
    said = [line.split() for line in done.stdout.splitlines()]
    away, here = ["two", "False", "True", "True"], ["one", "True", "False", "True"]
    assert said == [["0", *away], ["1", *here], ["2", *away], ["3", *away]], done.stderr  # there is no third: the other


def test_closing_the_stage_ends_the_talk(talk, wait, hand) -> None:
    talk.staging.stage.close()
    wait(lambda: not talk.lecturing.talk.on)
    assert not talk.staging.on and talk.findChildren(Away) == []
    hand.key(talk, Qt.Key.Key_2)
    wait(lambda: talk.staging.pane == "forward")


@pytest.mark.parametrize(("width", "height"), [(1024, 768), (1280, 720), (1920, 1080), (3840, 2160)])
def test_every_equation_can_be_read_from_the_last_row(width, height) -> None:
    for key, equation in EQUATIONS.items():
        forms = [formula(key).box, *([formula(key, live=True).box] if equation.live else [])]
        size, _, high = equation_size(forms, 0.95 * width, MOST_EQUATION * height, text_px(height))
        assert STIX_FIGURE * size >= height * LOWEST - 0.5 and high <= MOST_EQUATION * height + 1, key


@pytest.mark.parametrize("size", [(1024, 768), (1280, 720)])
def test_the_speaker_has_the_window_and_the_line_on_a_small_screen(open_window, wait, size) -> None:
    window = open_window()
    window.resize(*size)
    window.staging.size = QSize(1280, 720)
    window.lecturing.begin(TWO)
    wait(lambda: window.staging.on and not window.lecturing.talk.playing)
    line = window.staging.line
    line.set_on(True)
    wait(line.isVisible)
    wait(lambda: window.minimumSizeHint().height() <= size[1] - 48)  # of the screen, the frame of a desktop takes some
    assert window.minimumSizeHint().width() <= size[0]
    assert line.next.shown_text() == line.next.text() and line.time.shown_text() == line.time.text()
    line.set_on(False)


def test_names_of_pictures_beside_one_another_are_as_large_as_all_text_on_the_stage(talk) -> None:
    chapter = Chapter("N", "Four of them.", stage=Stage(("reverse",)), recipe=START)
    talk.lecturing.talk.begin(Lecture("Names", (chapter,)))
    layer = talk.reverse.names
    assert layer.stage_scale == talk.staging.stage.stage_scale > 0
    talk.lecturing.talk.end()
    assert layer.stage_scale == 0


def test_the_heads_of_the_plots_say_what_they_show(window) -> None:
    for card, term in zip(
        window.diagnostics.findChildren(CardFrame), ("x_t", "below_the_noise_floor", "snr_by_scale"), strict=True
    ):
        own = card.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
        assert TERMS[term].sentence in [head.toolTip() for head in own], term
