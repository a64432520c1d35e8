"""A plot of a field, of the field with noise and of the reverse run: three curves and a dashed reference."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from diffview.gui.show.lines import Floats
from diffview.gui.widgets.plots.curve_band import CurveBand
from diffview.gui.widgets.plots.plot_base import PlotBase

MOST_MEMBERS = "members 5–95 %"
"""Name of the band."""


class FieldCurves(PlotBase):
    """Curves of x_0, x_t and the reverse run; those without values are not in the legend.

    Attributes:
        reference: name of what is drawn dashed, "" without it.
        members: the band in which most members of the reverse run lie.
    """

    def __init__(
        self, name: str, margins: tuple[int, int, int, int], source: str, fill: int = 0, parent: QWidget | None = None
    ) -> None:
        """Name and margins as in PlotBase; `source` is the name of x_0, `fill` the opacity of the area below x_t."""
        super().__init__(name, margins, parent)
        self.reference = ""
        noisy = self.add_curve("forward", 1.5, fill=fill)
        self._named = {
            source: ("text", self.add_curve("text", 1.0)), "x\u209c": ("forward", noisy),
            "reverse": ("reverse", self.add_curve("reverse", 1.5)),
        }  # fmt: skip
        self.members = CurveBand(self, "reverse")

    def legend_items(self) -> list[tuple[str, str]]:
        """Names of the curves, and the tokens of their colours."""
        items = [(name, token) for name, (token, curve) in self._named.items() if curve.filled]
        if self.members.filled:
            items.append((MOST_MEMBERS, "reverse"))
        return [*items, (self.reference, "dim")] if self.reference else items

    def name_reverse(self, name: str) -> None:
        """Call the curve of the reverse run by another name."""
        old = [*self._named][-1]
        if name != old:
            self._named[name] = self._named.pop(old)
            self.redraw()

    def put_members(self, band: tuple[Floats, Floats] | None, place: Callable[[Floats], tuple[Floats, Floats]]) -> None:
        """Draw the band between two curves where `place` puts them; None draws none."""
        self.members.set_curves(*((None, None) if band is None else map(place, band)))

    def put(self, *values: Floats | None, place: Callable[[Floats], tuple[Floats, Floats]]) -> None:
        """Draw values of x_0, x_t and the reverse run where `place` puts them, in view coordinates."""
        for (_, curve), own in zip(self._named.values(), values, strict=True):
            if own is not None:
                curve.setData(*place(own))
            elif curve.filled:
                curve.clear()
