"""The dock of one step: what a step of the chain does to a field and a step of the run, picture by picture."""

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent

from diffview.fields.colormaps import COLORMAPS
from diffview.gui.jobs.live import Live
from diffview.gui.panels.base import COLOURS
from diffview.gui.session import Session
from diffview.gui.show.looks import field_scale, made_scale
from diffview.gui.show.one_step import ChainState, one_step
from diffview.gui.widgets.images.picture_steps import PictureSteps
from diffview.gui.widgets.plots.bell_plot import BellPlot
from diffview.gui.widgets.small.parts import Heading, ScrollPanel, words

LEAST_WIDTH = 260
FORWARD = (
    ("xₜ₋₁", "The state before the step"),
    ("+ √β ε", "The noise that the step puts in"),
    ("= xₜ", "The state after the step"),
)
REVERSE = (
    ("xₜ", "The state of the run"),
    ("→ x̂₀", "What the model takes the field to be"),
    ("→ μ", "The mean of the step back"),
    ("+ σ z = xₜ₋₁", "The state after the step back"),
)
TEACH = "The step at the playhead. Click a pixel to see its densities below."


class OneStepPanel(ScrollPanel):
    """Made when its dock is first shown, and computes only while it is seen."""

    def __init__(self, session: Session, live: Live) -> None:
        super().__init__("oneStepPanel", LEAST_WIDTH)
        self._session, self._live, self._chain = session, live, ChainState()
        self._pixel: tuple[int, int] | None = None
        self._build()
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.draw)
        live.stepped.connect(self._follow)
        live.run_changed.connect(self._follow)
        session.shows(self._follow, *COLOURS, "forward", "view.playhead", "view.member", "course", "start")

    def _build(self) -> None:
        self.on = PictureSteps("stepOnView", FORWARD)
        self.back = PictureSteps("stepBackView", REVERSE)
        self.said_on, self.said_back = words(name="stepOnWords", dim=False), words(name="stepBackWords", dim=False)
        self.densities = BellPlot("Densities of one pixel", "value of the pixel, standardised")
        self.densities.setObjectName("stepDensityView")
        self.where = words(name="stepPixelWords")
        for widget in (
            words(TEACH), Heading("Forward, one step"), self.on, self.said_on,
            Heading("Reverse, one step"), self.back, self.said_back,
            Heading("Where the pixel came from"), self.densities, self.where,
        ):  # fmt: skip
            self.column.addWidget(widget)
        self.column.addStretch(1)
        for pictures in (self.on, self.back):
            pictures.picked.connect(self._pick)

    def showEvent(self, event: QShowEvent) -> None:
        """What happened while it was not seen is drawn now."""
        super().showEvent(event)
        self._soon.start()

    def _follow(self) -> None:
        if self.isVisible():
            self._soon.start()

    def _pick(self, row: int, column: int) -> None:
        self._pixel = row, column
        self.draw()

    def draw(self) -> None:
        """Draw the step at the playhead."""
        session = self._session
        chain = self._chain.of(session)
        seen, scale = one_step(session, self._live, chain), field_scale(session)
        self.on.show_pictures(seen.forward_pictures(), scale.levels, COLORMAPS[scale.colours])
        self.said_on.setText(seen.words_on())
        if seen.back is None:
            self.back.show_nothing("")
        else:
            scale = made_scale(session, self._live.shown.plan if self._live.shown else session.plan)
            self.back.show_pictures(seen.reverse_pictures(), scale.levels, COLORMAPS[scale.colours])
        self.said_back.setText(seen.words_back())
        ny, nx = chain.x0.shape
        picked = self._pixel or (ny // 2, nx // 2)
        pixel = min(picked[0], ny - 1), min(picked[1], nx - 1)
        for pictures in (self.on, self.back):
            pictures.mark(pixel if self._pixel else None)
        lines, marks = seen.densities(pixel, chain)
        self.densities.show_message("" if lines else "No noise is drawn in this step: it is certain where it leads")
        self.densities.show_lines(lines, marks)
        self.where.setText(f"Row {pixel[0]}, column {pixel[1]} of the region. Lines mark where it did go.")
