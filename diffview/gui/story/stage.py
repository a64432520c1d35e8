"""The stage: what an audience sees. At most two pictures and a plot of the session, one sentence, one equation.

The views are those of the window, lent for the time: what they show is the session, and the hand works on them as ever.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from PySide6.QtCore import QEvent, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from diffview.gui.session import Session
from diffview.gui.show.boxes import Box
from diffview.gui.show.stage_layout import LOWEST, MOST_EQUATION, MOST_SENTENCE, equation_size, placed, text_px
from diffview.gui.story.lending import Loan, set_stage_scale
from diffview.gui.story.sentence import Sentence
from diffview.gui.theme import theme
from diffview.gui.widgets.images.image_view import ImageView
from diffview.gui.widgets.images.pair_grid import PairGrid
from diffview.gui.widgets.ink import ink
from diffview.gui.widgets.plots.plot_axis import AXIS_PX
from diffview.gui.widgets.small.equation_view import EquationView
from diffview.gui.widgets.staged import Staged
from diffview.story.live_numbers import UNKNOWN
from diffview.story.typeset import SYMBOL, formula

ELSEWHERE = "on the stage"

STIX_FIGURE = 0.66
"""Height of a figure in an equation, of the size of its text."""

SCALED = ("field", "forward", "reverse", "crops")
"""Pictures that colour bars explain."""

SQUARE = ("cloud",)
"""Plots whose axes are alike."""

SYMBOLS_OF = {"field": "x_0", "forward": "x_t"}
"""The symbols of pictures that always show one thing."""

SYMBOL_OF_MODE = {
    "x_t": "x_run", "x0_hat": "x0_hat", "eps_hat": "eps_out", "shot_x0": "x0_hat", "shot_eps": "eps_pair",
    "shot_diff": "eps_error",
}  # fmt: skip
"""The symbol of what REVERSE shows, by its mode."""


class StageViews(NamedTuple):
    """Views that a stage shows: pictures from the left, and a plot; a `chapter.Stage` is one, too."""

    pictures: tuple[str, ...] = ()
    plot: str = ""


class Showable(Protocol):
    """What says which views are on a stage."""

    @property
    def pictures(self) -> tuple[str, ...]:
        """The pictures, from the left."""

    @property
    def plot(self) -> str:
        """The plot, or ""."""


class Bars(Protocol):
    """Colour bars beside pictures: a widget, too."""

    def show_for(self, pictures: Iterable[str]) -> None:
        """Show those of these pictures."""


class Lit(Staged):
    """A frame around the part of the stage that is pointed at; it takes no clicks."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = theme.stroke(2.0)
        ink(painter, QPen(theme.colour("good"), width))
        inset = width / 2 + 0.5
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), 2 * width, 2 * width)


class Black(QWidget):
    """Nothing."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Nothing."""
        QPainter(self).fillRect(self.rect(), Qt.GlobalColor.black)


