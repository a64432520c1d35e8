"""A training as a film: the network kept at six steps on its way, and the curve of its loss."""

from pathlib import Path

from diffview.paths import sample_models


def film_folder() -> Path:
    """Where the film that ships with diffview lies."""
    return sample_models() / "learning"


def kept_name(step: int) -> str:
    """The name of the network kept after so many steps; names are in the order of steps."""
    return f"step{step:06d}"
