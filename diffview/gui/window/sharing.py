"""Exports: files of the forward state, the run, the ensemble and the curves, and the clipboard."""

from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.forward.state import Forward
from diffview.forward.tables import table_of
from diffview.gui.actions import Actions
from diffview.gui.jobs.busy import Jobs
from diffview.gui.jobs.live import Live
from diffview.gui.jobs.writing import Writer, save
from diffview.gui.show.looks import state
from diffview.gui.window import dialogs
from diffview.gui.window.view_sharing import ViewSharing
from diffview.paths import write_text
from diffview.runs.in_blocks import counting
from diffview.writers.columns import Array, Table, columns_text, histogram_table, spectrum_table
from diffview.writers.quantity import clean

if TYPE_CHECKING:
    from diffview.gui.window.downscaling import DownscaleWindow
    from diffview.gui.window.filming import FilmWindow

SCHEDULES = {
    "Table (*.csv)": "csv", "Table (*.json)": "json", "diffusers (scheduler_config.json)": "diffusers",
    "Its own parameters (*.json)": "diffview", "Levels of the run as sigmas (*.json)": "sigmas",
    "Levels of the run for EDM (*.json)": "edm", "Levels of the run for PhysicsNeMo (*.json)": "physicsnemo",
    "Levels of the run for anemoi (*.json)": "anemoi",
}  # fmt: skip
"""Formats of a schedule by their name in the dialog."""

NETCDF, CSV = "netCDF-4 (*.nc)", "Table (*.csv)"

OF_A_RUN = ("exportRunAction", "exportEnsembleAction")


