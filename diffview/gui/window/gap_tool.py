"""The gap tool: rectangles dragged over FIELD and FORWARD are hidden from a run, or seen by an instrument."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QRect, Signal

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.fields.hidden import hidden_in, with_gap, without_gap
from diffview.gui.actions import Actions
from diffview.gui.session import Message, Session
from diffview.gui.show.drawing import Drawing
from diffview.gui.widgets.images.gap_layer import GapLayer
from diffview.gui.widgets.images.image_view import ImageView
from diffview.gui.widgets.small.parts import named, tool_button
from diffview.gui.widgets.small.text import set_tip
from diffview.scores.gap import filling

HOW = "Drag over Forward or Field to {}; Shift or the right button erases."


class GapTool(QObject):
    """Marks the hidden rectangles, and turns drags into edits while the tool is on.

    Signals:
        armed_changed: the tool was turned on or off.
    """

    armed_changed = Signal()

    def __init__(self, session: Session, actions: Actions, field: ImageView, forward: ImageView) -> None:
        super().__init__(session)
        self._session, self._actions = session, actions
        self._drawing: Drawing | None = None
        self.field, self.forward = (GapLayer(view, "forward", hatched=True) for view in (field, forward))
        for layer, view, name in ((self.field, field, "fieldGaps"), (self.forward, forward, "forwardGaps")):
            named(layer, name, f"Gaps over {view.accessibleName()}")
            layer.dragged.connect(partial(self._take, layer))
        tip = actions["gapAction"].toolTip()
        self.button = tool_button("gapButton", "Paint gaps", tip, icon="gap", checkable=True)
        self.button.clicked.connect(self.toggle)
        tip = "Clear gaps: hide nothing (Shift+G)"
        self.clear_button = tool_button("clearGapsButton", "Clear gaps", tip, icon="close")
        self.clear_button.clicked.connect(self.clear)
        session.shows(self.show_gaps, "guidance.hidden", "plan.region", "facts.field", "view.whole_slice")

    def handlers(self) -> dict[str, Callable[[], object]]:
        """The actions of the tool, by name."""
        action = self._actions["gapAction"]
        return {"gapAction": lambda: self.set_armed(action.isChecked()), "clearGapsAction": self.clear}

    @property
    def armed(self) -> bool:
        """Whether the tool is on."""
        return self.forward.armed()

    def set_armed(self, on: bool) -> None:
        """Turn the tool on or off."""
        if on == self.armed:
            return
        drawing = self._drawing = self._drawing if on else None
        for layer in (self.field, self.forward):
            layer.set_armed(on)
        self._actions["gapAction"].setChecked(on)
        self.button.setChecked(on)
        if on:
            how = "paint a gap" if drawing is None else f"draw {drawing.what}"
            self._session.tell(Message(HOW.format(how), "G or Esc ends it."))
        self.show_gaps()
        self.armed_changed.emit()

    def draw(self, drawing: Drawing) -> None:
        """Have what is dragged be something else than gaps, until the tool is turned off."""
        self.set_armed(False)
        self._drawing = drawing
        self.set_armed(True)

    def toggle(self) -> None:
        """Turn the tool on if it is off, else off."""
        self.set_armed(not self.armed)

    def clear(self) -> None:
        """Remove all gaps."""
        self._session.edit(hidden=())

    def _origin(self, layer: GapLayer) -> tuple[int, int, int]:
        """Row and column of the layer's first pixel in the slice, and its stride."""
        shape = self._session.facts.field.values.shape
        region = self._session.plan.region
        if layer is self.forward and not self._session.view.whole_slice:
            return region.row, region.column, 1
        shown = layer.parent()
        assert isinstance(shown, ImageView)
        longest = max(shown.image_size())
        return 0, 0, max(1, -(-max(shape) // longest)) if longest else 1

    def _take(self, layer: GapLayer, drag: QRect, erases: bool) -> None:
        """One drag is one edit; a gap that is painted is filled."""
        recipe, (row, column, k) = self._session.recipe, self._origin(layer)
        rows, columns = self._session.facts.field.values.shape
        top, left = row + drag.y() * k, column + drag.x() * k
        new = Region(top, left, min(drag.height() * k, rows - top), min(drag.width() * k, columns - left))
        change = without_gap if erases else with_gap
        if (drawing := self._drawing) is not None:
            try:
                drawing.take(change(drawing.parts(), new))
            except UserError as error:
                self._session.tell_error(error)
            self.show_gaps()
            return
        changes = {} if erases or self._session.plan.conditioning.fills else filling(recipe)
        self._session.edit_checked(lambda: {"hidden": change(recipe.guidance.hidden, new), **changes})

    def show_gaps(self) -> None:
        """Mark the hidden pixels in the pictures, or what is being drawn."""
        hidden = self._session.recipe.guidance.hidden
        marked = hidden if self._drawing is None else self._drawing.parts()
        for layer in (self.field, self.forward):
            layer.set_marks(self._mask(layer, marked) if marked else None)
        self.clear_button.setVisible(bool(hidden))
        self._actions["clearGapsAction"].setEnabled(bool(hidden))
        set_tip(self._actions["clearGapsAction"], "Hide nothing (Shift+G)" if hidden else "There is no painted gap")

    def _mask(self, layer: GapLayer, hidden: tuple[Region, ...]) -> NDArray[np.bool_]:
        row, column, k = self._origin(layer)
        region = self._session.plan.region
        if (row, column, k) == (region.row, region.column, 1) and layer is self.forward:
            return hidden_in(hidden, region)
        whole = Region(0, 0, *self._session.facts.field.values.shape)
        return hidden_in(hidden, whole, k)
