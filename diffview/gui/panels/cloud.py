"""The dock of the plane: 2,000 points that spread and return, by the exact score or by one that is learnt live."""

from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox

from diffview.errors import UserError
from diffview.forward.state import Forward
from diffview.gui.jobs.points import LEARN_S, CloudBackground, PointLearner
from diffview.gui.panels.base import WhenSeen, bind_look
from diffview.gui.session import Session
from diffview.gui.show import teach_words as teach
from diffview.gui.widgets.forms.segmented import SegmentedControl
from diffview.gui.widgets.plots.cloud_view import CloudView
from diffview.gui.widgets.plots.loss_plot import LossPlot
from diffview.gui.widgets.small.parts import Heading, ScrollPanel, add_choices, combo, line, named, push_button, words
from diffview.gui.widgets.small.text import set_tip
from diffview.models.mixture import Mixture
from diffview.models.shapes import SHAPES
from diffview.runs.view import DRAWN
from diffview.story import taught

LEAST_WIDTH = 270
POINTS = 2000
WAYS = (("spread", "spread", "Forward: noise is put in"), ("return", "return", "Reverse: the run of the recipe"))
SCORES = (
    ("exact", "exact", "The score of the shape's law, in closed form"),
    ("learnt", "learnt", "The score that a small network has learnt of these points"),
)
TEACH = (
    "The timeline moves them: play it, or press R for a run. Each point is a field of two numbers; schedule, grid, "
    "sampler, steps and seed are those in force."
)


