"""The dock of fields that are made together: channels beside the field and times that follow it, each in its units."""

from PySide6.QtWidgets import QLabel, QLineEdit

from diffview.errors import UserError
from diffview.fields.colormaps import COLORMAPS
from diffview.fields.units import squared
from diffview.gui.jobs.together import TogetherRunner
from diffview.gui.session import Session
from diffview.gui.show.month_pictures import day_at, pixel_of
from diffview.gui.show.together_pictures import (
    KEYS,
    ChannelFrames,
    channel_frames,
    frame_series,
    frame_sheets,
    frame_spectrum,
    together_said,
)
from diffview.gui.widgets.images.sheet_view import SheetView
from diffview.gui.widgets.plots.score_plots import LinesPlot
from diffview.gui.widgets.small.parts import (
    Heading,
    ScrollPanel,
    add_choices,
    combo,
    line,
    named,
    primary,
    progress_bar,
    push_button,
    say,
    show_value,
    whole,
    words,
)
from diffview.gui.widgets.small.text import plain, set_tip
from diffview.learning.beside_made import MadeTogether
from diffview.runs.frames_asked import MOST_FRAMES

LEAST_WIDTH = 270
TEACH = (
    "Several fields in one run: name other variables of the file, or how many times are to follow each other, and what "
    "is made goes together. A channel that is known is given as the file has it. Start, steps, sampler, members and "
    "seed are those of the run; the formula is gaussian, local or data."
)


