"""One palette, one spacing, one set of type sizes; dark and light, at any zoom."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from string import Template

from PySide6.QtCore import QDir, QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from diffview.gui.show import palette as shades
from diffview.paths import resource

GRID = 8
RADIUS = 8
FONT = "Inter"
TEXT_PX = 13
SMALL_PX = 12
TITLE_PX = 13
SCALES = (0.75, 0.85, 1.0, 1.15, 1.3, 1.5, 1.75, 2.0)
"""The steps of the zoom of the window (Ctrl +/-)."""

HALL = 1.25
"""Text grows by this factor more than lines do on a stage."""

SEMIBOLD = QFont.Weight.DemiBold
MEDIUM = QFont.Weight.Medium


class Palette(shades.Tokens):
    """The colours of one appearance."""

    def colour(self, token: str, alpha: int = 255) -> QColor:
        """The colour of `token` with an opacity of 0..255."""
        colour = QColor(self.code(token))
        colour.setAlpha(alpha)
        return colour

    def blend(self, over: str, under: str, share: float) -> QColor:
        """The opaque mixture share * over + (1 - share) * under of two tokens."""
        return QColor(self.mixed(over, under, share))


DARK, LIGHT = Palette("dark", **shades.DARK), Palette("light", **shades.LIGHT)
PALETTES = {"dark": DARK, "light": LIGHT}
STAGE = {mode: Palette(mode, **tokens) for mode, tokens in shades.ON_STAGE.items()}


class Theme(QObject):
    """The appearance in force; widgets repaint on `changed`."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._palette = DARK
        self._mode = "dark"
        self._scale = 1.0
        self._stroke = 1.0
        self._fonts: dict[tuple[float, int, bool, float], QFont] = {}
        self._app: QApplication | None = None

    @property
    def palette(self) -> Palette:
        """The palette in force."""
        return self._palette

    @property
    def mode(self) -> str:
        """The chosen mode: "dark", "light" or "system"."""
        return self._mode

    @property
    def scale(self) -> float:
        """The zoom of texts and controls, 0.75..2."""
        return self._scale

    def colour(self, token: str, alpha: int = 255) -> QColor:
        """The colour of `token` in the palette in force."""
        return self._palette.colour(token, alpha)

    def px(self, length: float) -> int:
        """A length of the design in pixels at the zoom in force, at least 1."""
        return max(1, round(length * self._scale))

    def font(self, size: float = TEXT_PX, weight: int = QFont.Weight.Normal, tabular: bool = False) -> QFont:
        """The program's font, `size` in design pixels; `tabular` gives all figures one width.

        It is made once for each zoom: a frame asks for some hundred.
        """
        key = size, int(weight), tabular, self._scale
        font = self._fonts.get(key)
        if font is None:
            font = self._fonts[key] = QFont(FONT)
            font.setPixelSize(self.px(size))
            font.setWeight(QFont.Weight(weight))
            if tabular:
                font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def stroke(self, width: float) -> float:
        """The width of a line: as it is designed, and on a stage as large as the text there."""
        return width * self._stroke

    @contextmanager
    def on_stage(self, scale: float) -> Iterator[None]:
        """Draw at a zoom of its own, with strong lines and colours, as a widget in front of an audience does.

        At a zoom of 0 the widget is not there, and is drawn as all others are.
        """
        if not scale:
            yield
            return
        before = self._scale, self._stroke, self._palette
        self._scale, self._stroke, self._palette = scale, max(1.0, scale / HALL), STAGE[self._palette.name]
        try:
            yield
        finally:
            self._scale, self._stroke, self._palette = before

    def follow(self, widget: QWidget) -> None:
        """Lay a widget out and paint it anew whenever the appearance changes."""
        self.changed.connect(widget.updateGeometry)
        self.changed.connect(widget.update)

    def use(self, name: str) -> None:
        """Take the palette `name`: "dark", "light", or "system" (and then follow the system)."""
        self._mode = name
        palette = _resolved(name)
        if palette is not self._palette:
            self._palette = palette
            self._apply()

    def set_scale(self, scale: float) -> None:
        """Zoom texts and controls by `scale`, kept within 0.75..2."""
        scale = min(max(scale, SCALES[0]), SCALES[-1])
        if scale != self._scale:
            self._scale = scale
            self._fonts.clear()
            self._apply()

    def zoom(self, steps: int) -> None:
        """Take the next larger (+1) or smaller (-1) zoom; 0 returns to 1."""
        nearest = min(range(len(SCALES)), key=lambda i: abs(SCALES[i] - self._scale))
        self.set_scale(SCALES[min(max(nearest + steps, 0), len(SCALES) - 1)] if steps else 1.0)

    def install(self, app: QApplication, mode: str = "system") -> None:
        """Give `app` the style, the font, the palette and the style sheet, and follow the system's scheme."""
        if self._app is not app:
            self._app = app
            app.setStyle("Fusion")
            QDir.setSearchPaths("icons", [str(resource("icons"))])
            for name in ("Regular", "Medium", "SemiBold"):
                QFontDatabase.addApplicationFont(str(resource(f"fonts/Inter-{name}.otf")))
            app.styleHints().colorSchemeChanged.connect(self._follow_system)
        self._mode = mode
        self._palette = _resolved(mode)
        self._apply()

    def _follow_system(self) -> None:
        if self._mode == "system":
            self.use("system")

    def _apply(self) -> None:
        if self._app is not None:
            self._app.setFont(self.font())
            self._app.setPalette(_qt_palette(self._palette))
            self._app.setStyleSheet(_style_sheet(self._palette, self._scale))
        self.changed.emit()