class CloudPanel(ScrollPanel):
    """Made when its dock is first shown, and computes only while it is seen."""

    def __init__(self, session: Session, job: CloudBackground, learner: PointLearner) -> None:
        super().__init__("cloudPanel", LEAST_WIDTH)
        self._session, self._job, self._learner = session, job, learner
        self._law: tuple[object, Mixture] | None = None
        self._shape: object = None
        self._forward: Forward | None = None
        self._key: tuple[Any, ...] = (None,)
        self._way: tuple[object, Any] | None = None
        self._walked: object = None
        self._build()
        job.changed.connect(self.draw)
        learner.changed.connect(self._show_learning)
        session.shows(self.draw, "course", "start.path_mode", "view.playhead", *("view.cloud_way", "view.cloud_score"))
        session.shows(self._show_shape, "view.cloud", "view.cloud_lines")
        WhenSeen(self.draw, self.view)

    def _build(self) -> None:
        session = self._session
        self.shapes = combo("cloudShapeCombo", "The shape that the points have", "Where the points lie at t = 0", 8)
        add_choices(self.shapes, [*((key, key, "") for key in SHAPES), (DRAWN, "drawn by hand", "Draw it below")])
        self.shapes.activated.connect(lambda _: session.look(cloud=self.shapes.currentData()))
        self.way, self.score = SegmentedControl(WAYS, "cloudWayControl"), SegmentedControl(SCORES, "cloudScoreControl")
        bind_look(session, self.way, "cloud_way")
        bind_look(session, self.score, "cloud_score")
        self.trails = named(QCheckBox("trails"), "cloudTrailsCheck", "Trails behind the points")
        self.arrows = named(QCheckBox("score"), "cloudArrowsCheck", "Arrows of the score", "Where the score points")
        for check in (self.trails, self.arrows):
            check.setChecked(True)
            check.toggled.connect(self.draw)
        self.view = named(CloudView(taught.TOP), "cloudView")
        self.view.drawn.connect(lambda lines: session.look(cloud_lines=lines))
        self.anew = push_button("cloudAnewButton", "Draw anew", "Remove the drawing")
        self.anew.clicked.connect(lambda: session.look(cloud_lines=()))
        self.learn = push_button("cloudLearnButton", "Learn")
        self.learn.clicked.connect(self._press)
        self.says, self.learnt = words(name="cloudWords"), words(name="cloudLearnWords")
        self.loss = named(LossPlot(), "cloudLossView")
        self.column.addLayout(line(self.shapes, self.anew, wide=(self.shapes,)))
        self.column.addLayout(line(self.way, self.trails, self.arrows))
        self.column.addWidget(self.view)
        self.column.addWidget(self.says)
        self.column.addLayout(line(self.score, self.learn, wide=(self.learn,)))
        self.heading = Heading("Loss, |ε − ε̂|²")
        for widget in (self.learnt, self.heading, self.loss, words(TEACH)):
            self.column.addWidget(widget)
        self.column.addStretch(1)
        self._show_learning()

    def showEvent(self, event: QShowEvent) -> None:
        """What changed while it was not seen is drawn now."""
        super().showEvent(event)
        self.draw()

    # -- what there is

    def law(self) -> Mixture | None:
        """The law of the shape; None while nothing is drawn."""
        key = self._key_of_shape()
        if self._law is None or self._law[0] != key:
            try:
                self._law = key, taught.plane_law(*key)
            except UserError:
                return None
        return self._law[1]

    def _key_of_shape(self) -> tuple[str, Any]:
        view = self._session.view
        return view.cloud, view.cloud_lines if view.cloud == DRAWN else ()

    def points(self, law: Mixture) -> Forward:
        """The points on their way out: the process of the fields, on a list of them."""
        course, mode = self._session.recipe.course, self._session.recipe.start.path_mode
        now = self._forward
        key = law, course.schedule, course.seed, mode, course.noise
        if now is None or self._key != key:
            x_0 = now.x0 if now is not None and self._key[0] is law else _sample(law)
            like = now if now is not None and now.x0 is x_0 else None
            self._key = key
            self._forward = now = Forward(x_0, course.schedule, course.seed, mode, None, like, course.noise)
        return now

    def _show_shape(self) -> None:
        view = self._session.view
        self.shapes.setCurrentIndex(self.shapes.findData(view.cloud))
        self.anew.setVisible(view.cloud == DRAWN)
        self.view.set_drawing(view.cloud == DRAWN, view.cloud_lines)
        if (shape := self._key_of_shape()) != self._shape:  # what was learnt was learnt of another
            self._shape = shape
            self._learner.drop()
        self.draw()

    def _press(self) -> None:
        if self.works:
            self.rest()
        elif self.law() is not None:
            self._session.look(cloud_score="learnt", cloud_way="return")
            self.begin()

    @property
    def begun(self) -> bool:
        """Whether the points are being learnt, or were."""
        return self._learner.job is not None and not self._learner.job.dropped

    @property
    def works(self) -> bool:
        """Whether they are being learnt."""
        return self._learner.active

    def begin(self) -> None:
        """Learn them anew."""
        if (law := self.law()) is not None:
            self._learner.start(self.points(law).x0, self._session.recipe.course)

    def rest(self) -> None:
        """Learn no longer."""
        self._learner.stop()

    def perform(self) -> None:
        """Learn them for an audience."""
        self.begin()

    def put_aside(self) -> Callable[[], None]:
        """Show nothing that was learnt, with trails and arrows; gives what shows all again as it was."""
        checks, learnt = (self.trails, self.arrows), self._learner.put_aside()
        checked = [check.isChecked() for check in checks]
        for check in checks:
            check.setChecked(True)

        def bring_back() -> None:
            learnt()
            for check, on in zip(checks, checked, strict=True):
                check.setChecked(on)

        return bring_back

    # -- showing

    def draw(self) -> None:
        """Points, trails and arrows at the playhead."""
        if not (self.isVisible() or self.view.isVisible()):  # a stage may have borrowed the points
            return
        session, law = self._session, self.law()
        view, schedule = session.view, session.recipe.course.schedule
        if law is None:
            self.view.show_points(np.empty((0, 2)), None, None, "forward")
            self.says.setText("Draw lines with the mouse: their points are the data.")
            return
        forward, denoise = self.points(law), self._denoiser(law)
        back = self._returning(law) if view.cloud_way == "return" else None
        if back is not None and back.states:
            points, trails = taught.returned(back, schedule, view.playhead)
        else:
            points, trails = taught.spread(forward, view.playhead, self._ways(forward))
        shown = taught.arrows(denoise, schedule, view.playhead) if self.arrows.isChecked() and denoise else None
        token = "forward" if back is None else "reverse"
        self.view.show_points(points, trails if self.trails.isChecked() else None, shown, token)
        self.says.setText(teach.cloud_words(len(points), view, back))

    def _ways(self, forward: Forward) -> Any:
        if self._way is None or self._way[0] is not forward:
            self._way = forward, taught.forward_way(forward)
        return self._way[1]

    def _denoiser(self, law: Mixture) -> Any:
        """What the points return by; None before anything is learnt."""
        if self._session.view.cloud_score == "exact":
            return law
        job = self._learner.job
        return None if job is None or job.newest is None else job.newest.net

    def _returning(self, law: Mixture) -> Any:
        """The run of the points; begun anew where what it depends on is another."""
        if self._session.view.cloud_score == "learnt":
            return None if self._learner.job is None else self._learner.job.walked
        key = law, self._session.recipe.course
        if key != self._walked:
            self._walked = key
            self._job.show(law, self._session.recipe.course, POINTS)
        return self._job.job

    def _show_learning(self) -> None:
        job, active = self._learner.job, self._learner.active
        self.learn.setText("Stop" if active else "Learn")
        set_tip(self.learn, "Stop learning" if active else f"Train a small network on these points for {LEARN_S:.0f} s")
        there = job is not None and job.newest is not None
        for widget in (self.loss, self.heading):
            widget.setVisible(there)
        if job is not None and job.newest is not None:
            self.loss.set_curve(*job.newest.curve)
        else:
            self.loss.clear()
        self.learnt.setText(teach.learning_words(job, active))
        self.draw()


def _sample(law: Mixture) -> Any:
    return law.sample(POINTS).reshape(POINTS, 2).astype(np.float32)
