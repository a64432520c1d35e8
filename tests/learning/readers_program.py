"""Run by torchrun in tests: every rank reads a set with the others and leaves what it read itself, as reads<i>.json."""

import json
import sys
from pathlib import Path
from unittest import mock

from diffview.learning import crops_kept, slices_read
from diffview.learning.from_files import read_training_set
from diffview.learning.torchrun import join, leave
from diffview.readers.process import ReaderProcess
from diffview.runs.conditions_asked import condition_asked

SLICE = 4 * 16 * 24
"""Bytes of a slice, which is a part here."""


def told(folder: Path, given: bool) -> dict[str, object]:
    """What is told of the set in a folder, and which slices this rank read."""
    read: list[int] = []
    call = ReaderProcess.call

    def noted(self: ReaderProcess, what: str, **more: object) -> object:
        if what == "read_stack":
            read.extend(more["limit"])  # type: ignore[call-overload]
        return call(self, what, **more)

    path = str(folder / "daily.nc")
    beside = {"given": [condition_asked(("other", path, "other"))]} if given else {}
    ranks = join("cpu")
    with (
        mock.patch.object(ReaderProcess, "call", noted),
        mock.patch.object(slices_read, "AT_ONCE", (2 if given else 1) * SLICE),
        mock.patch.multiple(crops_kept, LEAST=1, user_folder=lambda kind: folder / kind),
    ):
        data = read_training_set(path, ["t"], size=16, readers=ranks, **beside)
    return {
        "rank": ranks.rank, "read": read, "sha256": data.fingerprint, "transform": data.transform.plain,
        "held_out": data.held_out.tolist(), "fields": len(data.fields), "slices": data.slices,
    }  # fmt: skip


if __name__ == "__main__":
    said = told(Path(sys.argv[1]), sys.argv[2] == "given")
    Path(sys.argv[1], f"reads{said['rank']}.json").write_text(json.dumps(said))
    leave()
