"""SNR by scale: the signal-to-noise ratio over scale and time as a map, with the line where it is 1."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFontMetricsF, QImage, QPainter
from PySide6.QtWidgets import QWidget

from diffview.forward.spectra import noise_floor_crossing
from diffview.gui.show.lines import Floats
from diffview.gui.show.ticks import PLAIN_DECADES
from diffview.gui.theme import LIGHT, MEDIUM, Palette, theme
from diffview.gui.widgets.images.raster import indexed_image
from diffview.gui.widgets.ink import ink, write
from diffview.gui.widgets.plots.plot_axis import AXIS_PX, pen, plot_font
from diffview.gui.widgets.plots.plot_base import Still
from diffview.gui.widgets.plots.time_plot import TimePlot

ROWS = 160
DECADES = 5.0
COLOURS = 256


def log_rows(values: Floats, k: Floats, rows: int = ROWS) -> Floats:
    """values [nk, nt] over rings k > 0, resampled to `rows` wavenumbers even in log k, the smallest first."""
    u = np.log(k)
    wanted = u[0] + (np.arange(rows) + 0.5) / rows * (u[-1] - u[0])
    right = np.clip(np.searchsorted(u, wanted), 1, len(u) - 1)
    share = ((wanted - u[right - 1]) / (u[right] - u[right - 1]))[:, None]
    return np.asarray(values[right - 1] * (1 - share) + values[right] * share)


class ScaleTimeView(TimePlot):
    """log10 SNR in a diverging colour map centred on 0, small scales on top; click or drag to scrub."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Signal-to-noise ratio over scale and time", (52, 8, 16, 22), tagged=False, parent=parent)
        self._table = np.repeat(np.arange(COLOURS, dtype=np.uint8)[:, None], 3, axis=1)
        self._rows: Floats | None = None
        self._image: QImage | None = None
        self._map = Still(self, self._paint_map)
        self._line: tuple[Floats, Floats] = (np.empty(0), np.empty(0))
        self._t_range = (0.0, 1.0)
        self.y_axis.log, self.y_axis.plain = True, PLAIN_DECADES
        self.x_axis.grid = self.y_axis.grid = False
        self.set_ranges(y=(0.0, 2.0))

    def set_colormap(self, table: np.ndarray) -> None:
        """Take a diverging table of 256 colours [256, 3 or 4], 0..255 or 0..1; its middle is SNR = 1."""
        colours = np.asarray(table)[:, :3]
        scale = 255.0 if np.issubdtype(colours.dtype, np.floating) else 1.0
        self._table = np.round(colours * scale).astype(np.uint8)
        self._render()

    def set_map(
        self, log10_snr: Floats, k: Floats, t_range: tuple[float, float] = (0.0, 1.0), chain_length: int | None = None,
        *, wavelength_km: Floats | None = None,
    ) -> None:  # fmt: skip
        """log10 SNR [n_k, n_t] over rings k (k = 0 is left out) and n_t even times of t_range."""
        k = np.asarray(k, dtype=float)
        values = np.asarray(log10_snr, dtype=float)[k > 0]
        rings = k[k > 0]
        self._rows = log_rows(values, rings)
        line = np.where((values >= 0).any(axis=0), noise_floor_crossing(values, rings), np.nan)
        self._line = (np.linspace(*t_range, values.shape[1]), line)
        self._t_range = t_range
        if chain_length is not None:
            self.set_chain_length(chain_length)
        before = self.y_axis.span
        self.y_axis.span_scales(k, wavelength_km)
        self._render()
        if self.y_axis.span != before:
            self.lay_out()

    def _render(self) -> None:
        if self._rows is None:
            return
        share = np.nan_to_num(self._rows, nan=0.0) / (2 * DECADES) + 0.5
        levels = np.clip(share * COLOURS, 0, COLOURS - 1).astype(np.uint8)[::-1]
        self._image = indexed_image(levels, self._table)
        self._map.refresh()

    def _paint_map(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        """The map, the line of SNR = 1, and words on either side of it."""
        if self._image is None:
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
        corners = self.to_pixel(self._t_range[0], 0).x(), self.to_pixel(self._t_range[1], 0).x()
        target = QRectF(corners[0], box.top(), corners[1] - corners[0], box.height())
        source = QRectF(0.5, 0, self._image.width() - 1, self._image.height())  # the end columns are AT the ends
        painter.drawImage(target, self._image, source)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        path = self.pixel_path(self._line[0], np.log10(self._line[1]))
        for width, token, alpha in ((3.5, "panel", 110), (1.5, "text", 255)):  # the map is pale there in either theme
            painter.setPen(pen(LIGHT, token, width, alpha))
            painter.drawPath(path)
        self._paint_words(painter, box, palette)

    def _paint_words(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        font = plot_font(AXIS_PX, MEDIUM)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        for text, corner in (("signal", box.bottomLeft()), ("noise", box.topRight())):
            width = metrics.horizontalAdvance(text) + 12
            height = theme.px(17)
            left = corner.x() + 6 if text == "signal" else corner.x() - width - 6
            top = corner.y() - height - 6 if text == "signal" else corner.y() + 6
            rect = QRectF(QPointF(left, top), QPointF(left + width, top + height))
            ink(painter, None, palette.colour("panel", 190))
            painter.drawRoundedRect(rect, 4, 4)
            write(painter, rect, text, palette.colour("text"))
