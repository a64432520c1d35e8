"""Writing pictures one after the other as a film: WebP, GIF and AVIF by Pillow, MP4 by ffmpeg."""

from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image, features

from diffview.errors import UserError
from diffview.paths import written_whole
from diffview.writers.films.ffmpeg import ffmpeg_is_there, write_mp4
from diffview.writers.films.film_settings import FilmSettings

Rgb = NDArray[np.uint8]

LOSSLESS = 100
"""The quality at which nothing is lost where the format can."""

GIF_TICK_MS = 10
"""GIF counts in hundredths of a second, and shows none that stays one of them."""


def write_film(
    pictures: Iterator[Rgb], settings: FilmSettings, path: Path, progress: Callable[[float], None] = lambda share: None
) -> None:
    """Write a film, whole or not at all; no more than two of its pictures are in memory.

    Args:
        pictures: uint8 [height, width, 3], as many as the settings say; one that stays is the same object.
        settings: size, length and quality.
        path: of the file; its ending says the format.
        progress: called with the share that is done; it may raise to end it.

    Raises:
        UserError: if there is no such format, or it cannot be written; an older file of that name stays as it was.
    """
    check_format(path, settings)

    def told() -> Iterator[Rgb]:
        for i, picture in enumerate(pictures):
            progress(i / settings.count)
            yield picture

    with written_whole(path) as temporary:
        FORMATS[path.suffix.lower()].write(told(), settings, temporary)
    progress(1.0)


def film_bytes(pictures: Iterator[Rgb], settings: FilmSettings) -> bytes:
    """A film as WebP, for a page that carries it."""
    buffer = BytesIO()
    _save("WEBP", _webp, pictures, settings, buffer)
    return buffer.getvalue()


def still(picture: Rgb, quality: int = 60) -> bytes:
    """One picture as WebP."""
    buffer = BytesIO()
    Image.fromarray(picture).save(buffer, "WEBP", quality=quality, method=4)
    return buffer.getvalue()


def png(picture: Rgb) -> bytes:
    """One picture as PNG, which every reader of SVG knows."""
    buffer = BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def unpacked(picture: bytes) -> Rgb:
    """The pixels of one picture that `still` made."""
    with Image.open(BytesIO(picture)) as image:
        return np.array(image.convert("RGB"))


def check_format(path: Path, settings: FilmSettings) -> None:
    """Refuse a file whose ending names no film, or a film that its format cannot hold.

    Raises:
        UserError: then.
    """
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        hint = f"End its name with {', '.join(FORMATS)}."
        raise UserError(f"{path} cannot be a film: {path.suffix or 'no ending'} is none of its formats.", hint)
    form.check(settings)


def durations(settings: FilmSettings, tick: int = 1) -> list[int]:
    """How long each picture stays, in ms, a multiple of `tick`: the sum is the length to half a tick."""
    ends = [round(i * 1000 / settings.fps / tick) * tick for i in range(settings.count + 1)]
    return [end - begin for begin, end in pairwise(ends)]


class _Roll:
    """The pictures after the first, as one image of many frames for Pillow; each is made when asked for."""

    def __init__(self, pictures: Iterator[Rgb], count: int) -> None:
        self._pictures, self.n_frames = pictures, count
        self._at, self._image = -1, Image.new("RGB", (1, 1))

    def seek(self, at: int) -> None:
        """Go to a picture: the same, or the next."""
        if at >= self.n_frames:
            raise EOFError
        if at > self._at:
            self._at, self._image = at, Image.fromarray(next(self._pictures))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._image, name)


def _by_pillow(form: str, options: Callable[[FilmSettings], dict[str, Any]]) -> Callable[..., None]:
    """What writes a format that Pillow streams."""

    def write(pictures: Iterator[Rgb], settings: FilmSettings, path: Path) -> None:
        with path.open("wb") as file:
            _save(form, options, pictures, settings, file)

    return write


def _save(
    form: str,
    options: Callable[[FilmSettings], dict[str, Any]],
    pictures: Iterator[Rgb],
    settings: FilmSettings,
    file: IO[bytes],
) -> None:
    first, rest = Image.fromarray(next(pictures)), _Roll(pictures, settings.count - 1)
    times = durations(settings)
    first.save(file, form, save_all=True, append_images=[rest], duration=times, loop=0, **options(settings))


def _webp(settings: FilmSettings) -> dict[str, Any]:
    lossless = settings.quality == LOSSLESS
    return {"lossless": lossless, "quality": 50 if lossless else settings.quality, "method": 3}


def _avif(settings: FilmSettings) -> dict[str, Any]:
    subsampling = "4:4:4" if settings.quality == LOSSLESS else "4:2:0"
    return {"quality": settings.quality, "speed": 8, "subsampling": subsampling}


def _write_gif(pictures: Iterator[Rgb], settings: FilmSettings, path: Path) -> None:
    """Pillow would keep all pictures of a GIF: they are written one by one, each with 256 colours of its own."""
    waiting: tuple[Rgb, int] | None = None
    with path.open("wb") as file:
        for picture, stays in zip(pictures, durations(settings, GIF_TICK_MS), strict=False):
            if waiting is None:
                head = Image.fromarray(picture).quantize(256, dither=Image.Dither.NONE)
                file.writelines(GifImagePlugin.getheader(head, info={"loop": 0, "duration": stays})[0])
                waiting = picture, stays
            elif waiting[0] is picture:
                waiting = picture, waiting[1] + stays
            else:
                file.writelines(_gif_frame(*waiting))
                waiting = picture, stays
        if waiting is not None:
            file.writelines(_gif_frame(*waiting))
        file.write(b";")


def _gif_frame(picture: Rgb, stays: int) -> list[bytes]:
    image = Image.fromarray(picture).quantize(256, dither=Image.Dither.NONE)
    return GifImagePlugin.getdata(image, duration=stays, include_color_table=True)


def _check_webp(settings: FilmSettings) -> None:
    _check_there("webp", "WebP")


def _check_avif(settings: FilmSettings) -> None:
    _check_there("avif", "AVIF")


def _check_there(feature: str, name: str) -> None:
    if not features.check(feature):
        raise UserError(f"The Pillow of this machine cannot write {name}.", "Choose .gif, or install another Pillow.")


def _check_gif(settings: FilmSettings) -> None:
    if settings.fps > 50:
        raise UserError(f"A GIF cannot show {settings.fps} pictures a second.", "Choose at most 50, or .webp.")


def _check_mp4(settings: FilmSettings) -> None:
    if settings.size[0] % 2 or settings.size[1] % 2:
        raise UserError("The sides of an MP4 film are even.", "Choose a size as 1280x720, or .webp.")
    ffmpeg_is_there()


class FilmFormat(NamedTuple):
    """A format: its name for people, what refuses a film that it cannot hold, and what writes one."""

    title: str
    check: Callable[[FilmSettings], None]
    write: Callable[[Iterator[Rgb], FilmSettings, Path], None]


FORMATS = {
    ".webp": FilmFormat("WebP", _check_webp, _by_pillow("WEBP", _webp)),
    ".gif": FilmFormat("GIF", _check_gif, _write_gif),
    ".avif": FilmFormat("AVIF", _check_avif, _by_pillow("AVIF", _avif)),
    ".mp4": FilmFormat("MP4", _check_mp4, write_mp4),
}
"""By the ending of the file's name."""
