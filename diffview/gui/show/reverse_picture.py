"""The picture in REVERSE: of a step of the run, of one shot or of a kriged gap, with its scale and its words."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from diffview.fields.numbers import number
from diffview.fields.tiles import tiled
from diffview.fields.transforms import Transform
from diffview.gui.show.departures import departure
from diffview.gui.show.ensemble_picture import EnsemblePicture
from diffview.gui.show.looks import field_share, is_noise, made_scale
from diffview.gui.show.moment import InForce
from diffview.gui.show.reverse_modes import BADGES, MOST_TILES, Mode, kind_of, mode_of
from diffview.models.choice import mismatch
from diffview.reverse.samplers import Step
from diffview.runs.colour_scale import Scale
from diffview.runs.plan import Plan
from diffview.runs.requests import Run
from diffview.runs.statistics import Statistic
from diffview.runs.summary import Summary

Array = NDArray[np.float32]

CRPS = Statistic("crps")

NOISE_COLOURS = "vik"
"""Key of the colour map of noises."""


class RunOnScreen(Protocol):
    """What is read of the live run."""

    @property
    def step(self) -> Step | None:
        """The step on screen."""

    @property
    def shown(self) -> Any:
        """The run that it belongs to."""

    @property
    def shot(self) -> Any:
        """The newest shot."""

    def times(self, run: Any) -> Sequence[float] | NDArray[np.float64]:
        """The t of every level of a run."""


class GapOnScreen(Protocol):
    """What is read of the scores of a filled gap."""

    @property
    def gap(self) -> NDArray[np.bool_] | None:
        """The pixels that are filled."""

    @property
    def kriged(self) -> Any:
        """Their kriging."""

    @property
    def run(self) -> Any:
        """The run that was judged."""

    @property
    def fault(self) -> str:
        """Why there is no kriging."""

    @property
    def sentence(self) -> str:
        """The scores."""


class SumsOnScreen(Protocol):
    """What is read of the summaries of members."""

    @property
    def summary(self) -> Summary | None:
        """The newest."""


class Words(NamedTuple):
    """Caption and badge of a picture, with the colour of the badge."""

    caption: str = ""
    badge: str = ""
    token: str | None = None


class ReversePicture:
    """Reads what is in force, the run and the scores of a gap; holds nothing."""

    def __init__(
        self, session: InForce, live: RunOnScreen, scores: GapOnScreen, sums: SumsOnScreen | None = None
    ) -> None:
        self._session, self._live, self._scores, self._sums = session, live, scores, sums

    @property
    def kind(self) -> str:
        """The key in KINDS of what is shown."""
        return kind_of(self._session.view.reverse)

    @property
    def mode(self) -> Mode:
        """The mode."""
        return mode_of(self._session.view.reverse)

    @property
    def plan(self) -> Plan:
        """The plan that the picture was made with: that of the run or shot shown, else the one in force."""
        made = {"run": self._live.shown, "shot": self._live.shot, "beside": None}[self.kind]
        plan: Plan = self._session.plan if made is None else made.plan
        return plan

    @property
    def departed(self) -> str:
        """In what the picture differs from what is in force: "another model"; "" if in nothing that is seen."""
        return departure(self.plan, self._session.plan)

    @property
    def members(self) -> int:
        """How many members the run on screen has; 0 where none is."""
        step = self._live.step
        return 0 if step is None or self.kind != "run" else len(step.y)

    @property
    def statistic(self) -> EnsemblePicture | None:
        """The statistic of the members that is shown; None where they themselves are."""
        key, summary = self._session.view.statistic, None if self._sums is None else self._sums.summary
        if not key or self.kind != "run" or summary is None or self.members < 2:
            return None
        return EnsemblePicture(key, summary, self._session.view, self.scale_of_members(), self.plan)

    def source(self) -> object:
        """What it is made from: a summary, a step, a shot or a kriged gap; None if there is none."""
        if (statistic := self.statistic) is not None:
            return statistic.summary
        of: dict[str, object] = {"run": self._live.step, "shot": self._live.shot, "beside": self._scores.kriged}
        return of[self.kind]

    def values(self) -> Array | None:
        """The picture [ny, nx], standardised; None if there is none."""
        if (statistic := self.statistic) is not None:
            return statistic.values()
        source = self.source()
        return None if source is None else self.mode.picture(source, self._session)

    def numbers(self) -> NDArray[np.floating] | None:
        """The picture in physical units where it is a field and not a noise."""
        if (statistic := self.statistic) is not None:
            return statistic.physical()
        values, made_in = self.values(), self.plan.made_in
        if values is None or self.mode.diverging:
            return values
        if self._session.view.reverse == "beside_std":
            return values * made_in.std if made_in.linear else values
        return made_in.inverse(values)

    def scale(self) -> Scale:
        """The scale of the picture."""
        statistic = self.statistic
        return self.scale_of_members() if statistic is None else statistic.scale

    def scale_of_members(self) -> Scale:
        """The scale of what is shown where no statistic is."""
        mode, plan = self.mode, self.plan
        scale = made_scale(self._session, plan)
        if mode.diverging:
            return Scale(mode.limits or self._session.view.limits, Transform("identity"), "std", NOISE_COLOURS)
        if self._session.view.reverse == "beside_std":
            one = Transform("anomaly", 0.0, plan.made_in.std) if plan.made_in.linear else Transform("identity")
            units = scale.units if plan.made_in.linear else "std"
            return replace(scale, limits=mode.limits or scale.limits, transform=one, units=units, floor=None)
        return scale

    @property
    def aligned(self) -> bool:
        """Whether it has the pixels of the region, one to one."""
        picture = self.values()
        return picture is None or picture.shape == self._session.plan.x0.shape

    @property
    def is_of_the_field(self) -> bool:
        """Whether it lies on Earth: made from the field, and of the region on screen."""
        picture, run, plan = self.values(), self._live.shown, self._session.plan
        if picture is None or picture.shape != plan.x0.shape:
            return False
        if self.kind != "run":
            return True
        if run is None or run.plan.region != plan.region:
            return False
        return run.plan.recipe.start.origin == "field" or run.plan.filled is not None

    def filled(self) -> NDArray[np.bool_] | None:
        """The pixels that were filled in among known ones [ny, nx]; None if there are none."""
        run, picture = self._live.shown, self.values()
        if self.kind == "beside":
            gap = self._scores.gap
        else:
            gap = None if run is None or self.kind == "shot" else run.plan.filled
        if gap is None or picture is None or self._session.view.reverse == "beside_truth":
            return None
        if picture.shape == gap.shape:
            return gap
        members = min(self.members, MOST_TILES)
        tiles = tiled(np.broadcast_to(gap.astype(np.float32), (members, *gap.shape))) if members > 1 else None
        return tiles == 1 if tiles is not None and tiles.shape == picture.shape else None

    def origin(self, is_filled: bool) -> str:
        """The origin of a pixel's value while a gap is filled; "" where it is obvious."""
        if not is_filled:
            return "" if self._session.view.reverse == "beside_std" else "told"
        return {"run": "filled, generated", "beside": "filled by kriging"}[self.kind]

    # -- words

    def why_empty(self) -> str:
        """Why there is no picture: a title, and a line below it."""
        if self.kind == "shot":
            return f"Nothing to denoise\n{why_no_shot(self._session)}"
        if self.kind == "beside":
            return f"No kriging\n{self._scores.fault}" if self._scores.fault else "Kriging is computed…"
        if self._live.step is None:
            if (refusal := self._session.plan.refusal) is not None:
                return f"Nothing can be sampled here\n{refusal.sentence}"
            return "Nothing sampled yet\nPress Run (R) to go from noise to a field"
        return "No estimate yet\nThe model is first called in step 1"

    def words(self) -> Words:
        """Caption and badge."""
        if self.kind == "beside":
            return kriging_words(self._session, self._scores)
        return self._of_run() if self.kind == "run" else self._of_shot()

    def _of_shot(self) -> Words:
        shot = self._live.shot
        if shot is None:
            return Words(why_no_shot(self._session))
        if other := self.departed:
            return Words("", f"earlier, {other}", "reverse")
        return Words("" if shot.loss is None else f"mean |ε − ε̂|² = {shot.loss:.3g} · s {number(shot.s)}")

    def _of_run(self) -> Words:
        step, run = self._live.step, self._live.shown
        if step is None or run is None:
            return Words()
        row = round(float(self._live.times(run)[step.index]) * self._session.recipe.start.chain_length)
        where = f"t {row} · s {number(step.s)} · step {step.index}/{run.plan.steps}"
        gap = self._scores.sentence if step.index == run.plan.steps and run is self._scores.run else ""
        # the end is cut first
        one = self.statistic
        members = members_text(len(step.y), self._session.view.member) if one is None else one.caption()
        rest = f"{members}{counted_text(run, self.scale_of_members().units)} · {step.evaluations} evaluations"
        if run.recorded_by:
            by = f"made by {run.recorded_by}" if not run.plan.steps else f"recorded by {run.recorded_by}"
            badge = self.departed or ("" if one is None else one.words()) or by
            return Words(f"{where if run.plan.steps else by}{members}", badge, "reverse")
        badge = run_badge(self, self._session, step, run.plan)
        return Words(f"{gap} · {where}" if gap else f"{where}{rest}", badge, "reverse")


