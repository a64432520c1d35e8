"""Kills a talk at random beats of the packaged lecture, in the middle of each, and looks where the next start goes on.

    python tools/kill_lecture.py [--count 10] [--seed 17]

Exit status 1 if one of them does not come back to its beat.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from diffview.story.lecture import packaged_lecture
from diffview.story.place import Place, goes_on

PROGRAM = """
import sys
from pathlib import Path
from diffview.gui.app import application, create_window, show_window
from diffview.gui.settings import Settings
from diffview.story.lecture import packaged_lecture
from diffview.story.place import Place

app = application()
window = create_window(settings=Settings(Path(sys.argv[1])))
show_window(window, (1280, 720))
if len(sys.argv) > 2:
    chapter, beat = (int(word) for word in sys.argv[2:])
    window.lecturing.begin(packaged_lecture(), Place(chapter, beat - 1))
else:
    window.lecturing.start()
talk = window.lecturing.talk
while talk.playing:
    app.processEvents()
if len(sys.argv) > 2:
    talk.next()
print(*talk.place, flush=True)
while True:
    app.processEvents()
"""


def killed(words: list[str], settings: Path) -> Place:
    """Where a program says that it is; it is killed then."""
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    asked = [sys.executable, "-c", PROGRAM, str(settings), *words]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, text=True, env=env) as talk:
        said = talk.stdout.readline() if talk.stdout is not None else ""
        talk.send_signal(signal.SIGKILL)
    chapter, beat = (int(word) for word in said.split())
    return Place(chapter, beat)


def resting(place: Place) -> Place:
    """Where a talk that goes on there comes to rest: what plays by itself is played."""
    chapter, beat = packaged_lecture().chapters[place.chapter], place.beat
    while goes_on(chapter, beat):
        beat += 1
    return Place(place.chapter, beat)


def main() -> int:
    """Kill and look."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--seed", type=int, default=17)
    options = parser.parse_args()
    chapters = packaged_lecture().chapters
    places = [Place(i, k) for i, chapter in enumerate(chapters) for k in range(1, len(chapter.beats) + 1)]
    lost = 0
    for place in random.Random(options.seed).sample(places, options.count):
        with tempfile.TemporaryDirectory() as folder:
            settings = Path(folder) / "diffview.ini"
            was = killed([str(place.chapter), str(place.beat)], settings)
            found = killed([], settings)
        was = resting(was)
        lost += found != was
        told = "returns" if found == was else f"goes on at chapter {found.chapter + 1}, beat {found.beat}"
        print(f"chapter {was.chapter + 1}, beat {was.beat}, {chapters[was.chapter].title}: {told}", flush=True)
    print(f"{options.count - lost} of {options.count} return to their beat.")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
