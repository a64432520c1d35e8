"""The run that a file holds, read beside its picture; each file is read once while it stays as it is."""

import os
from collections.abc import Callable

from diffview.errors import UserError
from diffview.fields.picture import Picture
from diffview.gui.jobs.reading import Reading
from diffview.gui.session import Message, Session
from diffview.runs.recorded import Recorded, run_of
from diffview.runs.recorded_run import said_of


class Recordings:
    """The recorded run of the file that was read last."""

    def __init__(self, session: Session, reading: Reading) -> None:
        self._session, self._reading = session, reading
        self._known: tuple[object, Recorded | None] | None = None
        self._untold = False

    def of(self, picture: Picture) -> Recorded | None:
        """The run of a picture's file, if it was read and holds one."""
        return None if self._known is None or self._known[0] != _mark(picture) else self._known[1]

    def awaited(self, picture: Picture) -> bool:
        """Whether a run is to be read before the picture is shown."""
        holds = bool(picture.field.provenance.get("run"))
        return holds and (self._known is None or self._known[0] != _mark(picture))

    def read(self, picture: Picture, then: Callable[[], None]) -> None:
        """Read it, and call `then`, also where it cannot be read: a message says why."""
        mark = _mark(picture)

        def keep(content: dict[str, dict[str, object]]) -> None:
            found = None
            try:
                found = run_of(content)
            except UserError as error:
                self._session.tell_error(error)
            self._known, self._untold = (mark, found), found is not None
            then()

        self._reading.ask(keep, "recorded_or_why", path=picture.field.provenance["path"])

    def tell(self) -> None:
        """Say what the run on screen is, once."""
        if self._untold and self._known is not None and self._known[1] is not None:
            self._untold = False
            of = self._known[1]
            self._session.tell(Message(*said_of(of), "info" if of.complete else "warning"))


def _mark(picture: Picture) -> object:
    """The file as it is now."""
    path = picture.field.provenance["path"]
    try:
        seen = os.stat(path)
    except OSError:
        return path
    return path, seen.st_mtime_ns, seen.st_size
