"""The colour bars: one beside all pictures, and below it one of Reverse where that shows another quantity."""

from collections.abc import Iterable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from diffview.fields.colormaps import COLORMAPS
from diffview.gui.jobs.live import Live
from diffview.gui.panels.base import COLOURS
from diffview.gui.panels.images import ReversePanel
from diffview.gui.session import Session
from diffview.gui.show.looks import field_scale
from diffview.gui.widgets.images.colour_bar import ColourBar
from diffview.gui.widgets.small.parts import named
from diffview.gui.widgets.small.text import set_tip
from diffview.runs.colour_scale import Scale

NEVER = "No value of the field lies below {}: striped pixels are noise that is not yet taken out."

NONE = "Hatched pixels have no value: missing, masked or outside what was seen."


class Scales(QObject):
    """Keeps the bars in step with the pictures: one for Field and Forward, another for Reverse if it differs."""

    def __init__(self, session: Session, live: Live, reverse: ReversePanel, row: QHBoxLayout) -> None:
        """`row` has the pictures; the bars are added to it, one below the other: a second one moves no picture."""
        super().__init__(reverse)
        self._session, self._reverse = session, reverse
        self.bar = named(ColourBar(), "colourBar")
        self.made = named(ColourBar("reverse"), "reverseColourBar", "Colour scale of Reverse")
        self.made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        column = QVBoxLayout()
        for bar in (self.bar, self.made):
            column.addWidget(bar)
        row.addLayout(column)
        self._alone = self._absent = False
        self._shown: dict[ColourBar, Scale] = {}
        self._never: dict[ColourBar, str] = {}
        self.made.hide()
        live.stepped.connect(self.show)
        live.run_changed.connect(self.show)
        reverse.sums.summed.connect(self.show)
        session.shows(self.show, *COLOURS, "view.reverse", "view.statistic", "plan.card")

    def show(self) -> None:
        """Draw the bars that have changed."""
        own, made = field_scale(self._session), self._reverse.picture.scale()
        self._take(self.bar, own)
        self.bar.set_no_data_shown(bool(self._session.facts.table[-1, -1]))
        self._tell(self.bar)
        apart = made != own and not self._absent
        if apart:
            self._take(self.made, made)
        self.made.setVisible(apart)
        self.bar.setVisible(not (apart and self._alone))
        self.bar.set_accent("forward" if apart else "")

    def show_for(self, pictures: Iterable[str]) -> None:
        """Show the bars of these pictures alone: on a stage Reverse may have no other beside it, or not be there."""
        shown = {*pictures}
        self._alone, self._absent = shown == {"reverse"}, "reverse" not in shown
        self.show()

    def mark(self, value: float | None, reverse: float | None = None) -> None:
        """Mark standardised values of Field or Forward, and of Reverse; None marks nothing."""
        if self.made.isHidden():
            self.bar.set_marker(reverse if value is None else value)
        else:
            self.bar.set_marker(value)
            self.made.set_marker(reverse)

    def _take(self, bar: ColourBar, scale: Scale) -> None:
        if self._shown.get(bar) == scale:
            return
        self._shown[bar] = scale
        transform, floor = scale.transform, scale.floor
        bar.set_colormap(COLORMAPS[scale.colours])
        bar.set_scale(*scale.limits, lambda z: float(transform.inverse(z)), lambda x: float(transform(x)), scale.units)
        bar.set_striped(floor is not None)
        self._never[bar] = "" if floor is None else NEVER.format(f"{floor:g} {scale.units}".strip())
        self._tell(bar)

    def _tell(self, bar: ColourBar) -> None:
        told = self._never.get(bar, ""), NONE if bar.no_data_shown() else ""
        set_tip(bar, "\n".join(filter(None, told)))


class StageScales(QWidget):
    """The bars beside the pictures of a stage."""

    def __init__(self, session: Session, live: Live, reverse: ReversePanel) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self._scales = Scales(session, live, reverse, row)
        self._scales.made.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)

    def show_for(self, pictures: Iterable[str]) -> None:
        """Show the bars of these pictures."""
        self._scales.show_for(pictures)
