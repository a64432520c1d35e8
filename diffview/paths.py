"""Where things lie: what ships with the program, and what belongs to the user."""

from functools import cache
from pathlib import Path

_HERE = Path(__file__).resolve().parent


@cache
def _shipped(folder: str) -> Path:
    """A folder that the wheel carries inside the package and a checkout carries beside it."""
    inside = _HERE / folder
    return inside if inside.is_dir() else _HERE.parent / folder


def resource(name: str) -> Path:
    """Path of a file in resources/."""
    return _shipped("resources") / name


def sample_models() -> Path:
    """Folder of the model checkpoints that ship with the program."""
    return _shipped("sample_models")


def user_folder(kind: str) -> Path:
    """The user's own folder for `kind` (config, log, state), created if it is not there."""
    import platformdirs

    found: Path = getattr(platformdirs, f"user_{kind}_path")("diffview", appauthor=False, ensure_exists=True)
    return found
