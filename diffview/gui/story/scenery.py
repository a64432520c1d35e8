"""Puts scenes into the session: another recipe, another view, and another field, which is read once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal

from diffview.errors import UserError
from diffview.gui.jobs.files import Files
from diffview.gui.jobs.live import Live
from diffview.gui.session import Aside, Session
from diffview.gui.show.history import History
from diffview.runs.facts import Facts
from diffview.runs.recipe import AUTO, Recipe, Source
from diffview.runs.view import View
from diffview.story.beats import Scene


class _Read(NamedTuple):
    """What was read for a source: the facts, and the source with its dataset and index."""

    facts: Facts
    source: Source


def _asked(recipe: Recipe) -> Source:
    """What of a source has to be read."""
    return replace(recipe.source, region=None, transform=AUTO, fitted=None)


class Scenery(QObject):
    """Shows scenes in the session, past its history.

    Attributes:
        stands: whether the scene that was asked for is there.
        at_work: whether the session changes by the script just now.

    Signals:
        stood: it is there now, or cannot be had, which a message has told.
    """

    stood = Signal()

    def __init__(self, session: Session, live: Live, files: Files, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._live, self._files = session, live, files
        self._known: dict[Source, _Read] = {}
        self._read: _Read | None = None
        self._scene: Scene | None = None
        self.stands, self.at_work = True, False
        files.opened.connect(self._take_field)
        files.reading.failed.connect(self._give_up)
        session.changed.connect(self._learn)

    def show(self, scene: Scene) -> None:
        """Show a scene at once if its field is known; else the field is read, and the scene comes with it."""
        self._scene, self.stands = scene, False
        asked = _asked(scene.recipe)
        if asked == _asked(self._session.recipe):
            self._known[asked] = _Read(self._session.facts, self._session.recipe.source)
        known = self._known.get(asked)
        if known is not None:
            self._enter(known)
            return
        with self._working():
            self._files.open_recipe(scene.recipe)  # `opened` comes when its field is there
        if not (self.stands or self._files.reading.busy):
            self._give_up()

    def draw(self, scene: Scene) -> None:
        """Show a scene that differs from the last one by its playhead or its recipe, not by its field."""
        last, self._scene = self._scene, scene
        with self._working():
            if last is not None and last.recipe.but(view=scene.recipe.view) == scene.recipe:
                self._session.look(**vars(self._view_of(scene)))
            else:
                self._put(scene)

    def run(self, seconds: float) -> None:
        """Run the scene, and play the run in so many seconds."""
        with self._working():
            self._session.look(pace=seconds, follow=True)
            self._live.start()

    def drop(self) -> None:
        """Wait for no scene any more."""
        self.stands = True

    def _take_field(self) -> None:
        """The field of the scene has come."""
        if not self.stands and self._scene is not None:
            read = self._known[_asked(self._scene.recipe)] = _Read(self._session.facts, self._session.recipe.source)
            self._enter(read)

    def _enter(self, read: _Read) -> None:
        """Put the scene into the session, on a field that was read."""
        self._read = read
        if self._scene is not None:
            with self._working():
                self._put(self._scene)
        self._give_up()

    def _put(self, scene: Scene) -> None:
        """The scene with what was read of its field, and with what is known of the machine by now."""
        if (read := self._read) is None:
            return
        source = read.source
        recipe = scene.recipe.but(path=source.path, dataset=source.dataset, index=source.index)
        view = self._view_of(scene)
        try:  # the step on screen may be one that somebody has scrubbed to: it goes to the playhead before it leads it
            self._session.exchange(Aside(recipe, read.facts, replace(view, follow=False), History()))
        except UserError as error:
            self._session.tell_error(error)
        self._session.look(follow=view.follow)

    def _give_up(self) -> None:
        """Go on, with what is there."""
        if not self.stands:
            self.stands = True
            self.stood.emit()

    def _learn(self) -> None:
        """Keep what becomes known of a field, as its map."""
        now = self._session.facts
        for asked, read in self._known.items():
            if read.facts.field is now.field and read.facts is not now:
                self._known[asked] = read._replace(facts=now)
        if self._read is not None and self._read.facts.field is now.field:
            self._read = self._read._replace(facts=now)

    def _view_of(self, scene: Scene) -> View:
        """How a scene is looked at; nothing is computed for a picture that is not on the stage."""
        view, now = scene.recipe.view, self._session.view
        runs = view.auto_run and "reverse" in scene.stage.pictures
        return replace(view, follow=scene.ran, auto_run=runs, layout=now.layout, docks=now.docks)

    @contextmanager
    def _working(self) -> Iterator[None]:
        before, self.at_work = self.at_work, True
        try:
            yield
        finally:
            self.at_work = before
