"""Channels and sequences, made together beside the window; see `learning.beside_made`."""

from diffview.gui.jobs.background import Background
from diffview.learning.beside_made import MadeTogether, TogetherJob
from diffview.models.joint_windows import JOINT


class TogetherRunner(Background[TogetherJob]):
    """Makes what the recipe's group of frames asks for, one run at a time."""

    kind = "together"
    subject = ("source.path", "source.dataset", "source.index", "source.region")

    def about(self) -> object:
        """The fields that are made."""
        source = self._session.recipe.source
        return source.path, source.dataset, source.index, source.region

    def why_not(self) -> str:
        """Why nothing can be made together; "" if it may be."""
        recipe = self._session.recipe
        if recipe.source.path is None:
            return "Open a file with several variables or times."
        if not recipe.frames.several:
            return "Name channels beside the field, or more times than one."
        if recipe.denoiser.model not in JOINT and self._session.plan.card is None:
            return f"{recipe.denoiser.model} makes single fields: choose one of {', '.join(JOINT)}."
        return ""

    def start(self) -> None:
        """Make them."""
        recipe = self._session.recipe
        self.begin(lambda: TogetherJob(recipe))

    @property
    def made(self) -> MadeTogether | None:
        """What was made, or None."""
        return None if (job := self.ended) is None else job.made
