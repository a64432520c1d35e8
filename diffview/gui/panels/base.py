"""What panels share: controls that are bound to the session, cards of pictures, the offer of a network."""

import math
from collections.abc import Callable
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QComboBox, QPushButton, QSizePolicy, QSpinBox, QWidget

from diffview.fields.transforms import Transform
from diffview.gui.jobs.live import Live
from diffview.gui.session import Session
from diffview.gui.show.card_facts import title_of
from diffview.gui.show.model_words import offered
from diffview.gui.show.moment import reader
from diffview.gui.theme import theme
from diffview.gui.widgets.forms.segmented import SegmentedControl
from diffview.gui.widgets.images.image_view import ImageView
from diffview.gui.widgets.small.card import CardFrame, ElidedLabel
from diffview.gui.widgets.small.parts import show_key, show_value
from diffview.gui.widgets.small.text import set_tip
from diffview.runs.facts import Fits, standardised
from diffview.runs.recipe import GROUP_OF

Array = NDArray[np.float32]

LARGEST_SHOWN = 1024
"""Longest side of a whole slice on screen; larger ones are strided, and the card says so."""


COLOURS = ("view.colormap", "view.limits", "facts.field", "plan.transform")
"""What the colours of a picture depend on."""


FOLLOW_MS = 40
"""How often film, densities and forms follow a curve that is pulled: the hand waits for curve and pictures."""


class WhenSeen(QObject):
    """Calls something whenever one of these views is shown, wherever that is: a stage may have borrowed it."""

    def __init__(self, call: Callable[[], object], *views: QWidget) -> None:
        super().__init__(views[0])
        self._call = call
        for view in views:
            view.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Watch the views being shown."""
        if event.type() is QEvent.Type.Show:
            self._call()
        return False


TURN_MS = 12
"""Milliseconds between what follows a drag: all of it in one frame would hold up the hand, one after the other not."""


class Paced(QTimer):
    """Shows at once what changes now and then, and every `ms` milliseconds what changes with each frame of a drag.

    Several of them that follow the same drag take turns.
    """

    _last = -math.inf  # of all of them, when one was shown [s]

    def __init__(self, show: Callable[[], object], ms: int, parent: QObject) -> None:
        super().__init__(parent, singleShot=True)
        self._show, self._ms, self._waits = show, ms, False
        self.timeout.connect(self._go_on)

    def call(self) -> None:
        """Show it, unless it was shown a moment ago: then soon, once for all calls until then."""
        if self.isActive():
            self._waits = True
        else:
            Paced._last = perf_counter()
            self._show()
            self.start(self._ms)

    def _go_on(self) -> None:
        if not self._waits:
            return
        if (rest := TURN_MS - 1000 * (perf_counter() - Paced._last)) > 0:
            self.start(math.ceil(rest))
            return
        self._waits = False
        self.call()


def bind_spin(session: Session, spin: QSpinBox, value: str) -> None:
    """A spin edits a value of the recipe, all changes of one visit as one undo, and shows it."""
    name = f"{GROUP_OF[value]}.{value}"
    spin.valueChanged.connect(lambda number: session.edit(merge=value, **{value: number}))
    spin.editingFinished.connect(session.end_merge)
    session.shows(lambda: show_value(spin, min(reader(name)(session.now), spin.maximum())), name)


def bind_combo(session: Session, box: QComboBox, value: str, *listed: str, **also: object) -> None:
    """A list edits a value of the recipe, and with it `also`; it shows the value, also when `listed` lists it anew."""
    name = f"{GROUP_OF[value]}.{value}"
    box.activated.connect(lambda i: session.edit(**{value: box.itemData(i)}, **also))
    session.shows(lambda: show_key(box, reader(name)(session.now)), name, *listed)


def bind_look(session: Session, control: QAbstractButton | SegmentedControl, value: str) -> None:
    """A button that is checked, or one of several, changes a value of the view and shows it."""
    name = f"view.{value}"
    if isinstance(control, SegmentedControl):
        control.changed.connect(lambda key: session.look(**{value: key}))
        session.shows(lambda: control.set_key(reader(name)(session.now)), name)
    else:
        control.clicked.connect(lambda on: session.look(**{value: on}))
        session.shows(lambda: control.setChecked(reader(name)(session.now)), name)


def strided(fits: Fits, transform: Transform) -> Array:
    """The whole field through a transform, every k-th pixel of it where it is too large to follow a drag."""
    values = fits.of(standardised, transform)
    k = max(1, -(-max(values.shape) // LARGEST_SHOWN))
    return np.ascontiguousarray(values[::k, ::k])


NARROW_PX = 400
"""Width of a card below which its caption has two lines."""


class PictureCard(CardFrame):
    """A card with small controls beside its title, a picture, and a caption under it.

    Attributes:
        view: the picture.
        awaited: whether another field is being read, so that the picture is an old one.
    """

    view: ImageView
    awaited = False

    def __init__(
        self, title: str, accent: str | None = None, elide: Qt.TextElideMode = Qt.TextElideMode.ElideLeft
    ) -> None:
        super().__init__(title, accent=accent, elide=elide)
        self.content.setSpacing(4)
        self.caption = ElidedLabel()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow card has two lines for its caption, also where it needs one only: the picture stays as it is."""
        self.caption.set_lines(2 if event.size().width() < theme.px(NARROW_PX) else 1)

    def sizeHint(self) -> QSize:
        """All controls in one row; the longer words of a caption move nothing."""
        return QSize(self.header_width(), super().sizeHint().height())

    def set_awaited(self, on: bool) -> None:
        """Draw the picture faintly while another field is read."""
        self.awaited = on
        self.view.set_dimmed(on, "awaited")

    def fill(self, *widgets: QWidget) -> None:
        """Put the widgets and the caption under the header."""
        for widget in widgets:
            self.add(widget, 1)
        self.add(self.caption)


class NetworkOffer(QPushButton):
    """A button to draw with a network of the open quantity; visible only while there is one."""

    def __init__(self, session: Session, live: Live, name: str) -> None:
        super().__init__()
        self._session, self._live = session, live
        self.setObjectName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.clicked.connect(self._draw)
        session.shows(self._show_offer, "denoiser.model", "facts.torch", "facts.cards", "facts.field")

    def _show_offer(self) -> None:
        """Name the network, or hide the button."""
        found = offered(self._session)
        if self.parent() is not None or found is None:  # without a parent it would open a window
            self.setVisible(found is not None)
        if found is not None:
            card = found[1]
            self.setText(f"Draw with {card.name}")
            self.setAccessibleName(f"Draw with the network {card.name}")
            set_tip(self, f"A network for this quantity: {title_of(card)}")

    def _draw(self) -> None:
        found = offered(self._session)
        if found is not None and self._session.edit(model=found[0]):
            self._live.start()
