"""Diagnostics of x_t: its distribution, its spectrum with the noise floor, and the signal-to-noise ratio by scale."""

import math
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QBoxLayout, QWidget

from diffview.fields.colormaps import COLORMAPS
from diffview.fields.numbers import decimal
from diffview.forward.spectra import log10_snr, seen_power
from diffview.forward.state import EDGES, density, moments
from diffview.gui.jobs.ensemble import Summaries
from diffview.gui.jobs.live import Live
from diffview.gui.panels.place import PlaceView
from diffview.gui.session import Session
from diffview.gui.show.departures import why_apart
from diffview.gui.show.looks import state
from diffview.gui.show.reverse_picture import ReversePicture
from diffview.gui.show.timescale import TimeScale
from diffview.gui.theme import GRID, theme
from diffview.gui.widgets.plots.histogram_plot import HistogramPlot
from diffview.gui.widgets.plots.scale_time_view import ScaleTimeView
from diffview.gui.widgets.plots.spectrum_plot import SpectrumPlot
from diffview.gui.widgets.small.card import CardFrame
from diffview.gui.widgets.small.parts import named
from diffview.runs.summary import MemberBand
from diffview.story.words import TERMS

MAP_COLUMNS = 160
TOO_MUCH_MISSING = "No spectrum: more than 20 % of the region is missing"
TEACH = "scales below the noise floor are lost"
DECADES = 8.0
"""Powers shown below the largest one of x_0, in decades."""

TINY = 1e-30

COLUMN_PX = 200
"""Least width of the plots below each other."""


def _outward(power: float, rounded: Callable[[float], int]) -> float:
    """A power up or down to a half of a decade, so that slices of a variable mostly share their axis."""
    return float(10.0 ** (rounded(2 * math.log10(max(power, TINY))) / 2))


SHOWN_ALONE = ("view.member", "view.statistic", "view.pixels")
"""What of the view says which members are shown, and where."""

TITLE = "xₜ of this region"

EXPLAINED = ("x_t", "below_the_noise_floor", "snr_by_scale")
"""The words that the heads of the cards are explained by."""


def _beside(
    curve: np.ndarray | None, band: MemberBand | None, one: bool
) -> tuple[np.ndarray | None, tuple[np.ndarray, np.ndarray] | None]:
    """The curve of the run, that of the mean unless one member is shown, and the ends of the members' band."""
    if band is None:
        return curve, None
    return curve if one else band.mean, (band.low, band.high)


