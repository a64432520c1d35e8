"""FIELD: the whole slice on Earth, the frame of the region, and one pixel along another dimension."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QRect, QRectF, Qt, Signal
from PySide6.QtWidgets import QWidget

from diffview.fields.field import Region
from diffview.fields.regions import LARGEST, SMALLEST
from diffview.gui.panels.base import COLOURS, LARGEST_SHOWN, PictureCard
from diffview.gui.panels.pixel_series import PixelSeriesBox
from diffview.gui.session import Session
from diffview.gui.show.looks import colormap, field_scale, quantity_name
from diffview.gui.widgets.images.image_view import ImageView
from diffview.gui.widgets.images.ruler import Ruler
from diffview.gui.widgets.images.strip_view import StripView
from diffview.gui.widgets.small.parts import grid_of, named, tool_button
from diffview.gui.widgets.small.text import set_tip

RULED = {"degrees": ("latitude", "longitude"), "km": ("km", "km"), "sweep": ("azimuth", "km")}
"""Quantities of the rulers down and across, by the units of a map."""

LONG = 4.0
"""Ratio of the sides from which a picture is shown part by part, with a strip that shows all of it."""


class FieldPanel(PictureCard):
    """The whole slice and the frame of the region.

    Signals:
        pixelChosen: (row, column) of the field that was clicked.
    """

    pixelChosen = Signal(int, int)

    def __init__(self, session: Session) -> None:
        super().__init__("Field x₀", elide=Qt.TextElideMode.ElideMiddle)
        self._session = session
        self._stride = 1
        self.view = named(ImageView(), "fieldView", "Field x0: the whole slice; drag the frame to move the region")
        self.view.installEventFilter(self)
        self.strip = named(StripView(), "stripView", "The whole picture as a strip")
        self.rulers = (
            named(Ruler(self.view, horizontal=False), "rowRuler"),
            named(Ruler(self.view, horizontal=True), "columnRuler"),
        )
        tip = "Draw a new region with the mouse (or drag with Shift held)"
        self.draw = tool_button("drawRegionButton", "Draw a new region", tip, icon="frame", checkable=True)
        self.crop = tool_button("cropButton", "Read the region alone", icon="crop", checkable=True)
        for button in (self.draw, self.crop):
            self.add_control(button)
        self.show_crop(None)
        self.fill(self._pictures())
        self.series = PixelSeriesBox(session)
        self.series.closed.connect(lambda: self.view.set_crosshair(None))
        self.add(self.series)
        self.draw.toggled.connect(self.view.set_drawing)
        self.view.frameMoved.connect(self._move)
        self.view.frameDropped.connect(self._drop)
        self.view.clicked.connect(lambda row, column: self.pixelChosen.emit(row * self._stride, column * self._stride))
        self.strip.moved.connect(self._slide)
        self.strip.released.connect(session.end_merge)
        session.shows(self._show_colours, *COLOURS)
        session.shows(self._show_picture, "plan.standardised")
        session.shows(self._show_rulers, "facts.field", "facts.earth")
        session.shows(self._show_coast, "facts.field", "facts.earth", "view.coast")
        session.shows(self._show_region, "facts.field", "facts.earth", "plan.region", "plan.card")

    @property
    def stride(self) -> int:
        """Pixels of the field from one pixel of the view to the next."""
        return self._stride

    def _pictures(self) -> QWidget:
        body = QWidget()
        self._grid = grid_of(body, 2, 2)
        self._grid.addWidget(self.strip, 1, 0)
        self._grid.addWidget(self.rulers[0], 1, 1)
        self._grid.addWidget(self.view, 1, 2)
        self._grid.addWidget(self.rulers[1], 2, 2)
        return body

    # -- the picture

    def _show_colours(self) -> None:
        self.view.set_colormap(colormap(self._session))
        self.view.set_levels(*field_scale(self._session).levels)
        if self.is_long:
            self.strip.set_image(self.view.image())

    def _show_picture(self) -> None:
        """Draw the field."""
        values, before = self._session.plan.standardised, self.view.image_size()
        self._stride = max(1, -(-max(values.shape) // LARGEST_SHOWN))
        self.view.set_image(np.ascontiguousarray(values[:: self._stride, :: self._stride]))
        self._show_strip(self.view.image_size() != before)

    def _show_region(self) -> None:
        """Draw the frame of the region, and say where it lies."""
        plan, field, k = self._session.plan, self._session.facts.field, self._stride
        region, (rows, columns) = plan.region, field.values.shape
        self.view.set_frame_limits(max(1, SMALLEST // k), LARGEST // k)
        frame = QRect(region.column // k, region.row // k, region.nx // k, region.ny // k)
        self.view.set_frame(frame, square=plan.card is not None)
        strided = f" · every {k}th pixel" if k > 1 else ""
        self.set_subtitle(quantity_name(field))
        size = f"{rows} × {columns}"
        self.caption.setText(f"region {region}{self._unplaced()}{strided} · of {size}")

    def _unplaced(self) -> str:
        """The unit of the rulers where the picture has no map."""
        if self._session.facts.earth is not None:
            return ""
        return " · in km" if self._session.facts.field.pixel_km else " · by index"

    def _show_rulers(self) -> None:
        """Rulers in degrees, in km or by index."""
        field, earth = self._session.facts.field, self._session.facts.earth
        for axis, ruler in enumerate(self.rulers):
            n = field.values.shape[axis]
            side = None if earth is None else (earth.y, earth.x)[axis]
            if side is not None and earth is not None and len(side) == n:
                kind = RULED[earth.units][axis]
                ruler.set_side(side, self._stride, kind)
            elif field.pixel_km is not None:
                ruler.set_side((np.arange(n) + 0.5) * field.pixel_km[axis], self._stride, "km")
            else:
                ruler.set_side(np.arange(n) + 0.0, self._stride, "index")

    def _show_coast(self) -> None:
        earth = self._session.facts.earth
        shown = earth is not None and self._session.view.coast
        self.view.set_lines(earth.coast / np.float32(self._stride) if shown and earth is not None else None)

    def numbers(self) -> NDArray[np.float64] | None:
        """The values shown, in physical units."""
        values = self.view.values
        return None if values is None else self._session.plan.transform.inverse(values)

    def _move(self, frame: QRect) -> None:
        rows, columns = self._session.facts.field.values.shape
        k = self._stride
        ny, nx = min(frame.height() * k, rows), min(frame.width() * k, columns)
        row, column = min(frame.y() * k, rows - ny), min(frame.x() * k, columns - nx)
        self._session.edit(merge="region", region=Region(max(0, row), max(0, column), ny, nx))

    def _drop(self, frame: QRect) -> None:
        self._move(frame)
        self._session.end_merge()
        self.draw.setChecked(False)

    def show_crop(self, picture: Any) -> None:
        """Offer to read the region alone, or all again; `picture` is that of the field, None without a file."""
        self.crop.setEnabled(picture is not None)
        self.crop.setChecked(picture is not None and picture.window is not None)
        if picture is None:
            set_tip(self.crop, "The packaged field is small: open a file to read a part of it")
        elif picture.window is not None:
            set_tip(self.crop, "Read the whole slice again")
        else:
            whole = "" if picture.block == 1 else f" (now every pixel is a mean of {picture.block} × {picture.block})"
            set_tip(self.crop, f"Read the region alone, at the resolution of the file{whole}")

    # -- long pictures

    @property
    def is_long(self) -> bool:
        """Whether the picture is shown part by part."""
        ny, nx = self.view.image_size()
        return min(ny, nx) > 0 and max(ny, nx) > LONG * min(ny, nx)

    def _show_strip(self, anew: bool) -> None:
        self.strip.setVisible(self.is_long)
        if not self.is_long:
            return
        self.strip.set_image(self.view.image())
        self._grid.removeWidget(self.strip)
        if self.strip.vertical():
            self._grid.addWidget(self.strip, 1, 0)
        else:
            self._grid.addWidget(self.strip, 0, 2)
        if anew:
            self._show_part()

    def _show_part(self) -> None:
        """Zoom to the region, with the whole width of the picture."""
        ny, nx = self.view.image_size()
        region, k = self._session.plan.region, self._stride
        tall = ny >= nx
        side = min(ny, nx) * max(1.0, (self.view.height() / max(1, self.view.width())) ** (1 if tall else -1))
        middle = (region.row + region.ny / 2) / k if tall else (region.column + region.nx / 2) / k
        first = middle - side / 2
        self.view.set_view_rect(QRectF(0, first, nx, side) if tall else QRectF(first, 0, side, ny))

    def _slide(self, share: float) -> None:
        """Move the region along the strip, and the view with it."""
        region = self._session.plan.region
        rows, columns = self._session.facts.field.values.shape
        row, column = region.row, region.column
        if self.strip.vertical():
            row = min(max(round(share * rows - region.ny / 2), 0), rows - region.ny)
        else:
            column = min(max(round(share * columns - region.nx / 2), 0), columns - region.nx)
        self._session.edit(merge="region", region=Region(row, column, region.ny, region.nx))
        self._show_part()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the band of the strip on the part that the view shows."""
        if event.type() is QEvent.Type.Paint and self.is_long:
            ny, nx = self.view.image_size()
            rect = self.view.seen_rect()
            if self.strip.vertical():
                self.strip.set_band(max(0.0, rect.top() / ny), min(1.0, rect.bottom() / ny))
            else:
                self.strip.set_band(max(0.0, rect.left() / nx), min(1.0, rect.right() / nx))
        return super().eventFilter(watched, event)

    # -- one pixel

    def show_index(self, picture: Any) -> None:
        """Mark in the series which slice is on screen; `picture` is that of the field, None without a file."""
        if picture is not None:
            for (dim, _), index in zip(picture.other_dims, picture.index, strict=True):
                self.series.show_index(dim, index)

    def show_series(self, pixel: Any) -> None:
        """Show a pixel along a dimension [diffview.gui.jobs.browser.PixelSeries], and mark it."""
        self.series.show_series(pixel)
        self.view.set_crosshair(pixel.row // self._stride, pixel.column // self._stride)