class StageWindow(Staged):
    """Shows stages of chapters, one after the other, full screen.

    Attributes:
        sentence: the one sentence.
        equation, numbers: the equation, and the same with live numbers.
        black: over everything while the stage is black.

    Signals:
        keyed: a key that no view on it has used.
        closed: the window manager closed it.
    """

    keyed = Signal(QKeyEvent)
    closed = Signal()

    def __init__(self, session: Session, parts: Mapping[str, QWidget], scales: QWidget, bars: Bars) -> None:
        """`parts`: the views of the window by the names that chapters give them; `scales`: colour bars, as `bars`."""
        super().__init__()
        self.setObjectName("stageWindow")
        self.setWindowTitle("diffview")
        self._session, self._parts = session, parts
        self._stage: Showable = StageViews()
        self._loans: dict[str, Loan] = {}
        self._hidden, self._lit, self._numbered = frozenset[str](), "", False
        self._shapes: list[float] = []
        self._bar_px, self._known = 0, False
        self.sentence = Sentence(self)
        self.equation, self.numbers = EquationView(1, self), EquationView(1, self)
        self._symbols = {name: EquationView(1, self) for name in parts}
        self._scales, self._bars = scales, bars
        scales.setParent(self)
        self._frame, self.black = Lit(self), Black(self)
        self.black.hide()
        theme.changed.connect(self._arrange)
        session.shows(self._name_pictures, "view.reverse", "view.statistic", at_once=False)

    # -- what is on it

    def show_stage(self, stage: Showable, equation: str = "") -> None:
        """Show another stage, all at once: what is not there yet is never seen."""
        self.setUpdatesEnabled(False)
        asked = {*stage.pictures, stage.plot} - {""}
        for name in self._loans.keys() - asked:
            self._loans.pop(name).bring_back()
        for name in asked - self._loans.keys():
            self._loans[name] = Loan(self._parts[name], ELSEWHERE)
            self._loans[name].view.setParent(self)
        self._stage = stage
        self.equation.set_equation(equation)
        has_numbers = bool(equation) and bool(formula(equation, live=True).slots)
        self.numbers.set_equation(equation if has_numbers else "", live=True)
        self._name_pictures()
        self._bars.show_for(self._scaled())
        self._arrange()
        self.setUpdatesEnabled(True)

    def show_scene(self, sentence: str, hidden: frozenset[str] = frozenset(), lit: str = "") -> None:
        """Show the sentence of a scene, all parts but the hidden ones, and a frame around the one that is lit."""
        anew = sentence != self.sentence.text
        self._hidden, self._lit = hidden, lit
        self.sentence.set_text(sentence)
        if anew:
            self._arrange()
        else:
            self._reveal()

    def show_numbers(self, texts: Mapping[str, str]) -> None:
        """Show the numbers of the equation."""
        self.numbers.set_numbers(texts)
        slots = formula(self.numbers.key, live=True).slots if self.numbers.key else ()
        known = any(texts.get(slot.name, UNKNOWN) != UNKNOWN for slot in slots)
        if known != self._known:
            self._known = known
            self._reveal()

    def set_black(self, on: bool) -> None:
        """Black the stage, or show it again."""
        self.black.setVisible(on)
        self.black.raise_()

    def clear(self) -> None:
        """Give all views back to the window."""
        while self._loans:
            self._loans.popitem()[1].bring_back()
        self._stage = StageViews()

    def faults(self) -> list[str]:
        """What cannot be read from the last row, each as a finished sentence."""
        least, found = LOWEST * self.height(), []
        high = STIX_FIGURE * self.equation.text_px() if self.equation.isVisible() else least
        if high < least - 0.5:
            found.append(f"The figures of the equation are {high:.0f} pixels high, less than {least:.0f}.")
        room = MOST_SENTENCE * self.height()
        taken = self.sentence.fitted(0.95 * self.width(), room)[1]
        if taken > room + 1:
            found.append(f"The sentence takes {taken:.0f} pixels of the height, more than {room:.0f}.")
        return found

    # -- how it is arranged

    def _shape(self, name: str) -> float:
        """Width over height of a picture; of several side by side all of them."""
        view = self._parts[name]
        if isinstance(view, PairGrid):
            return view.shape
        seen = [one for one in (view, *view.findChildren(ImageView)) if isinstance(one, ImageView)]
        sizes = [one.image_size() for one in seen if one is view or not one.isHidden()]
        wide = sum(nx / ny if ny else 1.0 for ny, nx in sizes)
        return min(max(wide, 0.6), 2.2) if sizes else 1.0

    def _scaled(self) -> list[str]:
        """The pictures that colour bars explain."""
        return [name for name in self._stage.pictures if name in SCALED]

    def _arrange(self) -> None:
        """Put everything where it belongs."""
        width, height = self.width(), self.height()
        scale = text_px(height) / AXIS_PX
        for widget in (self, self.sentence, self.equation, self.numbers, self._frame, *self._symbols.values()):
            widget.set_stage_scale(scale)
        room = 0.95 * width
        ems = [formula(self.equation.key).box] if self.equation.key else []
        ems += [formula(self.numbers.key, live=True).box] if self.numbers.key else []
        size, rows, high = equation_size(ems, room, MOST_EQUATION * height, text_px(height))
        words = self.sentence.fitted(room, MOST_SENTENCE * height)[1], high
        self._shapes = [self._shape(name) for name in self._stage.pictures]
        set_stage_scale(self._scales, scale)
        self._bar_px = self._scales.sizeHint().width() if self._scaled() else 0
        plot = self._stage.plot
        boxes = placed(width, height, words, self._shapes, bool(plot), self._bar_px, plot in SQUARE)
        self._scales.setGeometry(_rect(boxes.scales))
        self.sentence.setGeometry(_rect(boxes.sentence))
        self._place_equation(boxes.equation, size / scale, rows)
        rects = dict(zip(self._stage.pictures, boxes.pictures, strict=True))
        if plot:
            rects[plot] = boxes.plot
        for name, box in rects.items():
            set_stage_scale(self._parts[name], scale)
            self._parts[name].setGeometry(_rect(box))
        for name, box in zip(self._stage.pictures, boxes.symbols, strict=True):
            self._symbols[name].set_text_px(1.2 * AXIS_PX)
            self._symbols[name].setGeometry(_rect(box).translated(0, -around()))  # a frame leaves it free
        self.black.setGeometry(self.rect())
        self._reveal()

    def _place_equation(self, box: Box, text: float, rows: int) -> None:
        """Put the equation into its box, and its numbers beside or below it."""
        views = [view for view in (self.equation, self.numbers) if view.key][: 1 if not rows else 2]
        for view in (self.equation, self.numbers):
            view.set_text_px(text)
        wide = [view.sizeHint().width() for view in views]
        gap = (box.width - sum(wide)) / (len(views) + 1) if rows == 1 else 0.0
        x, y = box.x + gap, box.y
        for view, own in zip(views, wide, strict=True):
            high = box.height if rows < 2 else view.sizeHint().height()
            view.setGeometry(_rect(Box(x, y, own, high) if rows == 1 else Box(box.x, y, box.width, high)))
            x, y = (x + own + gap, y) if rows == 1 else (x, y + high)
        self._numbered = self.numbers in views

    def _name_pictures(self) -> None:
        """Write the symbol of what each picture shows above it."""
        for name, view in self._symbols.items():
            symbol = SYMBOLS_OF.get(name, "")
            if name == "reverse" and not self._session.view.statistic:  # of members the badge says what it is
                symbol = SYMBOL_OF_MODE.get(self._session.view.reverse, "x0_hat")
            view.set_equation(f"{SYMBOL}{symbol}" if symbol else "")

    def _reveal(self) -> None:
        """Show the parts that are on the stage and not hidden, and the frame."""
        on = {*self._stage.pictures, self._stage.plot} - self._hidden
        for name in self._loans:
            self._parts[name].setVisible(name in on)
        for name, symbol in self._symbols.items():
            symbol.setVisible(name in on and name in self._stage.pictures)
        self._scales.setVisible(not on.isdisjoint(self._scaled()))
        self.sentence.setVisible("sentence" not in self._hidden)
        self.equation.setVisible(bool(self.equation.key) and "equation" not in self._hidden)
        self.numbers.setVisible(self._numbered and self._known and "equation" not in self._hidden)
        self._point()

    def _point(self) -> None:
        """Put the frame around the part that is lit."""
        words: dict[str, QWidget] = {"sentence": self.sentence, "equation": self.equation}
        part = words.get(self._lit) or (self._parts[self._lit] if self._lit in self._loans else None)
        self._frame.setVisible(part is not None)
        if part is not None:
            by = around()
            self._frame.setGeometry(part.geometry().adjusted(-by, -by, by, by) & self.rect())
            self._frame.raise_()
        self.black.raise_()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Hand on what no view has used."""
        self.keyed.emit(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Tell it: all views are given back."""
        self.closed.emit()
        super().closeEvent(event)

    def event(self, event: QEvent) -> bool:
        """Arrange everything anew when a picture has another shape: one of two is hidden, or members lie in a row."""
        if event.type() is QEvent.Type.LayoutRequest:
            shapes = [self._shape(name) for name in self._stage.pictures]
            bars = self._scales.sizeHint().width() if self._scaled() else 0
            if (self._shapes, self._bar_px) != (shapes, bars):
                self._arrange()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Arrange everything anew."""
        self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The ground."""
        QPainter(self).fillRect(self.rect(), theme.colour("bg"))


def around() -> int:
    """How far the frame lies around a part, in pixels."""
    return round(theme.stroke(6.0))


def _rect(box: Box) -> QRect:
    return QRect(*(round(side) for side in box))
