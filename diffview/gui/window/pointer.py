"""The pixel under the pointer: its values and position, in the status line and on the colour bar."""

from functools import partial

from PySide6.QtCore import QObject

from diffview.fields.numbers import position_text
from diffview.gui.panels.field import FieldPanel
from diffview.gui.panels.images import ForwardPanel, ReversePanel
from diffview.gui.panels.status import StatusPanel
from diffview.gui.session import Session
from diffview.gui.show.pixel_words import Pixel
from diffview.gui.widgets.images.image_view import ImageView
from diffview.gui.window.scales import Scales


class Pointer(QObject):
    """Follows the pointer over Field, Forward and Reverse."""

    def __init__(
        self,
        session: Session,
        field: FieldPanel,
        forward: ForwardPanel,
        reverse: ReversePanel,
        status: StatusPanel,
        scales: Scales,
    ) -> None:
        super().__init__(status)
        self._session, self._field, self._forward, self._reverse = session, field, forward, reverse
        self._status, self._scales = status, scales
        for view in (forward.view, reverse.view):
            view.hovered.connect(partial(self._hover, view))
        field.view.hovered.connect(self._hover_field)
        for view in (field.view, forward.view, reverse.view):
            view.left.connect(self._leave)

    def _hover(self, view: ImageView, row: int, column: int) -> None:
        """Show the values under the pointer; those of other panes only where these show the same pixels."""
        region_shown = not self._session.view.whole_slice and self._reverse.picture.aligned
        x0 = x_t = reverse = None
        if view is self._forward.view or region_shown:
            x0, x_t = self._forward.values_at(row, column)
        if view is self._reverse.view or region_shown:
            reverse = self._reverse.view.value_at(row, column)
        region = self._session.plan.region
        placed = view is self._forward.view or self._reverse.picture.is_of_the_field
        k = self._field.stride if self._session.view.whole_slice and view is self._forward.view else 0
        at = (row * k, column * k) if k else (row + region.row, column + region.column)
        made = None if self._reverse.picture.mode.diverging else self._reverse.picture.scale()
        where = self._where(*at) if placed else ""
        origin = self._reverse.origin_at(row, column)
        self._status.show_pixel(Pixel(row, column, x0, x_t, reverse, made, where, origin))
        self._scales.mark(x_t, reverse)

    def _hover_field(self, row: int, column: int) -> None:
        """Show value and position of a pixel of the whole slice."""
        k, x0 = self._field.stride, self._field.view.value_at(row, column)
        row, column = row * k, column * k
        self._status.show_pixel(Pixel(row, column, x0, where=self._where(row, column)))
        self._scales.mark(x0)

    def _where(self, row: int, column: int) -> str:
        """Latitude and longitude of a pixel of the field, "" where they are not known."""
        earth = self._session.facts.earth
        position = None if earth is None else earth.at(row + 0.5, column + 0.5)
        return "" if position is None else position_text(*position)

    def _leave(self) -> None:
        self._status.show_keys()
        self._scales.mark(None)
