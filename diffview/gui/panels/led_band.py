"""The band of noise levels in which a run is led by observations, on the axis of the timeline."""

import numpy as np

from diffview.gui.session import Session
from diffview.gui.show.timescale import TimeScale
from diffview.gui.widgets.plots.guidance_strip import FROM, GuidanceStrip
from diffview.gui.widgets.small.parts import named

MOST_STRENGTH = 100.0
"""The greatest strength of guidance that a recipe takes."""

TIP = "Where the run is led by the observations: drag the ends; up and down changes the strength"


class LedBand:
    """Shows `led_from`, `led_to` and `strength` in a strip, and turns drags in it into edits.

    Attributes:
        strip: hidden while nothing is observed.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.strip = named(GuidanceStrip(), "guidanceStrip", "Guidance by observations", TIP)
        self.strip.endMoved.connect(self._move)
        self.strip.strengthMoved.connect(self._strengthen)
        self.strip.dropped.connect(session.end_merge)
        session.shows(self._show, "operators", "course.schedule", "view.axis", "start.chain_length")

    def _move(self, end: str, share: float) -> None:
        """Drag an end; at the end of the axis it has none."""
        session, scale = self._session, TimeScale.of(self._session)
        limit = share >= 1 if end == FROM else share <= 0
        t = scale.t(scale.low + share * (scale.high - scale.low))
        s = 0.0 if limit else float(session.recipe.course.schedule.noise_level(t))
        session.edit(merge="led", **{end: s or None})

    def _strengthen(self, strength: float) -> None:
        self._session.edit(merge="led", strength=min(float(f"{strength:.3g}"), MOST_STRENGTH))

    def _show(self) -> None:
        asked = self._session.recipe.operators
        self.strip.setVisible(bool(asked.instruments))
        self.strip.show_band(self._share(asked.led_to, 0.0), self._share(asked.led_from, 1.0), asked.strength)

    def _share(self, s: float | None, otherwise: float) -> float:
        """Where a noise level lies on the axis, 0 to 1; `otherwise` where none is asked for."""
        if s is None:
            return otherwise
        scale, schedule = TimeScale.of(self._session), self._session.recipe.course.schedule
        x = float(scale.x(np.array(float(schedule.t_of(s)))))
        return min(max((x - scale.low) / (scale.high - scale.low), 0.0), 1.0)