class TogetherPanel(ScrollPanel):
    """Made when its dock is first shown."""

    def __init__(self, session: Session, runner: TogetherRunner) -> None:
        super().__init__("togetherPanel", LEAST_WIDTH)
        self._session, self._runner = session, runner
        self._drawn: MadeTogether | None = None
        self._frames: list[ChannelFrames] = []
        self._pixel: tuple[int, int] | None = None
        self._build()
        runner.changed.connect(self._show_job)
        session.shows(self._show_asked, "frames")
        session.shows(self._show_job, "source", "frames", "denoiser.model")

    def _build(self) -> None:
        self.teach, self.says = words(TEACH), words(name="togetherSays")
        self.names = named(QLineEdit(), "togetherChannels", "Channels", "Other variables of the file, commas between")
        self.known = named(QLineEdit(), "togetherKnown", "Known channels", "Those of the channels that are given")
        self.names.setPlaceholderText("other variables")
        self.known.setPlaceholderText("none")
        self.times = whole("togetherTimes", "Times", "Times that follow each other", 1, MOST_FRAMES, 60)
        self.button = primary(push_button("togetherButton", "Make together"))
        for field in (self.names, self.known):
            field.editingFinished.connect(self._edit)
        self.times.valueChanged.connect(self._edit)
        self.button.clicked.connect(lambda: self._runner.stop() if self._runner.active else self._runner.start())
        self.bar = progress_bar("Share of the run that is done")
        self.column.addWidget(self.teach)
        self.column.addLayout(line(plain(QLabel("Channels")), self.names, wide=(self.names,)))
        self.column.addLayout(line(plain(QLabel("Known")), self.known, wide=(self.known,)))
        self.column.addLayout(line(plain(QLabel("Times")), self.times, self.button))
        self.column.addWidget(self.bar)
        self.column.addWidget(self.says)
        self._build_views()
        self.column.addStretch(1)

    def _build_views(self) -> None:
        """A channel is chosen, and seen in its units."""
        self.channel = combo("togetherChannel", "Channel", "The channel that is shown", 10)
        self.channel.activated.connect(lambda _: self._show_channel())
        self.column.addLayout(line(self.channel))
        self.headings, self.views = {}, {}
        for key in KEYS:
            self.headings[key] = Heading("")
            self.views[key] = named(SheetView(), f"together{key.capitalize()}View", "A picture of every time")
            self.column.addWidget(self.headings[key])
            self.column.addWidget(self.views[key])
            self.views[key].pointed.connect(lambda row, column, key=key: self._point(key, row, column))
            self.views[key].picked.connect(lambda row, column, key=key: self._pick(key, row, column))
        self.plots = {
            "togetherPixelView": LinesPlot("A pixel, time by time", y_log=False),
            "togetherSpectrumView": LinesPlot("Power of the changes in time", x_log=True),
        }
        self.titles = {name: Heading(plot.accessibleName()) for name, plot in self.plots.items()}
        for name, plot in self.plots.items():
            self.column.addWidget(self.titles[name])
            self.column.addWidget(named(plot, name))
        self.plots["togetherPixelView"].x_axis.integers = True

    # -- what is asked

    def _edit(self) -> None:
        """What is typed becomes the recipe's."""
        asked = {"channels": _names(self.names.text()), "known": _names(self.known.text())}
        try:
            self._session.edit(sequence=self.times.value(), **asked)
        except UserError as error:
            self._session.tell_error(error)

    def _show_asked(self) -> None:
        asked = self._session.recipe.frames
        for field, values in ((self.names, asked.channels), (self.known, asked.known)):
            if _names(field.text()) != values:
                field.setText(", ".join(values))
        show_value(self.times, asked.sequence)

    # -- what is shown

    def _show_job(self) -> None:
        job, active = self._runner.job, self._runner.active
        why = "" if active else self._runner.why_not()
        self.button.setText("Stop" if active else "Make together")
        self.button.setEnabled(not why)
        set_tip(self.button, why or ("Stop" if active else "Read all times of the variables, fit the law, make them"))
        self.bar.setVisible(active)
        if job is not None:
            self.bar.setValue(round(100 * job.done))
        made = self._runner.made
        failed = str(job.error) if job is not None and isinstance(job.error, UserError) and not active else ""
        say(self.says, together_said(made, self._pixel) if made is not None else failed or why)
        self.teach.setVisible(made is None)
        if made is not self._drawn or made is None:
            self._drawn, self._pixel = made, None
            self._frames = [] if made is None else channel_frames(made)
            self.channel.clear()
            add_choices(self.channel, [(i, one.name, f"{one.name} in {one.units or '1'}")
                                       for i, one in enumerate(self._frames)])  # fmt: skip
            self.channel.setVisible(len(self._frames) > 1)
            self._show_channel()

    def _shown(self) -> ChannelFrames | None:
        return self._frames[max(0, self.channel.currentIndex())] if self._frames else None

    def _show_channel(self) -> None:
        """The sheets and plots of the channel that is chosen; nothing where nothing was made."""
        of = self._shown()
        found = {} if of is None else frame_sheets(of)
        for key, view in self.views.items():
            there = key in found
            self.headings[key].setVisible(there)
            view.setVisible(there)
            if there:
                self.headings[key].setText(found[key].title)
                view.show_values(found[key].values, found[key].limits, COLORMAPS[found[key].colours])
        several = of is not None and of.members.shape[1] > 2
        for name, plot in self.plots.items():
            plot.setVisible(several)
            self.titles[name].setVisible(several)
        if of is not None and several:
            self._show_pixel(of)
            power = f"power, {squared(of.units)}" if of.units else "power"
            self.plots["togetherSpectrumView"].show_lines(frame_spectrum(of), "cycles in all times", power)

    def _show_pixel(self, of: ChannelFrames) -> None:
        lines, band = frame_series(of, self._pixel)
        label = f"less its mean, {of.units}" if of.units else "less its mean"
        self.plots["togetherPixelView"].show_lines(lines, "time", label, band=band)
        if self._drawn is not None:
            say(self.says, together_said(self._drawn, self._pixel))

    def _pick(self, key: str, row: int, column: int) -> None:
        """Show the pixel that was clicked on; a click between the pictures changes nothing."""
        of = self._shown()
        if of is not None and key != "time" and (pixel := pixel_of(row, column, of.members[0])) is not None:
            self._pixel = pixel
            self._show_pixel(of)

    def _point(self, key: str, row: int, column: int) -> None:
        """Say which time is under the pointer."""
        of = self._shown()
        at = None if of is None or key == "time" or row < 0 else day_at(row, column, of.members[0])
        set_tip(self.views[key], "" if of is None or at is None else of.dates[at])


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in (part.strip() for part in text.split(",")) if name)
