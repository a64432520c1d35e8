"""Films and pictures out of the window: by its form, beside it, whole or not at all."""

import xml.etree.ElementTree

import numpy as np
import pytest
from conftest import QUICK
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu

from diffview.gui.widgets.forms.film_form import FilmForm
from diffview.gui.widgets.small.message_bar import MessageBar
from diffview.writers.films.film_settings import FilmSettings
from diffview.writers.films.films import make_film
from diffview.writers.films.reels import Filmed


def asked(monkeypatch, path, kind=""):
    """The file dialog answers so."""
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), kind))


def choose(form: FilmForm, what: str, ending: str = ".webp") -> None:
    form.what.setCurrentIndex(form.what.findData(what))
    form.format.setCurrentIndex(form.format.findData(ending))
    form.pixels.setCurrentText("640 × 360")


@pytest.fixture
def filming(open_window, settle, find):
    """A window with the form of films open."""
    window = open_window(QUICK.but(steps=4))
    settle(window)
    find(window, "exportAnimationAction").trigger()
    dialog = find(window, "filmDialog")
    assert dialog.isVisible() and not dialog.isModal()
    dialog.form.findChild(object, "param_seconds").setValue(0.5)
    dialog.form.findChild(object, "param_hold").setValue(0.0)
    return window, dialog


def test_a_film_of_the_run_on_screen_is_that_of_its_recipe(filming, find, hand, wait, monkeypatch, tmp_path):
    window, dialog = filming
    path = tmp_path / "run.webp"
    asked(monkeypatch, path)
    choose(dialog.form, "reverse")
    QTest.mouseClick(find(dialog, "filmButton"), Qt.MouseButton.LeftButton)
    assert not window.is_idle()
    wait(window.is_idle)
    session = window.session
    settings = FilmSettings(what="reverse", size=(640, 360), seconds=0.5, hold=0.0)
    again = tmp_path / "again.webp"
    view = session.view
    make_film(Filmed(session.facts, session.plan, view.limits, view.colormap), settings, again)
    assert path.read_bytes() == again.read_bytes()
    with Image.open(path) as film:
        assert film.size == (640, 360) and film.n_frames == 5


def test_a_film_is_stopped_by_the_same_button_and_leaves_nothing(filming, find, wait, monkeypatch, tmp_path):
    window, dialog = filming
    (tmp_path / "films").mkdir()
    asked(monkeypatch, tmp_path / "films" / "long")
    dialog.form.findChild(object, "param_seconds").setValue(600.0)
    choose(dialog.form, "forward", ".gif")
    button = find(dialog, "filmButton")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    wait(lambda: button.text() == "Stop" and any((tmp_path / "films").iterdir()))
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    wait(window.is_idle)
    assert list((tmp_path / "films").iterdir()) == [] and button.text() == "Save as…"
    assert "long.gif was not written." in window.findChild(MessageBar).text()


def test_the_window_itself_goes_to_noise_and_back(filming, find, wait, monkeypatch, tmp_path):
    window, dialog = filming
    path = tmp_path / "window.webp"
    asked(monkeypatch, path)
    drawn = [dialog.form.findChild(object, f"param_{name}") for name in ("theme", "scale", "caption")]
    assert all(field.isEnabled() for field in drawn)
    choose(dialog.form, "window")
    assert not any(field.isEnabled() for field in drawn), "the window is filmed as it stands"
    window.session.look(playhead=0.25, follow=False)
    QTest.mouseClick(find(dialog, "filmButton"), Qt.MouseButton.LeftButton)
    wait(window.is_idle)
    assert window.session.view.playhead == 0.25, "it is where it was"
    with Image.open(path) as film:
        assert film.size == (640, 360) and film.n_frames > 5
        film.seek(0)
        first = np.asarray(film.convert("RGB")).astype(float)
        film.seek(film.n_frames // 2)
        middle = np.asarray(film.convert("RGB")).astype(float)
    assert np.abs(first - middle).mean() > 2, "noise is put in"


def test_what_cannot_be_filmed_says_why(filming, find):
    window, dialog = filming
    window.session.edit(model="rain64", origin="field", level=1.0)
    choose(dialog.form, "reverse")
    button = find(dialog, "filmButton")
    assert not button.isEnabled() and "mm/h" in find(dialog, "filmWhyNot").text()
    choose(dialog.form, "forward")
    assert button.isEnabled()


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)
def test_a_view_is_saved_with_more_pixels_and_a_plot_as_lines(window, find, wait, settle, monkeypatch, tmp_path):
    settle(window)
    view = find(window, "spectrumView")
    at = QPoint(view.width() // 2, view.height() // 2)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, view.mapToGlobal(at))
    QApplication.sendEvent(view.viewport() if hasattr(view, "viewport") else view, event)
    menu = next(menu for menu in window.findChildren(QMenu) if menu.objectName() == "viewMenu")
    assert [action.text() for action in menu.actions()] == ["Copy", "Save picture…"]
    for path, kind in ((tmp_path / "a.png", "PNG, four times the pixels (*.png)"), (tmp_path / "a.svg", "SVG (*.svg)")):
        asked(monkeypatch, path, kind)
        menu.actions()[1].trigger()
    menu.close()
    with Image.open(tmp_path / "a.png") as picture:
        large = picture.size
    root = xml.etree.ElementTree.parse(tmp_path / "a.svg").getroot()
    assert [int(side) for side in root.attrib["viewBox"].split()[2:]] == [side // 4 for side in large]
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "noise" in " ".join(filter(None, texts)) or len(texts) > 4
    assert sum(1 for _ in root.iter("{http://www.w3.org/2000/svg}polyline")) > 0
    assert next(root.iter("{http://www.w3.org/2000/svg}image"), None) is None, "nothing was drawn as pixels"


def test_saving_a_view_names_one_or_says_that_none_was_chosen(window, find, settle, monkeypatch, tmp_path):
    settle(window)
    path = tmp_path / "view.png"
    asked(monkeypatch, path, "PNG, as on screen (*.png)")
    window.setFocus()
    find(window, "timeSlider").clearFocus()
    find(window, "saveViewAction").trigger()
    assert not path.exists() and "No view was chosen." in window.findChild(MessageBar).text()
    QTest.mouseClick(find(window, "reverseView"), Qt.MouseButton.LeftButton)
    find(window, "saveViewAction").trigger()
    assert path.exists()