def why_no_shot(session: InForce) -> str:
    """Why the model cannot be called on the forward x_t, and what helps."""
    refusal = session.plan.refusal
    if refusal is None or session.view.playhead == 0:
        return "Move the playhead above t = 0."
    return str(refusal)


def run_badge(picture: ReversePicture, session: InForce, step: Step, plan: Plan) -> str:
    """What a step of a run is, in few words."""
    if other := picture.departed:
        return f"earlier run, {other}"
    if (statistic := picture.statistic) is not None:
        return statistic.words()
    if is_noise(step.s) and session.view.reverse == "x_t":
        return "noise"
    how_far = "made by the model" if step.index == plan.steps else f"step {step.index} of {plan.steps}"
    if plan.card is not None and plan.card.units_known and mismatch(plan.card, session.facts.field):
        return f"{how_far}: {plan.card.quantity.replace('_', ' ')}"
    if plan.filled is not None and plan.filled.any():
        return f"outlined: {how_far}"
    return "from the field" if plan.recipe.start.origin == "field" else how_far


def kriging_words(session: InForce, scores: GapOnScreen) -> Words:
    """Which result of kriging is on screen, and its scores."""
    kriged, plan, key = scores.kriged, session.plan, session.view.reverse
    if kriged is None:
        return Words()
    caption = f"{scores.sentence} · {kriged.law}".strip(" ·")
    if key == "beside_std":
        how = "exact" if kriged.exact else f"of {len(kriged.draws)} draws"
        caption = f"standard deviation{'' if plan.made_in.linear else ' of transformed values'} · {how}"
    return Words(caption, BADGES[key], "forward" if key == "beside_truth" else "reverse")


def coast_strength(picture: ReversePicture, session: InForce, step: Step | None) -> float:
    """How strongly the field's coasts show in a picture: alpha in x_t, 1 in an estimate, 0 in noise or off Earth."""
    if not picture.is_of_the_field or picture.mode.diverging:
        return 0.0
    if session.view.reverse != "x_t" or step is None:
        return 1.0
    return field_share(float(session.recipe.course.schedule.scale(step.s)), step.s)


def counted_text(run: Run, units: str) -> str:
    """How many members are counted, of which few are kept, and their CRPS; "" where all are kept."""
    if run.counted is None:
        return ""
    told = f" · {run.counted.count:,} counted, {run.kept.shape[0]} kept"
    if CRPS not in run.counted.asked:
        return told
    return f"{told} · CRPS {number(float(np.nanmean(run.counted.result(CRPS))))} {units}".rstrip()


def members_text(members: int, member: int | None) -> str:
    """Which members are shown, one or all of them, and how to see the others; "" of a single one."""
    if members == 1:
        return ""
    if member is not None:
        return f" · member {min(member, members - 1) + 1} of {members}"
    return f" · {members} members, click one" if members <= MOST_TILES else f" · {MOST_TILES} of {members} members"
