"""Opening: the dialogs that ask for files, and the recent files."""

import hashlib
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from diffview.errors import UserError
from diffview.gui.jobs.files import Files
from diffview.gui.jobs.writing import save
from diffview.gui.session import Message, Session
from diffview.gui.settings import Settings
from diffview.gui.show.file_rows import first_folder
from diffview.gui.widgets.small.text import set_tip
from diffview.paths import write_text
from diffview.readers.many import is_data, last_name, one_name
from diffview.runs.as_command import FieldFile, command_by_file, command_by_flags
from diffview.runs.examples import EXAMPLES, Example
from diffview.runs.recipe import GIVEN, NOT_KEPT, default_recipe
from diffview.runs.recipe_files import write_recipe

DATA = "Data and recipes (*.nc *.nc4 *.h5 *.hdf5 *.HDF5 *.he5 *.hdf *.mat *.json *.zip);;All files (*)"
SCHEDULES = "Schedules (*.csv *.json *.txt *.yaml *.yml);;All files (*)"


class Opening(QObject):
    """Opens files by dialogs, remembers recent ones, and saves the recipe.

    Attributes:
        recent: the menu of the files opened last.

    Signals:
        lectureAsked: the lecture in this folder or file is to begin.
    """

    lectureAsked = Signal(str)

    def __init__(self, session: Session, files: Files, settings: Settings, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._files, self._settings, self._window = session, files, settings, window
        self.recent = QMenu("Open recent", window)
        self.recent.setObjectName("recentMenu")
        self.recent.setToolTipsVisible(True)
        self._show_recent()
        files.opened.connect(self._remember_file)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """The actions that ask for a file, by name."""
        return {
            "openAction": self._ask_open,
            "openFolderAction": self._ask_open_folder,
            "packagedAction": lambda: self._files.open_recipe(default_recipe()),
            "openModelAction": self._ask_open_model,
            "saveRecipeAction": self._ask_save_recipe,
            "copyCommandAction": self._copy_command,
            "importScheduleAction": self._ask_import_schedule,
            **{f"{key}ExampleAction": partial(self._open_example, example) for key, example in EXAMPLES.items()},
        }

    def _open_example(self, example: Example) -> None:
        """Open an example, and say where its field is from."""
        try:
            recipe = example.recipe()
        except UserError as error:  # a sample model is damaged
            self._session.tell_error(error)
            return
        self._files.open_recipe(recipe)
        self._session.tell(Message(f"{example.title}.", f"{example.tip}."))

    def open(self, path: str, dataset: str | None = None) -> None:
        """Open data, a recipe, a schedule, the folder of a model, or a lecture, which begins.

        What is on screen stays if it cannot be read. A folder of many files opens as one set, joined along their time.
        """
        from diffview.story.lecture import is_lecture  # not before the first paint

        if is_lecture(Path(path)):
            self.remember(Path(path))
            self.lectureAsked.emit(path)
        elif os.path.isdir(path) and not is_data(path):
            self._files.open_model(path)
        elif path.lower().endswith((".json", ".csv", ".yaml", ".yml")):
            try:
                self._files.load_settings(path)
                self.remember(Path(path))
            except UserError as error:
                self._session.tell_error(error)
        else:
            self._files.open(path, dataset)

    def open_all(self, paths: Sequence[str]) -> None:
        """Open a file, or several as one set."""
        try:
            self.open(one_name(paths))
        except UserError as error:
            self._session.tell_error(error)

    def _ask_open(self) -> None:
        start = first_folder(self._session.recipe.source.path, self._settings.recent())
        paths, _ = QFileDialog.getOpenFileNames(self._window, "Open", str(start), DATA)
        if paths:
            self.open_all(paths)

    def _ask_open_folder(self) -> None:
        start = first_folder(self._session.recipe.source.path, self._settings.recent())
        path = QFileDialog.getExistingDirectory(self._window, "Open folder", str(start))
        if path:
            self.open(path)

    def remember(self, path: Path) -> None:
        """A file, a recipe or a lecture comes first among the recent ones."""
        self._settings.add_recent(str(path.absolute()))
        self._show_recent()

    def _remember_file(self) -> None:
        """The open file comes first among the recent ones; recipes bring theirs."""
        if (path := self._session.recipe.source.path) is not None and path != GIVEN:
            self.remember(Path(path))

    def _show_recent(self) -> None:
        self.recent.clear()
        for path in self._settings.recent():
            action = self.recent.addAction(last_name(path), partial(self.open, path))
            set_tip(action, path)
        self.recent.menuAction().setEnabled(not self.recent.isEmpty())
        set_tip(self.recent.menuAction(), "" if self.recent.actions() else "No file was opened yet")

    def _ask_open_model(self) -> None:
        path = QFileDialog.getExistingDirectory(self._window, "Open model")
        if path:
            self._files.open_model(path)

    def _ask_save_recipe(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self._window, "Save recipe", "recipe.json", "Recipes (*.json)")
        if path:
            save(self._session, Path(path), lambda: self._save_recipe(Path(path)))

    def _save_recipe(self, path: Path) -> None:
        write_recipe(self._session.kept, path)
        self.remember(path)

    def _copy_command(self) -> None:
        """Put on the clipboard what makes this run without a window."""
        session, plan = self._session, self._session.plan
        if session.recipe.source.path == GIVEN:
            session.tell_error(NOT_KEPT)
            return
        said = session.facts.field.provenance
        source = FieldFile(str(said.get("path", "")), str(said.get("dataset", "")))
        command, hint = command_by_flags(session.recipe.but(region=plan.region), source, plan.card), ""
        if command is None:
            text = plan.settled.to_json()
            file = self._settings.beside(f"recipe-{hashlib.sha256(text.encode()).hexdigest()[:8]}.json")
            try:
                write_text(file, text)
            except UserError as error:
                session.tell_error(error)
                return
            command, hint = command_by_file(file), "Not all of it can be said in options: the recipe is in that file."
        QGuiApplication.clipboard().setText(command)
        session.tell(Message(f"Copied: {command}", hint))

    def _ask_import_schedule(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self._window, "Import schedule", "", SCHEDULES)
        if path:
            from diffview.forward.exchange import read_schedule

            try:
                self._files.take_schedule(read_schedule(Path(path), self._session.recipe.course.steps))
            except UserError as error:
                self._session.refuse(error)