def _resolved(mode: str) -> Palette:
    """The palette of `mode`; title bars and native dialogs follow it (bare X11 ignores that)."""
    hints = QGuiApplication.styleHints()
    if QGuiApplication.instance() is None:
        return PALETTES["dark" if mode == "system" else mode]
    asked = {"dark": Qt.ColorScheme.Dark, "light": Qt.ColorScheme.Light, "system": Qt.ColorScheme.Unknown}[mode]
    hints.setColorScheme(asked)
    if mode == "system":
        mode = "light" if hints.colorScheme() is Qt.ColorScheme.Light else "dark"
    return PALETTES[mode]


def _qt_palette(p: Palette) -> QPalette:
    """Every role of every group, so that nothing of the system's palette shines through."""
    role = QPalette.ColorRole
    tokens = {
        role.Window: "bg", role.WindowText: "text", role.Base: "panel", role.AlternateBase: "raised",
        role.ToolTipBase: "raised", role.ToolTipText: "text", role.PlaceholderText: "faint", role.Text: "text",
        role.Button: "raised", role.ButtonText: "text", role.BrightText: "bad", role.Light: "hover",
        role.Midlight: "raised", role.Mid: "line", role.Dark: "edge", role.Shadow: "bg", role.Highlight: "reverse",
        role.HighlightedText: "on_accent", role.Link: "reverse", role.LinkVisited: "dim", role.Accent: "reverse",
    }  # fmt: skip
    off = {
        role.WindowText: "faint", role.Text: "faint", role.ButtonText: "faint", role.Highlight: "edge",
        role.HighlightedText: "text", role.Accent: "edge", role.Link: "faint", role.ToolTipText: "text",
    }  # fmt: skip
    palette = QPalette()
    for key, token in tokens.items():
        palette.setColor(QPalette.ColorGroup.All, key, p.colour(token))
    for key, token in off.items():
        palette.setColor(QPalette.ColorGroup.Disabled, key, p.colour(token))
    return palette


def _style_sheet(p: Palette, scale: float) -> str:
    """resources/style.qss with the tokens of `p` filled in and its lengths scaled; hairlines stay 1 px."""

    def scaled(match: re.Match[str]) -> str:
        length = int(match[1])
        return f"{length if length <= 1 else max(1, round(length * scale))}px"

    tokens = {f.name: getattr(p, f.name) for f in fields(p)}
    tokens["lit"] = p.blend("text", "reverse", 0.15).name()
    tokens["glow"] = p.blend("reverse", "panel", 0.16).name()
    text = resource("style.qss").read_text(encoding="utf-8")
    return re.sub(r"(\d+)px", scaled, Template(text).substitute(tokens))


theme = Theme()
install = theme.install
