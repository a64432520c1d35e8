"""The theme: every role, readable text, the font that ships, zoom, and icons that follow."""

import gc
import re
from dataclasses import fields

import numpy as np
import pytest
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QFontDatabase, QFontMetrics, QIcon, QImage, QPainter, QPalette
from PySide6.QtWidgets import QComboBox, QPushButton, QToolButton

from diffview.gui.show.palette import ramp
from diffview.gui.theme import DARK, LIGHT, PALETTES, SCALES, theme
from diffview.gui.widgets.small import icons
from diffview.paths import resource

pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")  # the offscreen plugin, of every window


@pytest.fixture(autouse=True)
def installed(qapp):
    theme.install(qapp, "dark")
    yield
    theme.set_scale(1.0)
    theme.use("dark")


def luminance(colour):
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.getRgbF()[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(p, a, b):
    high, low = sorted((luminance(p.colour(a)), luminance(p.colour(b))), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("p", [DARK, LIGHT], ids=lambda p: p.name)
def test_texts_and_marks_can_be_read(p):
    for ground in ("bg", "panel"):
        assert contrast(p, "text", ground) >= 12
        assert contrast(p, "dim", ground) >= 4.3
        for token in ("forward", "reverse", "good", "warn", "bad"):
            assert contrast(p, token, ground) >= 3
    assert contrast(p, "on_accent", "reverse") >= 4.5


@pytest.mark.parametrize("count", [2, 5, 9])
def test_steps_of_one_quantity_are_told_apart_and_from_the_ground(count):
    """Neighbours lie apart in red, green and blue, and luminance goes one way."""
    for p in PALETTES.values():
        steps = ramp(count)
        assert len({p.code(token) for token in steps}) == count
        made = np.array([list(p.channels(token)) for token in steps]) / 255
        assert np.linalg.norm(np.diff(made, axis=0), axis=1).min() > 0.7 / count
        assert (np.diff([luminance(p.colour(token)) for token in steps]) > 0).all()
        assert min(contrast(p, token, "panel") for token in steps) >= 1.8


def test_every_role_of_the_palette_is_ours(qapp):
    for name, p in PALETTES.items():
        theme.use(name)
        ours = {QColor(getattr(p, f.name)).rgb() for f in fields(p) if f.name != "name"}
        for group in (QPalette.ColorGroup.Active, QPalette.ColorGroup.Inactive, QPalette.ColorGroup.Disabled):
            for role in QPalette.ColorRole:
                if role not in (QPalette.ColorRole.NoRole, QPalette.ColorRole.NColorRoles):
                    assert qapp.palette().color(group, role).rgb() in ours, (name, group, role)


def test_the_font_ships_with_the_program(qapp):
    assert "Inter" in QFontDatabase.families()
    assert qapp.font().family() == "Inter"
    assert qapp.font().pixelSize() == 13
    assert "SIL OPEN FONT LICENSE" in resource("fonts/OFL.txt").read_text()


def test_tabular_figures_have_one_width(qapp):
    metrics = QFontMetrics(theme.font(tabular=True))
    assert metrics.horizontalAdvance("1111") == metrics.horizontalAdvance("0000")


def test_the_zoom_scales_fonts_and_controls_and_returns(qapp, qtbot):
    button = QPushButton("Run")
    qtbot.addWidget(button)
    button.show()
    height = button.sizeHint().height()
    theme.set_scale(2)
    assert qapp.font().pixelSize() == 26
    assert button.sizeHint().height() >= 1.8 * height
    theme.zoom(0)
    assert button.sizeHint().height() == height
    theme.zoom(1)
    assert theme.scale == SCALES[SCALES.index(1.0) + 1]
    theme.zoom(-20)
    assert theme.scale == SCALES[0]
    theme.set_scale(99)
    assert theme.scale == SCALES[-1]


def test_a_change_is_announced_once_and_only_if_it_is_one(qtbot):
    told = []
    slot = lambda: told.append(theme.palette.name)  # noqa: E731
    theme.changed.connect(slot)
    theme.use("light")
    theme.use("light")
    theme.use("dark")
    theme.changed.disconnect(slot)
    assert told == ["light", "dark"]


def test_the_system_is_followed_only_if_asked(qapp):
    theme.use("system")
    assert theme.mode == "system"
    assert theme.palette in PALETTES.values()
    theme.use("light")
    qapp.styleHints().colorSchemeChanged.emit(qapp.styleHints().colorScheme())
    assert theme.palette is LIGHT


def test_controls_of_a_row_have_one_height(qtbot):
    from PySide6.QtWidgets import QComboBox, QLineEdit

    from diffview.gui.widgets.forms.spin import NumberSpin, WholeSpin

    tool = QToolButton()
    tool.setText("Open")
    row = [QPushButton("Run"), tool, QComboBox(), QLineEdit(), NumberSpin(0, 1), WholeSpin()]
    for widget in row:
        qtbot.addWidget(widget)
        widget.ensurePolished()
    assert {w.sizeHint().height() for w in row} == {30}


def test_the_style_sheet_finds_its_pictures():
    for token in PALETTES:
        for stem in re.findall(r"icons:([\w-]+)-\$\{name\}\.svg", resource("style.qss").read_text()):
            assert resource(f"icons/{stem}-{token}.svg").is_file()


@pytest.mark.parametrize("p", [DARK, LIGHT], ids=lambda p: p.name)
def test_the_pictures_of_controls_use_the_tokens(p):
    ours = {getattr(p, f.name) for f in fields(p)}
    for file in resource("icons").glob(f"*-{p.name}.svg"):
        assert set(re.findall(r"#[0-9a-f]{6}", file.read_text())) <= ours


@pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen plugin, of a list that pops up
@pytest.mark.parametrize("name", ["dark", "light"])
def test_what_cannot_be_chosen_in_a_list_is_faint(qtbot, name):
    theme.use(name)
    combo = QComboBox()
    qtbot.addWidget(combo)
    combo.addItems(["Choice", "MMMM", "MMMM"])
    combo.model().item(2).setEnabled(False)
    combo.show()
    combo.showPopup()
    view = combo.view()
    picture = view.viewport().grab().toImage()
    wanted = {1: theme.palette.text, 2: theme.palette.faint}
    for row, token in wanted.items():
        rect = view.visualRect(combo.model().index(row, 0))
        seen = {picture.pixelColor(x, y).name() for x in range(rect.width()) for y in range(rect.top(), rect.bottom())}
        assert token in seen
        assert not (set(wanted.values()) - {token}) & seen
    combo.hidePopup()


@pytest.mark.parametrize("name", icons.NAMES)
def test_an_icon_draws_in_its_colour_inside_its_box(qapp, name):
    image = QImage(48, 48, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    icons.draw_icon(painter, name, QRectF(0, 0, 48, 48), QColor("#ff0000"))
    painter.end()
    inked = [(x, y) for x in range(48) for y in range(48) if image.pixelColor(x, y).alpha() > 200]
    assert len(inked) > 60
    assert all(image.pixelColor(x, y).getRgb()[:3] == (255, 0, 0) for x, y in inked)


def test_icons_follow_the_theme_are_faint_where_disabled_and_sharp_on_a_dense_screen(qtbot):
    button = QToolButton()
    icons.set_icon(button, "stop")

    def colour(icon, mode=QIcon.Mode.Normal):
        return icon.pixmap(QSize(24, 24), 2.0, mode).toImage().pixelColor(24, 24).name()

    assert colour(button.icon()) == DARK.text
    copy = QIcon(button.icon())
    del button
    gc.collect()
    theme.use("light")
    assert colour(copy) == LIGHT.text
    assert colour(copy, QIcon.Mode.Disabled) == LIGHT.faint
    picture = copy.pixmap(QSize(24, 24), 2.0)
    assert (picture.width(), picture.devicePixelRatio()) == (48, 2.0)
    corner = picture.toImage().pixelColor(1, 1)
    assert corner.alpha() == 0
    theme.use("dark")
