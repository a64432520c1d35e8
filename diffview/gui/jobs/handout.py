"""The handout of a lecture, made beside the window by the command that makes it without one: it may take minutes."""

import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from diffview.errors import UserError
from diffview.gui.jobs.background import Background
from diffview.gui.session import Message
from diffview.runs.job import FINISHED, STOPPED, Job
from diffview.story.lecture import Lecture, write_lecture

FORMATS = {".html": "--html", ".pdf": "--pdf"}
"""What the command calls them, by the ending of the file."""

LOOK_S = 0.1
SHARE = re.compile(r"(\d+) ?%")


@dataclass(eq=False)
class HandoutJob(Job):
    """One page of HTML, or a PDF.

    Attributes:
        lecture: as it is now, saved or not.
        path: of the file.
    """

    lecture: Lecture
    path: Path

    def work(self) -> None:
        """Let the command make it."""
        with tempfile.TemporaryDirectory() as folder:
            talk, said = Path(folder) / "talk.zip", Path(folder) / "said"
            write_lecture(self.lecture, talk)
            asked = [FORMATS[self.path.suffix.lower()], str(self.path)]
            words = [sys.executable, "-P", "-m", "diffview", "lecture", str(talk), *asked]
            with said.open("wb") as heard:
                made = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=heard, stderr=heard)
                self._wait(made, said)
            if made.returncode:
                why = said.read_text("utf-8", "replace").rpartition("diffview: ")[2].split()
                raise UserError(f"{self.path} was not made.", " ".join(why) or "Try the command diffview lecture.")

    def _wait(self, made: "subprocess.Popen[bytes]", said: Path) -> None:
        try:
            while made.poll() is None:
                shares = SHARE.findall(said.read_text("utf-8", "replace"))
                self.tell(float(shares[-1]) / 100 if shares else self.done)
                time.sleep(LOOK_S)
        finally:
            if made.poll() is None:
                made.terminate()
            made.wait()


class HandoutMaker(Background[HandoutJob]):
    """Makes one handout at a time."""

    kind = "handout"

    def start(self, lecture: Lecture, path: Path) -> None:
        """Make the handout of a lecture as this file.

        Raises:
            UserError: if its ending is none of those there are.
        """
        if path.suffix.lower() not in FORMATS:
            raise UserError(f"{path.name} is neither a page nor paper.", f"Let it end in {' or '.join(FORMATS)}.")
        if self.begin(lambda: HandoutJob(lecture, path)):
            self._session.tell(
                Message(f"{path.name} is being made.", "It may take minutes.", action=("Stop", self.stop))
            )

    def take(self, job: HandoutJob) -> None:
        """Show how the job ended."""
        if job.state == FINISHED:
            self._session.tell(Message(f"Saved {job.path}.", f"{len(job.lecture.chapters)} chapters."))
        elif job.state == STOPPED:
            self._session.tell(Message(f"{job.path.name} was not written.", "An older file of that name is as it was."))
        else:
            super().take(job)
