"""MP4 films by the program ffmpeg, in a process of its own: no part of it, whose licence is GPL or LGPL, is linked."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffview.errors import NotWrittenError, UserError
from diffview.writers.films.film_settings import FilmSettings

BEST, COARSEST = 8, 50
"""Quantisers of H.264 at the ends of the quality."""


def ffmpeg_is_there() -> str:
    """The ffmpeg of the system, or that of imageio-ffmpeg.

    Raises:
        UserError: if there is none.
    """
    if found := shutil.which("ffmpeg"):
        return found
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        return str(get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        raise UserError(
            "MP4 is written by ffmpeg, which is not installed.",
            "Install it from your system, or with pip install 'diffview[film]'; .webp, .gif and .avif need nothing.",
        ) from None


def write_mp4(pictures: Iterator[NDArray[np.uint8]], settings: FilmSettings, path: Path) -> None:
    """Write H.264 by ffmpeg, which is given picture after picture.

    Raises:
        UserError: if it is not there, or fails.
    """
    width, height = settings.size
    quantiser = round(BEST + (COARSEST - BEST) * (100 - settings.quality) / 100)
    command = [
        ffmpeg_is_there(), "-hide_banner", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24",
        "-s", f"{width}x{height}", "-r", str(settings.fps), "-i", "-", "-an", "-c:v", "libx264", "-crf", str(quantiser),
        "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-f", "mp4", str(path),
    ]  # fmt: skip
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=said, start_new_session=True)
        assert process.stdin is not None
        try:
            for picture in pictures:
                process.stdin.write(np.ascontiguousarray(picture).data)
            process.stdin.close()
            ended = process.wait()
        except OSError:  # it has ended before its input: what it says tells why
            ended = process.wait()
        finally:
            process.kill()
            process.wait()
            with suppress(OSError):  # what it did not take
                process.stdin.close()
        said.seek(0)
        errors = said.read().decode(errors="replace").strip().splitlines()
        if ended or errors:  # on a full disk some versions say so, and end with 0
            why = errors[-1] if errors else f"it ended with {ended}"
            raise NotWrittenError(f"ffmpeg could not write {path}: {why}.", "Make room, or choose .webp.")
