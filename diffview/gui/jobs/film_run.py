"""The film of a learning, run beside the window: its networks, `data` and `local` from one noise."""

from diffview.gui.jobs.background import Background
from diffview.learning.film import FilmRun, LearningFilm


class FilmRunner(Background[FilmRun]):
    """Runs them for one seed at a time."""

    kind = "learnt"

    def show(self, film: LearningFilm, seed: int, first: int) -> None:
        """Run all from the noise of a seed, unless they have been or are."""
        if self.job is None or self.job.seed != seed:
            self.stop()
            self.begin(lambda: FilmRun(film, seed, first))
