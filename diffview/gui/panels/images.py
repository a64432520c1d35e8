"""The two pictures of the process: FORWARD with x_t, REVERSE with the run or the one shot."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from diffview.fields.colormaps import COLORMAPS
from diffview.fields.numbers import number
from diffview.fields.transforms import Transform
from diffview.forward.state import Forward
from diffview.gui.jobs.judge import Judge
from diffview.gui.jobs.live import Live
from diffview.gui.panels.base import LARGEST_SHOWN, PictureCard, strided
from diffview.gui.session import Session, View
from diffview.gui.show.looks import Scale, coast, colormap, is_noise, made_scale, tile_at, tiled
from diffview.gui.show.reverse_modes import BADGES, BESIDE, KINDS, kind_of, mode_of, turned_to
from diffview.gui.widgets.forms.segmented import SegmentedControl
from diffview.gui.widgets.images.gap_layer import GapLayer
from diffview.gui.widgets.images.image_view import ImageView
from diffview.gui.widgets.images.zoom_view import link
from diffview.gui.widgets.small.parts import named, tool_button
from diffview.reverse.samplers import Step

Array = NDArray[np.float32]

NOISE_COLOURS = "vik"
"""Key of the colour map of noises."""

PATHS = (
    ("closed", "closed form", "Closed form: x_t = α x₀ + σ ε with one ε, any t in one jump"),
    ("chain", "chain", "Markov chain: independent noise step by step; at every t the same distribution"),
)


class ForwardPanel(PictureCard):
    """x_t of the region (or of the whole slice) at the playhead."""

    def __init__(self, session: Session) -> None:
        super().__init__("Forward xₜ", accent="forward")
        self.set_subtitle("noise put in")
        self._session = session
        self._whole: Forward | None = None
        self.view = named(ImageView(), "forwardView", "Forward: the region with noise added up to the playhead")
        self.mode = SegmentedControl(PATHS, "pathModeControl")
        tip = "Show the whole slice instead of the region"
        self.whole = tool_button("wholeSliceButton", "Whole slice", tip, text="whole", checkable=True)
        self.add_control(self.mode)
        self.add_control(self.whole)
        self.fill(self.view)
        self.mode.changed.connect(lambda key: session.edit(path_mode=key))
        self.whole.toggled.connect(lambda on: session.look(whole_slice=on))
        session.changed.connect(lambda old, new: self.recolour())
        session.viewed.connect(self.show_view)
        self.recolour()

    def recolour(self) -> None:
        """Take colours and limits, and draw."""
        self.view.set_colormap(colormap(self._session))
        self.view.set_levels(*self._session.view.limits)
        self.show_frame()

    def show_view(self, old: View, new: View) -> None:
        """Follow playhead, colours and the toggle."""
        if (old.colormap, old.limits) != (new.colormap, new.limits):
            self.recolour()
        elif (old.playhead, old.whole_slice, old.coast) != (new.playhead, new.whole_slice, new.coast):
            self.show_frame()

    def show_frame(self) -> None:
        """Draw x_t."""
        session = self._session
        self.mode.set_key(session.recipe.start.path_mode)
        self.whole.setChecked(session.view.whole_slice)
        frame = session.frame()
        x_t = self._whole_frame() if session.view.whole_slice else frame.x_t
        self.view.set_image(x_t)
        k = max(1, -(-max(session.plan.standardised.shape) // LARGEST_SHOWN))
        self.view.set_lines(
            coast(session, None, k) if session.view.whole_slice else coast(session, session.plan.region)
        )
        row = round(frame.t * session.recipe.start.chain_length)
        log_snr = -2 * np.log(frame.s) if frame.s > 0 else np.inf
        mixture = f"xₜ = {number(frame.alpha)} x₀ + {number(frame.sigma)} ε"
        self.caption.setText(f"t {row} · {mixture} · log-SNR {number(float(log_snr))} · s {number(frame.s)}")
        self.view.set_badge("noise" if is_noise(frame.s) else "", "forward")

    def values_at(self, row: int, column: int) -> tuple[float | None, float | None]:
        """x_0 and x_t of a pixel shown, standardised; None where it is missing or outside."""
        x_t = self.view.value_at(row, column)
        whole = self._whole if self._session.view.whole_slice else self._session.forward
        return (None, None) if x_t is None or whole is None else (float(whole.x0[row, column]), x_t)

    def numbers(self) -> NDArray[np.float64] | None:
        """The values shown, in physical units."""
        values = self.view.values
        return None if values is None else self._session.plan.transform.inverse(values)

    def _whole_frame(self) -> Array:
        session = self._session
        recipe = session.recipe
        x0 = session.facts.fits.of(strided, session.plan.transform)
        self._whole = Forward(x0, recipe.course.schedule, recipe.course.seed, recipe.start.path_mode, like=self._whole)
        return self._whole.at(session.view.playhead).x_t


class ReversePanel(PictureCard):
    """The run, step by step, or one shot of the model at the playhead."""

    def __init__(self, session: Session, live: Live, judge: Judge) -> None:
        super().__init__("Reverse", accent="reverse")
        self.set_subtitle("noise taken out")
        self._session, self._live, self._judge = session, live, judge
        self.view = named(ImageView(), "reverseView", "Reverse: the field the model makes out of noise")
        outline = GapLayer(self.view, "reverse", hatched=False)
        self.made = named(outline, "filledPixels", "Outline of the pixels that were filled")
        self.truth = named(ImageView(), "trueNoiseView", "The true noise in x_t")
        self.truth.set_badge("true ε", "forward")
        self.truth.hide()
        kinds = [(key, KINDS[key].label, KINDS[key].tip) for key in ("run", "shot")]
        self.kind = SegmentedControl(kinds, "reverseKindControl")
        self.mode = SegmentedControl(name="reverseModeControl")
        self._items: tuple[str, ...] = ()
        self._drawn: object = None
        self._coloured: Scale | None = None
        self.add_control(self.kind)
        self.add_control(self.mode)
        pair = QWidget()
        row = QHBoxLayout(pair)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.truth, 1)
        row.addWidget(self.view, 1)
        filled = ("run", "filled", "The run: the gap as the model fills it")
        others = [(key, mode.label, mode.tip) for key, mode in BESIDE.items()]
        self.beside = SegmentedControl([filled, *others], "besideControl")
        self.beside.setAccessibleName("The filled gap, kriging, or the truth")
        self.beside.setProperty("compact", True)
        self.beside.changed.connect(self._compare)
        self.fill(pair)
        self.content.insertWidget(0, self.beside, 0, Qt.AlignmentFlag.AlignHCenter)
        link(self.truth, self.view)
        self.view.clicked.connect(self._enlarge)
        self.kind.changed.connect(lambda kind: session.look(reverse=turned_to(kind, session.view.reverse)))
        self.mode.changed.connect(lambda key: session.look(reverse=key))
        live.stepped.connect(self.draw)
        live.shot_taken.connect(self.draw)
        live.run_changed.connect(self.draw)
        judge.judged.connect(self._show_judged)
        session.viewed.connect(self.show_view)
        session.changed.connect(lambda old, new: self.restyle())
        self.restyle()

    def _compare(self, key: str) -> None:
        self._session.look(reverse="x_t" if key == "run" else key)

    def _show_judged(self) -> None:
        """Show kriging and scores, or their absence."""
        self._drawn = None
        self.draw()

    def show_view(self, old: View, new: View) -> None:
        """Follow mode and colours."""
        if (old.reverse, old.colormap, old.limits) != (new.reverse, new.colormap, new.limits):
            self.restyle()
        elif (old.member, old.coast) != (new.member, new.coast):
            self._drawn = None
            self.draw()

    def _enlarge(self, row: int, column: int) -> None:
        """A click on a tile shows its member large; a click on a large one shows all again."""
        step, view = self._live.step, self._session.view
        if step is None or kind_of(view.reverse) != "run" or len(step.y) == 1:
            return
        member = tile_at(row, column, step.y[:, 0]) if view.member is None else None
        self._session.look(member=member)

    @property
    def aligned(self) -> bool:
        """Whether the picture has the pixels of the region, one to one."""
        picture = self.picture()
        return picture is None or picture.shape == self._session.plan.x0.shape

    def restyle(self) -> None:
        """Take mode, colours and limits, and draw."""
        view, kind = self._session.view, kind_of(self._session.view.reverse)
        gap = self._judge.gap is not None
        if kind == "beside" and not gap:
            self._session.look(reverse="x_t")
            return
        self.beside.setVisible(gap and kind != "shot")
        self.beside.set_key(view.reverse if kind == "beside" else "run")
        self.kind.set_key("shot" if kind == "shot" else "run")
        modes = KINDS[self.kind.key()].modes
        if tuple(modes) != self._items:
            self._items = tuple(modes)
            self.mode.set_items([(key, mode.label, mode.tip) for key, mode in modes.items()])
        if kind != "beside":
            self.mode.set_key(view.reverse)
        self._recolour()
        self.truth.setVisible(view.reverse == "shot_eps")
        self.draw()

    def _recolour(self) -> None:
        """Take the colours and limits of the picture."""
        scale = self.scale()
        if scale != self._coloured:
            self._coloured = scale
            for image in (self.view, self.truth):
                image.set_colormap(COLORMAPS[scale.colours])
                image.set_levels(*scale.limits)

    @property
    def is_of_the_field(self) -> bool:
        """Whether the picture lies on Earth: made from the field, and of the region on screen."""
        picture, run, plan = self.picture(), self._live.shown, self._session.plan
        if picture is None or picture.shape != plan.x0.shape:
            return False
        if kind_of(self._session.view.reverse) != "run":
            return True
        if run is None or run.plan.region != plan.region:
            return False
        return run.plan.recipe.start.origin == "field" or run.plan.filled is not None

    @property
    def shows_noise(self) -> bool:
        """Whether the picture is a noise and not a field."""
        return mode_of(self._session.view.reverse).diverging

    def picture(self) -> Array | None:
        """The picture on screen, [ny, nx] standardised; None if there is none."""
        source = self._source()
        return None if source is None else mode_of(self._session.view.reverse).picture(source, self._session)

    def _source(self) -> object:
        """The source of the picture: a step, a shot or a kriged gap; None if there is none."""
        of: dict[str, object] = {"run": self._live.step, "shot": self._live.shot, "beside": self._judge.kriged}
        return of[kind_of(self._session.view.reverse)]

    def filled(self) -> NDArray[np.bool_] | None:
        """The pixels of the picture that were filled in among known ones [ny, nx]; None if there are none."""
        view, run = self._session.view, self._live.shown
        kind, picture = kind_of(view.reverse), self.picture()
        gap = self._judge.gap if kind == "beside" else None if run is None or kind == "shot" else run.plan.filled
        if gap is None or picture is None or view.reverse == "beside_truth":
            return None
        if picture.shape == gap.shape:
            return gap
        step = self._live.step
        members = 0 if step is None else len(step.y)
        tiles = tiled(np.broadcast_to(gap.astype(np.float32), (members, *gap.shape))) if members > 1 else None
        return tiles == 1 if tiles is not None and tiles.shape == picture.shape else None

    def scale(self) -> Scale:
        """The scale of the picture."""
        session, key, run = self._session, self._session.view.reverse, self._live.shown
        mode = mode_of(key)
        plan = session.plan if run is None or kind_of(key) != "run" else run.plan
        scale = made_scale(session, plan)
        if mode.diverging:
            return Scale(mode.limits or session.view.limits, Transform("identity"), "std", NOISE_COLOURS)
        if key == "beside_std":
            one = Transform("anomaly", 0.0, plan.made_in.std) if plan.made_in.linear else Transform("identity")
            units = scale.units if plan.made_in.linear else "std"
            return replace(scale, limits=mode.limits or scale.limits, transform=one, units=units, floor=None)
        return scale

    def origin_at(self, row: int, column: int) -> str:
        """The origin of a pixel's value while a gap is filled; "" without a gap, or where it is obvious."""
        gap, key = self.made.marks(), self._session.view.reverse
        if gap is None or self.shows_noise or not (row < gap.shape[0] and column < gap.shape[1]):
            return ""
        if not gap[row, column]:
            return "" if key == "beside_std" else "told"
        return {"run": "filled, generated", "beside": "filled by kriging"}[kind_of(key)]

    def numbers(self) -> NDArray[np.floating] | None:
        """The values shown, in physical units where they are a field and not a noise."""
        values, run = self.picture(), self._live.shown
        if values is None or self.shows_noise:
            return values
        shown_run = run if kind_of(self._session.view.reverse) == "run" else None
        plan = self._session.plan if shown_run is None else shown_run.plan
        if self._session.view.reverse == "beside_std":
            return values * plan.made_in.std if plan.made_in.linear else values
        return plan.made_in.inverse(values)

    def draw(self) -> None:
        """Draw the picture and its readout."""
        view, live = self._session.view, self._live
        shown = (self._source(), view.reverse, view.member, self._session.recipe.course.schedule.form, live.shown)
        if shown != self._drawn:
            self._drawn = shown
            self._recolour()
            picture = self.picture()
            if picture is None:
                self.view.set_placeholder(self._why_empty())
            self.view.set_image(picture)
            self.made.set_marks(self.filled())
        self.view.set_lines(coast(self._session, self._session.plan.region) if self.is_of_the_field else None)
        {"run": self._caption_run, "shot": self._caption_shot, "beside": self._caption_beside}[kind_of(view.reverse)]()

    def _why_empty(self) -> str:
        if self._session.view.one_shot:
            return f"Nothing to denoise\n{self._why_no_shot()}"
        if self._session.view.beside:
            return f"No kriging\n{self._judge.fault}" if self._judge.fault else "Kriging is computed…"
        if self._live.step is None:
            if (refusal := self._session.plan.refusal) is not None:
                return f"Nothing can be sampled here\n{refusal.sentence}"
            return "Nothing sampled yet\nPress Run (R) to go from noise to a field"
        return "No estimate yet\nThe model is first called in step 1"

    def _why_no_shot(self) -> str:
        """Why there is no shot, as a sentence."""
        refusal = self._session.plan.refusal
        if refusal is None or self._session.view.playhead == 0:
            return "Move the playhead above t = 0."
        return str(refusal)

    def _members(self, step: Step) -> str:
        """Which members are shown, and how to see the others."""
        member, members = self._session.view.member, len(step.y)
        if members == 1:
            return ""
        return f" · {members} members, click one" if member is None else f" · member {min(member, members - 1) + 1}"

    def _caption_shot(self) -> None:
        shot = self._live.shot
        self.view.set_badge("")
        if shot is None:
            self.caption.setText(self._why_no_shot())
            return
        self.truth.set_image(np.ascontiguousarray(shot.eps))
        loss = shot.loss
        if loss is not None:
            self.caption.setText(f"mean |ε − ε̂|² = {loss:.3g} · s {number(shot.s)}")

    def _caption_beside(self) -> None:
        """Show which result of kriging is on screen, and its scores."""
        kriged, plan, key = self._judge.kriged, self._session.plan, self._session.view.reverse
        self.view.set_badge("" if kriged is None else BADGES[key], "reverse" if key != "beside_truth" else "forward")
        if kriged is None:
            self.caption.setText("")
        elif key == "beside_std":
            how = "exact" if kriged.exact else f"of {len(kriged.draws)} draws"
            units = "" if plan.made_in.linear else " of transformed values"
            self.caption.setText(f"standard deviation{units} · {how}")
        else:
            self.caption.setText(f"{self._judge.sentence} · {kriged.law}".strip(" ·"))

    def _caption_run(self) -> None:
        step, run = self._live.step, self._live.shown
        if step is None or run is None:
            self.caption.setText("")
            self.view.set_badge("")
            return
        row = round(float(self._live.times(run)[step.index]) * self._session.recipe.start.chain_length)
        where = f"t {row} · s {number(step.s)} · step {step.index}/{run.plan.steps}"
        rest = f"{self._members(step)} · {step.evaluations} evaluations"
        gap = self._judge.sentence if step.index == run.plan.steps and run is self._judge.run else ""
        # the end is cut first
        self.caption.setText(f"{gap} · {where}" if gap else f"{where}{rest}")
        started_here = run.plan.recipe.start.origin == "field"
        badge = "from the field" if started_here else "made by the model"
        if run.plan.filled is not None and run.plan.filled.any():
            badge = "outlined: made by the model"
        if run.plan.region != self._session.plan.region:
            badge = "earlier run, another region"
        elif is_noise(step.s) and self._session.view.reverse == "x_t":
            badge = "noise"
        self.view.set_badge(badge, "reverse")


def link_images(session: Session, forward: ForwardPanel, reverse: ReversePanel) -> None:
    """Zoom, pan and crosshair of FORWARD and REVERSE go together while both show the region."""
    link(forward.view, reverse.view)

    def point(row: int | None, column: int | None) -> None:
        for view in (forward.view, reverse.view, reverse.truth) if reverse.aligned else ():
            if not (view is forward.view and session.view.whole_slice):
                view.set_crosshair(row, column)

    for view in (forward.view, reverse.view):
        view.hovered.connect(point)
        view.left.connect(lambda: point(None, None))