class DiagnosticsPanel(QWidget):
    """Three cards in a row, all on the region, all at the playhead."""

    def __init__(self, session: Session, live: Live, sums: Summaries, picture: ReversePicture) -> None:
        super().__init__()
        self._session, self._live, self._sums = session, live, sums
        self._x0: object = None
        self._reverse_of: object = None
        self._frame: object = None
        self._moments = ""
        self._density: np.ndarray = np.zeros(len(EDGES) - 1)
        self._power: np.ndarray | None = None
        self._reverse: np.ndarray | None = None
        self._reverse_power: np.ndarray | None = None
        self.histogram, self.spectrum = named(HistogramPlot(), "histogramView"), named(SpectrumPlot(), "spectrumView")
        self.scale_time = named(ScaleTimeView(), "scaleTimeView")
        self.histogram.set_reference(True)
        self.scale_time.set_colormap(COLORMAPS["vik"])
        self._cards = (CardFrame(TITLE), CardFrame("Spectrum"), CardFrame("SNR by scale"))
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setSpacing(GRID)
        self.place = PlaceView(session, sums, picture, self.histogram)
        plots: tuple[QWidget, ...] = (self.place, self.spectrum, self.scale_time)
        for card, plot, term in zip(self._cards, plots, EXPLAINED, strict=True):
            card.add(plot, 1)
            card.explain(TERMS[term].sentence)
            self._box.addWidget(card, 1)
        self.set_column(False)
        self._cards[0].keep_subtitle()
        self._cards[1].set_subtitle(TEACH)
        self._cards[2].set_subtitle("signal-to-noise ratio over time")
        self.scale_time.playheadMoved.connect(lambda x: session.look(playhead=TimeScale.of(session).t(x), follow=False))
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.show_frame)
        for drawn_anew in (live.stepped, live.run_changed, sums.summed):
            drawn_anew.connect(self._draw)
        theme.changed.connect(self._restyle)
        session.shows(self._show_field, "plan.x0", "facts.field")
        session.shows(self._show_map, "plan.x0", "facts.field", "course.schedule", "start.chain_length", "view.axis")
        session.shows(
            self._draw, "view.playhead", "view.reverse", *SHOWN_ALONE, "view.axis", "denoiser.model", "plan.region"
        )
        session.shows(self._soon.start, "forward", at_once=False)

    def set_column(self, on: bool) -> None:
        """Put the cards below each other, in a dock, or in a row."""
        self._box.setDirection(QBoxLayout.Direction.TopToBottom if on else QBoxLayout.Direction.LeftToRight)
        self._box.setContentsMargins(0, 0, GRID if on else 0, 4 if on else 0)
        self._column = on
        self._restyle()
        for card in self._cards:
            card.refit()

    def _restyle(self) -> None:
        """A column is wide enough for the words in its plots."""
        self.setMinimumWidth(theme.px(COLUMN_PX) if self._column else 0)

    def _show_field(self) -> None:
        """The axes of the field."""
        forward = self._session.forward
        self._x0 = forward.x0
        self._p0 = forward.spectrum_x0()
        self._d0 = density(forward.x0)
        self.histogram.set_top(float(self._d0.max()))
        if forward.rings is None or self._p0 is None:
            self.spectrum.show_message(TOO_MUCH_MISSING)
            return
        self.spectrum.show_message("")
        self.spectrum.set_axis(forward.rings.k, forward.rings.wavelength_km)
        top = _outward(max(float(self._p0.max()), 1.0) * 3, math.ceil)
        bottom = max(_outward(min(float(self._p0.min()), 1e-2) / 3, math.floor), top * 10**-DECADES)
        self.spectrum.set_range(bottom, top)

    def _show_map(self) -> None:
        session = self._session
        forward, scale = session.forward, TimeScale.of(session)
        self.scale_time.set_x_axis(scale.axis, scale.low, scale.high)
        if forward.rings is None or self._p0 is None:
            self.scale_time.show_message(TOO_MUCH_MISSING)
            return
        self.scale_time.show_message("")
        x = np.linspace(scale.low, scale.high, MAP_COLUMNS)
        s = np.clip(session.recipe.course.schedule.noise_level(scale.t(x)), 1e-6, 1e8)
        snr = log10_snr(np.maximum(self._p0, 1e-12), s)
        self.scale_time.set_map(
            snr, forward.rings.k, (scale.low, scale.high), session.recipe.start.chain_length,
            wavelength_km=forward.rings.wavelength_km,
        )  # fmt: skip

    def _take_step(self) -> None:
        """Histogram and spectrum of the reverse state, once per step."""
        step, forward, session = self._live.step, self._session.forward, self._session
        of = (step, session.recipe.course.schedule.form, forward.rings)
        shown = self._live.shown
        apart = "" if shown is None else why_apart(shown.plan, session.plan, session.facts.field)
        self._cards[1].set_subtitle(apart or TEACH)
        if step is None or apart or session.view.one_shot or step.y.shape[-2:] != forward.x0.shape:
            self._reverse = self._reverse_power = self._reverse_of = None
        elif of != self._reverse_of:
            self._reverse_of = of
            x_t = state(step, session)
            self._reverse = density(x_t)
            self._reverse_power = None if forward.rings is None else seen_power(x_t, forward.rings)

    def _draw(self) -> None:
        """Draw at the playhead; of a run that moves it, once a step and in the turn of the event loop after the images.

        One turn for all panes would delay the pointer too long while the processor is busy with a network. So it is
        with edits: of several in one turn, as in a drag, the last one is drawn.
        """
        if self._live.running:
            self._soon.start()
        else:
            self._soon.stop()
            self.show_frame()

    def show_frame(self) -> None:
        """Draw at the playhead."""
        session = self._session
        frame, forward = session.frame(), session.forward
        if forward.x0 is not self._x0:  # a signal of the run in the middle of a change: `_show_field` comes next
            return
        self._take_step()
        if frame is not self._frame:
            self._frame = frame
            self._density, self._power = density(frame.x_t), forward.spectrum(frame)
            mean, variance = moments(frame.x_t)
            self._moments = f"mean {decimal(mean, 2)}  variance {decimal(variance, 2)}"
        there = self.place.show_place()
        self._cards[0].set_title("Members" if there else TITLE)
        self._cards[0].set_subtitle(there or self._moments)
        values, powers = self._of_members()
        self.histogram.set_data(EDGES, self._density, self._d0, *_beside(self._reverse, values, self._one))
        if self._power is not None:
            curve, members = _beside(self._reverse_power, powers, self._one)
            self.spectrum.set_curves(self._scaled_p0(frame.alpha), self._power, curve, frame.sigma**2, members)
        for plot in (self.histogram, self.spectrum):
            plot.name_reverse("reverse" if values is None or self._one else "mean")
        self.scale_time.set_playhead(TimeScale.of(session).x(frame.t))

    @property
    def _one(self) -> bool:
        """Whether one of several members is shown and no statistic."""
        return self._session.view.member is not None and not self._session.view.statistic

    def _of_members(self) -> tuple[MemberBand | None, MemberBand | None]:
        """The bands of the members' densities and spectra; None of one, of a noise, and of another region."""
        summary = self._sums.summary
        if summary is None or self._reverse is None or self._session.view.reverse == "eps_hat":
            return None, None
        return summary.values, summary.spectrum

    def _scaled_p0(self, alpha: float) -> np.ndarray | None:
        """The spectrum of alpha x_0, the signal in x_t, which crosses the noise floor sigma^2 where SNR = 1."""
        return None if self._p0 is None or alpha == 0 else alpha**2 * self._p0
