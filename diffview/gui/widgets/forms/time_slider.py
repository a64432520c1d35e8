"""The slider over the steps of the chain."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QSlider, QWidget

from diffview.gui.theme import theme
from diffview.gui.widgets.ink import ink

_HANDLE_PX = 14
_GROOVE_PX = 4


class TimeSlider(QSlider):
    """0..T; a click goes there at once, arrows step by 1, Page by T/20; the groove can line up with a plot above."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._inset = (10.0, 10.0)
        self._grab = 0.0
        self._places: NDArray[np.float64] | None = None
        self.setRange(0, 1000)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Diffusion time")
        self.rangeChanged.connect(self._set_steps)
        theme.follow(self)
        self._set_steps()

    def set_inset(self, left: float, right: float) -> None:
        """Put 0 and T at these distances in pixels from the left and right edges."""
        if (left, right) != self._inset:
            self._inset = (float(left), float(right))
            self.update()

    def set_places(self, shares: NDArray[np.float64] | None) -> None:
        """Where on the groove the values lie, as shares of its length, rising; None: evenly."""
        if shares is not self._places and not (
            shares is not None and self._places is not None and np.array_equal(shares, self._places)
        ):
            self._places = shares
            self.update()

    def x_of(self, value: float) -> float:
        """The pixel of `value`."""
        left, right = self._inset
        share = (value - self.minimum()) / max(self.maximum() - self.minimum(), 1)
        if self._places is not None:
            share = float(np.interp(share, np.linspace(0, 1, len(self._places)), self._places))
        return left + share * (self.width() - left - right)

    def value_at(self, x: float) -> int:
        """The nearest value to `x`."""
        left, right = self._inset
        share = (x - left) / max(self.width() - left - right, 1.0)
        if self._places is not None:
            share = float(np.interp(share, self._places, np.linspace(0, 1, len(self._places))))
        return self.minimum() + round(min(max(share, 0.0), 1.0) * (self.maximum() - self.minimum()))

    def sizeHint(self) -> QSize:
        """Room for the handle and its ring."""
        return QSize(theme.px(200), theme.px(_HANDLE_PX + 8))

    def minimumSizeHint(self) -> QSize:
        """Room for the handle and its ring."""
        return QSize(theme.px(80), self.sizeHint().height())

    def _set_steps(self) -> None:
        self.setSingleStep(1)
        self.setPageStep(max(1, (self.maximum() - self.minimum()) // 20))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Move to the pointer at once; a press on the handle keeps it under the pointer."""
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        off = event.position().x() - self.x_of(self.value())
        self._grab = off if abs(off) <= theme.px(_HANDLE_PX) / 2 else 0.0
        self.setSliderDown(True)
        self.setSliderPosition(self.value_at(event.position().x() - self._grab))
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the pointer."""
        if self.isSliderDown():
            self.setSliderPosition(self.value_at(event.position().x() - self._grab))
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if self.isSliderDown():
            self.setSliderDown(False)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the keys to the window, which scrubs by them whatever has the focus."""
        event.ignore()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """A notch is one step, with Shift a page."""
        delta = event.angleDelta()
        notches = (delta.y() or delta.x()) / 120
        big = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        step = self.pageStep() if big else self.singleStep()
        self.setValue(self.value() + round(notches * step))
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw groove, the part up to the handle, and handle."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on = self.isEnabled()
        mid, thick = self.height() / 2, theme.px(_GROOVE_PX)
        start, end, at = self.x_of(self.minimum()), self.x_of(self.maximum()), self.x_of(self.sliderPosition())
        ink(painter, None, theme.colour("line"))
        painter.drawRoundedRect(QRectF(start - thick / 2, mid - thick / 2, end - start + thick, thick), 2, 2)
        painter.setBrush(theme.colour("forward" if on else "edge"))
        painter.drawRoundedRect(QRectF(start - thick / 2, mid - thick / 2, at - start + thick, thick), 2, 2)
        radius = theme.px(_HANDLE_PX) / 2
        if self.hasFocus():
            painter.setBrush(theme.colour("forward", 70))
            painter.drawEllipse(QPointF(at, mid), radius + theme.px(3), radius + theme.px(3))
        ink(
            painter,
            QPen(theme.colour("forward" if on else "edge"), 2.0),
            theme.colour("forward" if self.isSliderDown() else "panel"),
        )
        painter.drawEllipse(QPointF(at, mid), radius - 1, radius - 1)
