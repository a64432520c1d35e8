"""From what is filmed to the file."""

from collections.abc import Callable
from pathlib import Path

from diffview.writers.films.encoding import check_format, write_film
from diffview.writers.films.film_page import FilmPage
from diffview.writers.films.film_settings import FilmSettings
from diffview.writers.films.reels import Filmed, reel_of

REDUCED = "The pictures are larger than the film has room for: a pixel of it shows the mean colour of several."


def make_film(
    filmed: Filmed, settings: FilmSettings, path: Path, progress: Callable[[float], None] = lambda share: None
) -> tuple[str, ...]:
    """Write a film, whole or not at all.

    Args:
        filmed: field and run.
        settings: what it shows, size, length and quality.
        path: of the file; its ending says the format.
        progress: called with the share that is done; it may raise to end it.

    Returns:
        What is to be said of it.

    Raises:
        UserError: if it cannot be made or written.
    """
    check_format(path, settings)
    reel = reel_of(filmed, settings)
    page = FilmPage(reel, settings)
    write_film((page.draw(frame) for frame in reel.frames()), settings, path, progress)
    return (REDUCED,) if page.reduced else ()
