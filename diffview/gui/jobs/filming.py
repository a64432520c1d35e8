"""Making films beside the window: of what is computed, or of the window itself."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Full, Queue

import numpy as np
from numpy.typing import NDArray

from diffview.gui.jobs.background import Background
from diffview.gui.session import Message
from diffview.runs.job import FINISHED, STOPPED, Job
from diffview.writers.films.encoding import write_film
from diffview.writers.films.film_settings import FilmSettings
from diffview.writers.films.films import make_film
from diffview.writers.films.reels import Filmed

WAIT_S = 0.05
"""How long a thread waits for a picture before it looks whether it is to end."""


@dataclass(eq=False)
class Filming(Job):
    """One film.

    Attributes:
        path: of the file.
        settings: what it shows, size and length.
        filmed: field and run; None: the window, whose pictures come through `given`.
        said: what is to be said of it.
    """

    path: Path
    settings: FilmSettings
    filmed: Filmed | None
    said: tuple[str, ...] = ()
    given: "Queue[NDArray[np.uint8]]" = field(default_factory=lambda: Queue(2))

    @property
    def network(self) -> bool:
        """Whether the model of a run that is not recorded is a network."""
        of = self.filmed
        return of is not None and of.plan.card is not None and not of.recorded and self.settings.what != "forward"

    def work(self) -> None:
        """Make it, picture after picture."""
        if self.filmed is not None:
            self.said = make_film(self.filmed, self.settings, self.path, self.tell)
        else:
            write_film(self._grabbed(), self.settings, self.path, self.tell)

    def offer(self, picture: NDArray[np.uint8]) -> bool:
        """Give the next picture of the window; False if it has to be offered again."""
        try:
            self.given.put_nowait(picture)
        except Full:
            return False
        return True

    def _grabbed(self) -> Iterator[NDArray[np.uint8]]:
        for _ in range(self.settings.count):
            yield self._next()

    def _next(self) -> NDArray[np.uint8]:
        while True:
            try:
                return self.given.get(timeout=WAIT_S)
            except Empty:
                self.tell(self.done)


class Filmer(Background[Filming]):
    """Makes one film at a time."""

    kind = "filming"

    def take(self, job: Filming) -> None:
        """Show how the job ended."""
        if job.state == FINISHED:
            self._session.tell(Message(f"Saved {job.path}.", " ".join(job.said)))
        elif job.state == STOPPED:
            self._session.tell(Message(f"{job.path.name} was not written.", "An older file of that name is as it was."))
        else:
            super().take(job)
