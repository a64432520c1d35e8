"""Damage files at random and read them: the reader process may die, its caller gets a sentence, the next file opens.

    python tools/fuzz_files.py FOLDER --mutants 2000

Every mutant is listed, described and shown in a reader process as the window would do it. Exit status 1 if one met a
fault of the reader (a traceback) or took longer than the limit, or if a sound file did not open afterwards; --keep
keeps such mutants.
"""

import argparse
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from diffview.errors import UserError
from diffview.readers.process import ReaderProcess, Reply

LARGEST = 4 * 2**20  # bytes; of larger files the structure is too small a part to be hit
PATIENCE = 4.0  # seconds of processor time before a reader that is stuck ends itself; the files are small
LIMIT = 60.0  # seconds for one request
QUESTIONS = ("list_group", "describe", "find_plottable", "read_slice")
BLOCK = re.compile(rb"\x89HDF|OHDR|OCHK|TREE|HEAP|SNOD|FRHP|FHDB|FHIB|FSHD|BTHD|BTIN|BTLF|GCOL|FAHD|EAHD|EAIB|EADB")
GOOD, SLOW, FAULT, DEAD = "picture", "too slow", "fault", "reader stopped"


def _place(content: bytes, rng: np.random.Generator) -> int:
    """A byte to damage: mostly in the blocks that hold the structure, else anywhere."""
    blocks = [match.start() for match in BLOCK.finditer(content)]
    near = int(rng.choice(blocks)) + int(rng.integers(0, 400)) if blocks and rng.random() < 0.8 else len(content)
    return near if near < len(content) else int(rng.integers(len(content)))


def _cut(content: bytes, rng: np.random.Generator) -> bytes:
    """The end is missing."""
    return content[: int(rng.integers(1, len(content)))]


def _flip(content: bytes, rng: np.random.Generator) -> bytes:
    """Some bytes are others."""
    broken = bytearray(content)
    for _ in range(int(rng.integers(1, 13))):
        broken[_place(content, rng)] = int(rng.integers(256))
    return bytes(broken)


def _extreme(content: bytes, rng: np.random.Generator) -> bytes:
    """A number of 1, 2, 4 or 8 bytes is nothing, huge or negative."""
    size, at = int(rng.choice([1, 2, 4, 8])), _place(content, rng)
    values = (bytes(size), b"\xff" * size, b"\xff" * (size - 1) + b"\x7f", bytes(size - 1) + b"\x80")
    return content[:at] + values[int(rng.integers(len(values)))] + content[at + size :]


def _copied(content: bytes, rng: np.random.Generator) -> bytes:
    """A stretch lies over another one, as after a transfer that went wrong."""
    size, start, at = int(rng.integers(1, 600)), _place(content, rng), _place(content, rng)
    piece = content[start : start + size]
    return content[:at] + piece + content[at + len(piece) :]


def _zeroed(content: bytes, rng: np.random.Generator) -> bytes:
    """A stretch was never written."""
    size, at = int(rng.integers(1, 600)), _place(content, rng)
    return content[:at] + bytes(len(content[at : at + size])) + content[at + size :]


def _shifted(content: bytes, rng: np.random.Generator) -> bytes:
    """A few bytes were lost or added: everything behind them moves."""
    at, size = _place(content, rng), int(rng.integers(1, 9))
    return content[:at] + content[at + size :] if rng.random() < 0.5 else content[:at] + bytes(size) + content[at:]


DAMAGES: tuple[Callable[[bytes, np.random.Generator], bytes], ...] = (
    _cut, _flip, _flip, _extreme, _extreme, _copied, _zeroed, _shifted,
)  # fmt: skip


def mutant(content: bytes, rng: np.random.Generator) -> bytes:
    """`content` with one kind of damage, now and then with two."""
    for _ in range(1 + int(rng.random() < 0.2)):
        content = DAMAGES[int(rng.integers(len(DAMAGES)))](content, rng)
    return content


def ask(reader: ReaderProcess, name: str, path: str, limit: float = LIMIT) -> Reply | None:
    """The reply to one request, by polling as the window does; None, and a fresh reader, if it takes too long."""
    ticket, end = reader.submit(name, path=path), time.monotonic() + limit
    while time.monotonic() < end:
        for reply in reader.poll():
            if reply.ticket == ticket:
                return reply
        time.sleep(0.001)
    reader.cancel()
    reader.poll()
    return None


def outcome(reply: Reply | None) -> str:
    """What became of a request: a value, too slow, a fault of the reader, its death, or a sentence."""
    if reply is None:
        return SLOW
    if reply.error is None:
        return GOOD
    if reply.traceback or not reply.error.sentence.endswith("."):
        return FAULT
    return DEAD if reply.error.sentence.startswith("The reader stopped") else "sentence"


def fuzz(
    files: Sequence[Path], count: int, seed: int, say: Callable[[str], None], keep: Path | None = None
) -> tuple[Counter[str], list[str]]:
    """Read `count` mutants of `files`; (how often each outcome of a request came, what must not happen).

    A sound file is read after every death of the reader, and after every fiftieth mutant.
    """
    rng, counts, bad = np.random.default_rng(seed), Counter[str](), list[str]()
    reader = ReaderProcess(PATIENCE)
    sound = _sound(reader, files)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            source = files[number % len(files)]
            path = Path(folder) / f"mutant{number}{source.suffix}"
            path.write_bytes(mutant(source.read_bytes(), rng))
            seen = []
            for name in QUESTIONS:
                reply = ask(reader, name, str(path))
                seen.append(outcome(reply))
                if seen[-1] in (SLOW, FAULT):
                    bad.append(f"{seen[-1]}: {name} of mutant {number} of {source.name} {reply and reply.traceback}")
                    say(bad[-1])
                    if keep is not None:
                        (keep / path.name).write_bytes(path.read_bytes())
                if seen[-1] == DEAD:  # the next question would end like this one
                    break
            counts.update(seen)
            path.unlink()
            if (DEAD in seen or number % 50 == 49) and outcome(ask(reader, "read_slice", str(sound))) != GOOD:
                bad.append(f"{sound.name} did not open after mutant {number} of {source.name}")
                say(bad[-1])
            if number % 100 == 99:
                say(f"{number + 1} mutants: {dict(counts)}")
    reader.close()
    return counts, bad


def _sound(reader: ReaderProcess, files: Sequence[Path]) -> Path:
    """The first file that gives a picture.

    Raises:
        UserError: if none does.
    """
    for path in files:
        if outcome(ask(reader, "read_slice", str(path))) == GOOD:
            return path
    raise UserError("None of the files gives a picture.", "Choose a folder with HDF5 files.")


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="its files, and those of its folders, are damaged as copies")
    parser.add_argument("--mutants", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the mutants that met a fault")
    given = parser.parse_args()
    files = sorted(p for p in given.folder.rglob("*") if p.is_file() and 0 < p.stat().st_size <= LARGEST)
    try:
        counts, bad = fuzz(files, given.mutants, given.seed, lambda text: print(text, flush=True), given.keep)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{given.mutants} mutants of {len(files)} files: {dict(counts)}; {len(bad)} must not happen")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
