"""The power spectrum: power over scale, and the noise floor."""

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFontMetricsF, QPainter
from PySide6.QtWidgets import QWidget

from diffview.fields.numbers import two_figures
from diffview.forward.spectra import noise_floor_crossing
from diffview.gui.show.lines import Floats, finite, log10
from diffview.gui.theme import Palette
from diffview.gui.widgets.ink import dashed, ink, write
from diffview.gui.widgets.plots.field_curves import FieldCurves
from diffview.gui.widgets.plots.plot_axis import legend_rows, paint_legend, pen, plot_font
from diffview.gui.widgets.plots.plot_base import Overlay
from diffview.gui.widgets.small.text import set_tip


class Floor(Overlay):
    """The noise floor as a dashed line, and the scales below it."""

    plot: "SpectrumPlot"

    def __init__(self, plot: "SpectrumPlot") -> None:
        super().__init__(plot, z=10)
        self.level: float | None = None
        self.crossing: float | None = None
        self.text = ""

    def bounds(self) -> QRectF:
        """The plot."""
        return self.plot.plot_rect

    def draw(self, painter: QPainter, palette: Palette) -> None:
        """The scales below the floor greyed, the dashed floor, a dot where the spectrum crosses it, and the words."""
        if self.level is None or self.plot.message:
            return
        box = self.plot.plot_rect
        painter.setClipRect(box)
        end = self.plot.to_pixel(self.plot.x_axis.high, self.level)
        if self.crossing is not None:
            start = self.plot.to_pixel(self.crossing, self.level)
            below = QRectF(start.x(), box.top(), box.right() - start.x(), box.height())
            painter.fillRect(below, palette.colour("dim", 22))
        painter.setPen(dashed(pen(palette, "dim", 1.2), 4, 3))
        painter.drawLine(QPointF(box.left(), end.y()), end)
        if self.crossing is not None:
            ink(painter, pen(palette, "panel", 1.5), palette.colour("text"))
            painter.drawEllipse(start, 4, 4)
            self._draw_text(painter, palette, start)

    def words(self) -> str:
        """The text, only its last part, the scales, where all of it would be cut."""
        room = self.plot.plot_rect.width() - 8
        whole = QFontMetricsF(plot_font()).horizontalAdvance(self.text) + 2 <= room
        return self.text if whole else self.text.rpartition(": ")[2]

    def text_rect(self, at: QPointF) -> QRectF:
        """Right of the dot and above the floor, where no curve is; else left of it and below; under the legend."""
        box, metrics = self.plot.plot_rect, QFontMetricsF(plot_font())
        width, height = metrics.horizontalAdvance(self.words()) + 2, metrics.height()
        if at.x() + 8 + width <= box.right():
            rect = QRectF(at.x() + 8, at.y() - height - 6, width, height)
        else:
            rect = QRectF(max(at.x() - 8 - width, box.left() + 4), at.y() + 5, width, height)
        legend = len(legend_rows(self.plot.legend_items(), box.width() - 8)) * height + 4
        rect.moveTop(max(min(max(rect.top(), box.top() + legend), box.bottom() - height), box.top()))
        return rect

    def _draw_text(self, painter: QPainter, palette: Palette, at: QPointF) -> None:
        font, rect = plot_font(), self.text_rect(at)
        ink(painter, None, palette.colour("panel", 225))  # no curve goes through the words
        painter.drawRoundedRect(rect.adjusted(-3, -1, 3, 1), 4, 4)
        painter.setFont(font)
        write(painter, rect, self.words(), palette.colour("text"))


POWER = "power, std²"
POWER_TIP = "Mean squared amplitude of each scale in standardised units: noise of standard deviation s has s²"

TICKS_AND_LABEL, TICKS_ONLY, ROOM_FOR_LABEL = 38, 22, 130
"""Margins below the plot, and the height from which the axis has its label."""


class SpectrumPlot(FieldCurves):
    """P(k) of x_0, x_t and the reverse run on log axes; give curves and floor in the same units (x_t or y)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Power spectrum", (52, 6, 16, TICKS_AND_LABEL), "\u03b1x\u2080", parent=parent)
        self._k: Floats = np.empty(0)
        self._asked: list[Floats] = [np.empty(0), np.empty(0)]
        self._wave = 0.0
        self._floor = Floor(self)
        self.x_axis.log = self.y_axis.log = True
        self.y_axis.label = POWER
        set_tip(self, POWER_TIP)
        self.set_ranges(x=(0.0, 2.0), y=(-2.0, 3.0))

    def lay_out(self) -> None:
        """Leave the label of the axis out where the plot needs the room."""
        below = TICKS_AND_LABEL if self.height() >= self.px(ROOM_FOR_LABEL) else TICKS_ONLY
        self.margins = (*self.margins[:3], below)
        super().lay_out()

    def set_axis(self, k: Floats, wavelength_km: Floats | None = None) -> None:
        """Wavenumbers of the rings (k = 0 is left out), shown as they are or as wavelengths, long ones left."""
        asked = [np.asarray([np.nan] if part is None else part, dtype=float) for part in (k, wavelength_km)]
        if all(np.array_equal(new, old, equal_nan=True) for new, old in zip(asked, self._asked, strict=True)):
            return
        self._asked = asked
        self._k = np.asarray(k, dtype=float)
        self._wave = self.x_axis.span_scales(self._k, wavelength_km)
        self.lay_out()

    def set_range(self, low: float, high: float) -> None:
        """Fix the powers shown."""
        span = math.log10(low), math.log10(high)
        if span != (self.y_axis.low, self.y_axis.high):
            self.set_ranges(y=span)

    def set_curves(
        self,
        x0: Floats | None,
        xt: Floats | None,
        reverse: Floats | None = None,
        noise_floor: float | None = None,
        members: tuple[Floats, Floats] | None = None,
    ) -> None:
        """Power per ring of each curve, the level of the noise, and the two between which most members lie."""
        before = self.legend_items()
        self.put(x0, xt, reverse, place=self._placed)
        self.put_members(members, self._placed)
        self._place_floor(x0, noise_floor)
        if self.legend_items() != before:
            self.redraw()

    def _placed(self, power: Floats) -> tuple[Floats, Floats]:
        good = (self._k > 0) & np.isfinite(power)
        y = log10(np.maximum(power[good], 0.0))
        return np.log10(self._k[good]), finite(y, self.y_axis.low, self.y_axis.high)

    def _place_floor(self, x0: Floats | None, level: float | None) -> None:
        floor = self._floor
        there = level is not None and level > 0
        floor.level, floor.crossing = math.log10(level) if level and there else None, None
        self.reference = "noise floor" if there else ""
        if level and there and x0 is not None:
            good = (self._k > 0) & np.isfinite(x0)
            snr = np.log10(np.maximum(x0[good], np.finfo(float).tiny) / level)
            edge = float(noise_floor_crossing(snr[:, None], self._k[good])[0]) if good.any() else math.nan
            if math.isfinite(edge):
                floor.crossing = math.log10(edge)
                scales = f"< {two_figures(self._wave / edge)} km" if self._wave else f"k > {two_figures(edge)}"
                floor.text = f"below the noise floor: {scales}"
        floor.update()

    def paint_background(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        """The legend."""
        if not self.message:
            for index, row in enumerate(legend_rows(self.legend_items(), box.width() - 8)):
                top = box.top() + 2 + index * QFontMetricsF(plot_font()).height()
                paint_legend(painter, box.right() - 4, top, row, palette)
