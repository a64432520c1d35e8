"""The two pictures of the process: FORWARD with x_t, REVERSE with the run or the one shot."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from diffview.fields.colormaps import COLORMAPS
from diffview.fields.field import Region
from diffview.fields.numbers import number
from diffview.fields.tiles import GAP, tile_at
from diffview.forward.state import Forward
from diffview.gui.jobs.ensemble import Summaries
from diffview.gui.jobs.gap_scores import GapScores
from diffview.gui.jobs.live import Live
from diffview.gui.panels.base import COLOURS, LARGEST_SHOWN, PictureCard, bind_look, strided
from diffview.gui.panels.ensemble import EnsembleRow
from diffview.gui.session import Session
from diffview.gui.show.ensemble_picture import MEMBERS as ALL
from diffview.gui.show.ensemble_picture import choice_of
from diffview.gui.show.looks import coast, colormap, field_scale, field_share, is_noise
from diffview.gui.show.reverse_modes import BESIDE, KINDS, MOST_TILES, turned_to
from diffview.gui.show.reverse_picture import ReversePicture, coast_strength
from diffview.gui.widgets.forms.segmented import SegmentedControl
from diffview.gui.widgets.images.gap_layer import GapLayer
from diffview.gui.widgets.images.image_view import ImageView
from diffview.gui.widgets.images.name_layer import NameLayer
from diffview.gui.widgets.images.zoom_view import link
from diffview.gui.widgets.small.parts import named, tool_button
from diffview.runs.requests import Shot
from diffview.story.words import TERMS

Array = NDArray[np.float32]

OF_MEMBERS = ("view.member", "view.statistic", "view.threshold", "view.quantile", "view.pixels")
"""What of the view says how several members are shown."""

PATHS = (
    ("closed", "closed form", f"Closed form: x_t = α x₀ + σ ε: {TERMS['closed_form'].meaning}"),
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
        bind_look(session, self.whole, "whole_slice")
        session.shows(lambda: self.mode.set_key(session.recipe.start.path_mode), "start.path_mode")
        session.shows(self._show_colours, *COLOURS)
        session.shows(
            self.show_frame, "forward", "start.chain_length", "plan.standardised", "view.playhead", "view.whole_slice",
            "plan.region", "facts.field", "facts.earth", "view.coast",
        )  # fmt: skip

    def _show_colours(self) -> None:
        self.view.set_colormap(colormap(self._session))
        self.view.set_levels(*field_scale(self._session).levels)

    def _show_lines(self, strength: float) -> None:
        """Draw the coasts, which fade as the field does."""
        session = self._session
        k = max(1, -(-max(session.facts.field.values.shape) // LARGEST_SHOWN))
        whole = session.view.whole_slice
        self.view.set_lines(coast(session, None, k) if whole else coast(session, session.plan.region), strength)

    def show_frame(self) -> None:
        """Draw x_t."""
        session = self._session
        frame = session.frame()
        self.view.set_image(self._whole_frame() if session.view.whole_slice else frame.x_t)
        self._show_lines(field_share(frame.alpha, frame.s))
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
        course, mode = recipe.course, recipe.start.path_mode
        self._whole = Forward(x0, course.schedule, course.seed, mode, like=self._whole, noise=course.noise)
        return self._whole.at(session.view.playhead).x_t


class ReversePanel(PictureCard):
    """The run, step by step, or one shot of the model at the playhead.

    Attributes:
        picture: what is shown, and its words.
        pair: what is seen: the picture, and beside it the true noise where that is compared.
        made: the outline of the pixels that were filled.
        names: what pictures beside one another are.
        sums: the summaries of members.
    """

    def __init__(self, session: Session, live: Live, scores: GapScores, sums: Summaries) -> None:
        super().__init__("Reverse", accent="reverse")
        self.set_subtitle("noise taken out")
        self._session, self._live, self._scores, self.sums = session, live, scores, sums
        self.picture = ReversePicture(session, live, scores, sums)
        self._listed = ""
        self._drawn: object = None
        self._drawing = False
        self._build()
        link(self.truth, self.view)
        self.view.clicked.connect(self._pick)
        self.view.set_frame_limits(1, LARGEST_SHOWN)
        for dragged in (self.view.frameMoved, self.view.frameDropped):
            dragged.connect(self._pick_area)
        self.kind.changed.connect(lambda kind: session.look(reverse=turned_to(kind, session.view.reverse)))
        self.mode.changed.connect(lambda key: session.look(reverse=key))
        self.beside.changed.connect(lambda key: session.look(reverse="x_t" if key == "run" else key))
        for drawn_anew in (live.stepped, live.shot_taken, live.run_changed, sums.summed):
            drawn_anew.connect(self.draw)
        scores.scored.connect(self._show_scored)
        session.shows(self._show_modes, "view.reverse", "plan.filled", "plan.refusal")
        session.shows(
            self.draw, *COLOURS, "view.reverse", *OF_MEMBERS, "view.coast", "facts.earth", "course.schedule",
            "start.chain_length", "plan.region", "plan.x0", "plan.model", "plan.card", "plan.refusal",
        )  # fmt: skip

    def _build(self) -> None:
        self.view = named(ImageView(), "reverseView", "Reverse: the field the model makes out of noise")
        outline = GapLayer(self.view, "reverse", hatched=False)
        self.made = named(outline, "filledPixels", "Outline of the pixels that were filled")
        self.names = named(NameLayer(self.view), "tileNames", "What was given, made, their mean and the truth")
        self.truth = named(ImageView(), "trueNoiseView", "The true noise in x_t")
        self.truth.set_badge("true ε", "forward")
        self.truth.hide()
        kinds = [(key, KINDS[key].label, KINDS[key].tip) for key in ("run", "shot")]
        self.kind = SegmentedControl(kinds, "reverseKindControl")
        self.mode = SegmentedControl(name="reverseModeControl")
        self.mode.reserve(_items("run"), _items("shot"))
        self.add_control(self.kind)
        self.add_control(self.mode)
        self.pair = QWidget()
        row = QHBoxLayout(self.pair)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.truth, 1)
        row.addWidget(self.view, 1)
        filled = ("run", "filled", "The run: the gap as the model fills it")
        others = [(key, mode.label, mode.tip) for key, mode in BESIDE.items()]
        self.beside = SegmentedControl([filled, *others], "besideControl")
        self.beside.setAccessibleName("The filled gap, kriging, or the truth")
        self.beside.setProperty("compact", True)
        self.fill(self.pair)
        self.ensemble = EnsembleRow(self._session, self.picture)
        self.content.insertWidget(0, self.ensemble)
        self.content.insertWidget(0, self.beside, 0, Qt.AlignmentFlag.AlignHCenter)

    def _show_scored(self) -> None:
        """Show kriging and scores, or their absence."""
        self._drawn = None
        self.draw()

    def _pick(self, row: int, column: int) -> None:
        """A click on a tile shows its member large; elsewhere it picks a pixel, or lets go of the one picked."""
        step, view, picture = self._live.step, self._session.view, self.picture
        if step is None or picture.members < 2:
            return
        if choice_of(view) == ALL:
            self._session.look(member=tile_at(row, column, step.y[:MOST_TILES, 0]))
            return
        ny, nx = step.y.shape[-2:]
        if view.statistic == "row":  # the same pixel of any of its pictures
            row, column = row % (ny + GAP), column % (nx + GAP)
        place = Region(row, column, 1, 1) if row < ny and column < nx else None
        self._session.look(pixels=None if place == view.pixels else place)

    def _pick_area(self, frame: QRect) -> None:
        """A drag picks an area."""
        step = self._live.step
        if step is not None and self._picks:
            area = QRect(0, 0, step.y.shape[-1], step.y.shape[-2]) & frame
            place = Region(area.y(), area.x(), area.height(), area.width()) if not area.isEmpty() else None
            self._session.look(pixels=place)

    @property
    def _picks(self) -> bool:
        """Whether a place can be picked: one picture of several members is shown."""
        return self.picture.members > 1 and choice_of(self._session.view) != ALL

    def _show_place(self) -> None:
        """Frame the place that is picked, and let a drag pick another."""
        place = self._session.view.pixels if self._picks else None
        frame = None if place is None else QRect(place.column, place.row, place.nx, place.ny)
        self.view.set_frame(frame, "reverse", square=False)
        if self._picks != self._drawing:
            self._drawing = self._picks
            self.view.set_drawing(self._drawing)

    def _show_modes(self) -> None:
        """Offer the modes of the kind in force; comparisons only while a gap is filled."""
        key, kind = self._session.view.reverse, self.picture.kind
        gap = self._scores.gap is not None
        if kind == "beside" and not gap:
            self._session.look(reverse="x_t")
            return
        place = self.beside.sizePolicy()
        place.setRetainSizeWhenHidden(gap)  # one shot moves no picture under the pointer
        self.beside.setSizePolicy(place)
        self.beside.setVisible(gap and kind != "shot")
        self.beside.set_key(key if kind == "beside" else "run")
        self.kind.set_key("shot" if kind == "shot" else "run")
        if self.kind.key() != self._listed:
            self._listed = self.kind.key()
            self.mode.set_items(_items(self._listed))
        if kind != "beside":
            self.mode.set_key(key)
        self.truth.setVisible(key == "shot_eps")

    def origin_at(self, row: int, column: int) -> str:
        """The origin of a pixel's value while a gap is filled; "" without a gap, or where it is obvious."""
        gap = self.made.marks()
        if gap is None or self.picture.mode.diverging or not (row < gap.shape[0] and column < gap.shape[1]):
            return ""
        return self.picture.origin(bool(gap[row, column]))

    def numbers(self) -> NDArray[np.floating] | None:
        """The values shown, in physical units where they are a field and not a noise."""
        return self.picture.numbers()

    def draw(self) -> None:
        """Draw the picture and its readout."""
        view, picture, region = self._session.view, self.picture, self._session.plan.region
        source, scale = picture.source(), picture.scale()
        for image in (self.view, self.truth):
            image.set_colormap(COLORMAPS[scale.colours])
            image.set_levels(*scale.levels)
        looked_at = view.member, view.statistic, view.threshold, view.quantile, view.limits
        shown = source, view.reverse, looked_at, self._session.recipe.course.schedule.form, self._live.shown
        if shown != self._drawn:
            self._drawn = shown
            values = picture.values()
            if values is None:
                self.view.set_placeholder(picture.why_empty())
            self.view.set_image(values)
            self.names.set_names([] if picture.statistic is None else picture.statistic.names())
            self.made.set_marks(picture.filled())
            if isinstance(source, Shot):
                self.truth.set_image(np.ascontiguousarray(source.eps))
        self.view.set_lines(coast(self._session, region), coast_strength(picture, self._session, self._live.step))
        self.view.set_dimmed(bool(picture.departed))
        self.ensemble.show_choice()
        self._show_place()
        words = picture.words()
        self.caption.setText(words.caption)
        self.view.set_badge("earlier run, another field" if self.awaited and source else words.badge, words.token)

    def set_awaited(self, on: bool) -> None:
        """Draw the picture faintly while another field is read, and say so."""
        super().set_awaited(on)
        self.draw()


def _items(kind: str) -> list[tuple[str, str, str]]:
    """The modes of a kind, for a control."""
    return [(key, mode.label, mode.tip) for key, mode in KINDS[kind].modes.items()]


def link_images(session: Session, forward: ForwardPanel, reverse: ReversePanel) -> None:
    """Zoom, pan and crosshair of FORWARD and REVERSE go together while both show the region."""
    link(forward.view, reverse.view)

    def point(row: int | None, column: int | None) -> None:
        for view in (forward.view, reverse.view, reverse.truth) if reverse.picture.aligned else ():
            if not (view is forward.view and session.view.whole_slice):
                view.set_crosshair(row, column)

    for view in (forward.view, reverse.view):
        view.hovered.connect(point)
        view.left.connect(lambda: point(None, None))
