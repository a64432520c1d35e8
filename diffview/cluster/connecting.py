"""A cluster is asked by its address who works there: in a process of its own, so that nobody waits for it in a window.

    python -m diffview.cluster.connecting ADDRESS [torch]

says it as JSON: {"workers": 2}, or {"sentence": ..., "hint": ...}.
"""

import json
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from diffview.cluster.block import versions
from diffview.cluster.engines import Dask, engine_of
from diffview.errors import UserError
from diffview.runs.job import Job

PATIENCE_S, LOOK_S = 30.0, 0.05
"""Seconds after which a cluster is given up, and between two looks."""


@dataclass(eq=False)
class Connecting(Job):
    """A cluster that is being asked.

    Attributes:
        address: as `--on` takes it.
        torch: whether its workers need torch.
        workers: how many blocks they make at once, once they have answered.
    """

    address: str
    torch: bool = False
    workers: int = 0

    def work(self) -> None:
        """Ask, until it answers, it is given up, or this is to end.

        Raises:
            UserError: if there is none, or its workers are unfit.
        """
        words = [sys.executable, "-m", "diffview.cluster.connecting", self.address, *(["torch"] if self.torch else [])]
        asking = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        until = time.monotonic() + PATIENCE_S
        try:
            while asking.poll() is None:
                self.tell(0.0)
                if time.monotonic() > until:
                    raise UserError(f"{self.address} does not answer.", "Look whether its scheduler still runs.")
                time.sleep(LOOK_S)
            said = asking.stdout.read() if asking.stdout is not None else b""
        finally:
            asking.kill()
            asking.communicate()
        self.workers = _workers(said, self.address)


def _workers(said: bytes, address: str) -> int:
    """How many work there, as the process that asked said it: among all lines, for libraries write some at their end.

    Raises:
        UserError: if it said why that is not known, or nothing.
    """
    for answer in filter(None, map(_answer, reversed(said.splitlines()))):
        if isinstance(workers := answer.get("workers"), int):
            return workers
        if "sentence" in answer:
            raise UserError(str(answer["sentence"]), str(answer.get("hint", "")))
    raise UserError(f"{address} could not be asked.", "Try `diffview sample --on` in a terminal.")


def _answer(line: bytes) -> dict[str, Any]:
    """A line as an answer; nothing of what is none."""
    with suppress(ValueError):
        plain = json.loads(line)
        return plain if isinstance(plain, dict) else {}
    return {}


def _asked(address: str, torch: bool) -> dict[str, Any]:
    """What is to be said of a cluster."""
    try:
        engine = engine_of(address)
        try:
            if isinstance(engine, Dask):
                engine.require(versions(torch))
            return {"workers": engine.workers}
        finally:
            engine.close()
    except UserError as error:
        return {"sentence": error.sentence, "hint": error.hint}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_asked(sys.argv[1], "torch" in sys.argv[2:])) + "\n")