class Sharing(QObject):
    """Exports and copies the content of the window."""

    def __init__(self, jobs: Jobs, live: Live, actions: Actions, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._live, self._window = jobs.session, live, window
        self._actions = actions
        self.writer = Writer(jobs)
        tables = {"histogramView": self._histogram, "spectrumView": self._spectrum, "scheduleEditor": self._schedule}
        self._jobs, self._views = jobs, ViewSharing(self._session, window, tables)
        live.run_changed.connect(self._show_run)
        self._show_run()

    def handlers(self) -> dict[str, Callable[[], object]]:
        """The actions of the export menu, by name."""
        return {
            "exportForwardAction": self._ask_forward,
            "exportRunAction": self._ask_run,
            "exportEnsembleAction": self._ask_ensemble,
            "exportHistogramAction": partial(self._ask_table, "histogram", self._histogram),
            "exportSpectrumAction": partial(self._ask_table, "spectrum", self._spectrum),
            "exportScheduleAction": self._ask_schedule,
            "savePictureAction": self._ask_picture,
            **self._views.handlers(),
            "exportAnimationAction": self._show_films,
            "downscaleAction": self._show_ways,
        }

    def _show_ways(self) -> None:
        self.ways.show()
        self.ways.raise_()

    @cached_property
    def ways(self) -> "DownscaleWindow":
        """The ways back from a coarse field; with it comes all that goes them."""
        from diffview.gui.window.downscaling import DownscaleWindow

        return DownscaleWindow(self._jobs, self._window)

    def _show_films(self) -> None:
        self.films.show()
        self.films.raise_()

    @cached_property
    def films(self) -> "FilmWindow":
        """The form of films; with it comes all that makes them."""
        from diffview.gui.window.filming import FilmWindow

        return FilmWindow(self._jobs, self._live, self._window)

    def _show_run(self) -> None:
        """Enable the exports of a run once one has ended."""
        run = self._live.run
        ready = run is not None and not run.active and len(run.trajectory) > 0
        why = "" if ready else "No run has ended yet."
        if run is not None and run.recorded_by:
            why = "The run on screen was recorded: it lies in its file."
        for name in OF_A_RUN:
            self._actions.show(name, why)

    # -- netCDF

    def _ask(self, what: str, kinds: str, suffix: str) -> Path | None:
        name = f"{clean(self._session.facts.field.name)}_{what}{suffix}"
        path, _ = QFileDialog.getSaveFileName(self._window, f"Export {what}", name, kinds)
        return Path(path) if path else None

    def _ask_forward(self) -> None:
        """x_t at the playhead, of the whole slice where that is shown."""
        session = self._session
        plan, of, t = session.plan, session.facts.field, session.view.playhead
        recipe, x0 = plan.settled, plan.x0
        if session.view.whole_slice:
            recipe, x0 = recipe.but(region=Region(0, 0, *of.values.shape)), plan.standardised
        path = self._ask("x_t", NETCDF, ".nc")
        if path is not None:
            from diffview.writers.exports import forward_content

            course, mode = recipe.course, recipe.start.path_mode
            forward = partial(Forward, x0, course.schedule, course.seed, mode, noise=course.noise)
            self.writer.write(lambda: forward_content(forward(), t, of, recipe, plan.transform), path)

    def _ask_run(self) -> None:
        run, of = self._live.run, self._session.facts.field
        path = self._ask("run", NETCDF, ".nc") if run is not None else None
        if run is not None and path is not None:
            from diffview.writers.exports import run_content

            steps, plan = run.trajectory.kept, run.kept
            self.writer.write(lambda: run_content(plan, of, steps), path)

    def _ask_ensemble(self) -> None:
        run, of = self._live.run, self._session.facts.field
        last = None if run is None else run.trajectory.last
        path = self._ask("ensemble", NETCDF, ".nc") if last is not None else None
        if run is not None and last is not None and path is not None:
            from diffview.writers.counted_content import statistics_content
            from diffview.writers.exports import ensemble_content

            kept, counted = run.kept, run.counted
            if counted is None:
                self.writer.write(lambda: ensemble_content(kept, of, last), path)
            else:
                plan = counting(run.plan, counted)
                self.writer.write(lambda: statistics_content(plan, of, counted), path)

    # -- curves and pictures

    def _reverse(self) -> Array | None:
        """The reverse state on screen, as the curves show it."""
        step, session = self._live.step, self._session
        return None if step is None or session.view.one_shot else state(step, session)

    def _histogram(self) -> Table | None:
        session = self._session
        units, reverse = session.facts.field.units, self._reverse()
        return histogram_table(session.frame(), session.forward.x0, session.plan.transform, units, reverse)

    def _spectrum(self) -> Table | None:
        return spectrum_table(self._session.forward, self._session.frame(), self._reverse())

    def _schedule(self) -> Table | None:
        recipe = self._session.recipe
        rows = table_of(recipe.course.schedule, recipe.start.chain_length)
        return {name: np.asarray(values, np.float64) for name, values in rows.items()}

    def _ask_table(self, what: str, make: Callable[[], Table | None]) -> None:
        table = make()
        if table is None:
            self._session.tell_error(UserError("There is no spectrum here: too much is missing.", "Move the region."))
            return
        path = self._ask(what, CSV, ".csv")
        if path is not None:
            save(self._session, path, lambda: write_text(path, columns_text(table)))

    def _ask_schedule(self) -> None:
        name, kinds = "schedule.csv", ";;".join(SCHEDULES)
        path, kind = QFileDialog.getSaveFileName(self._window, "Export schedule", name, kinds)
        if path:
            from diffview.forward.exchange import ALL_FORMATS, export

            recipe, form = self._session.recipe, SCHEDULES.get(kind, Path(path).suffix[1:].lower())
            form = "diffusers" if Path(path).name == "scheduler_config.json" else form if form in ALL_FORMATS else "csv"
            schedule, rows, levels = recipe.course.schedule, recipe.start.chain_length, self._session.plan.levels
            save(
                self._session, Path(path), lambda: write_text(Path(path), export(schedule, form, rows, lambda: levels))
            )

    def _ask_picture(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self._window, "Save picture", "diffview.png", "Pictures (*.png)")
        if path:
            save(self._session, Path(path), lambda: dialogs.save_picture(self._window, Path(path)))
