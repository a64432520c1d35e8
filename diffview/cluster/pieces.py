"""Members of a part of a job that several workers make: each block of them lies in a file until the part is made."""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from diffview.paths import written_whole

PIECES = "pieces"


class Pieces:
    """The blocks of the parts of a job on disk.

    Attributes:
        folder: that they lie in.
        each: blocks that a part is made in.
    """

    def __init__(self, folder: Path, each: int) -> None:
        self.folder, self.each = folder, each

    def _path(self, part: int, piece: int) -> Path:
        return self.folder / f"{part:05d}-{piece:03d}.npz"

    def numbers(self) -> set[int]:
        """The numbers, among all blocks of the job, of those that are there."""
        names = (path.stem.split("-") for path in self.folder.glob("*-*.npz"))
        return {int(part) * self.each + int(piece) for part, piece in names if part.isdecimal()}

    def has(self, part: int, piece: int) -> bool:
        """Whether a block is there."""
        return self._path(part, piece).is_file()

    def whole(self, part: int) -> bool:
        """Whether all blocks of a part are there."""
        return all(self.has(part, piece) for piece in range(self.each))

    def keep(self, part: int, piece: int, y: NDArray[np.float32]) -> None:
        """Write the members of a block [m, channels, ny, nx], whole or not at all.

        Raises:
            NotWrittenError: if there is no room for them.
        """
        with written_whole(self._path(part, piece)) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, y=y)

    def kept(self, part: int, piece: int) -> NDArray[np.float32] | None:
        """The members of a block [m, channels, ny, nx]; None if they are not there, or damaged."""
        try:
            with self._path(part, piece).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return np.asarray(arrays["y"], np.float32)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None

    def forget(self, part: int) -> None:
        """Remove the blocks of a part."""
        for piece in range(self.each):
            self._path(part, piece).unlink(missing_ok=True)
