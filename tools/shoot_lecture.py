"""Pictures of every place of a lecture at which the clicker is pressed, and all of them small on one sheet.

    python tools/shoot_lecture.py OUT [--lecture talk] [--size 1280x720] [--mode dark] [--chapters 1,9]

OUT/03-02.png is chapter 3 after two beats. OUT/sheet.png shows each as it is 320 pixels wide: what cannot be told apart
there is not understood in the last row. QT_SCALE_FACTOR=2 draws them as on a screen of twice the density.
"""

import argparse
import time
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from diffview.gui.app import rehearsing
from diffview.gui.window.main_window import MainWindow
from diffview.story.place import Place

SMALL, ACROSS, GAP = 320, 4, 8
SETTLED_S = 0.2


def sheet_of(files: list[Path]) -> QImage:
    """The pictures side by side, 320 pixels wide."""
    mode = Qt.TransformationMode.SmoothTransformation
    small = [QImage(str(file)).scaledToWidth(SMALL, mode) for file in files]
    high = max(image.height() for image in small) + GAP
    sheet = QImage(ACROSS * (SMALL + GAP), -(-len(small) // ACROSS) * high, QImage.Format.Format_RGB32)
    sheet.fill(Qt.GlobalColor.gray)
    painter = QPainter(sheet)
    for i, image in enumerate(small):
        painter.drawImage(i % ACROSS * (SMALL + GAP), i // ACROSS * high, image)
    painter.end()
    return sheet


def main() -> None:
    """Play and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--lecture", type=Path)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--mode", default="dark", choices=("dark", "light"))
    parser.add_argument("--chapters", default="", help="their numbers, from 1; none: all")
    options = parser.parse_args()
    width, height = (int(side) for side in options.size.split("x"))
    options.out.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []

    def looked(window: MainWindow, place: Place) -> list[str]:
        until = time.monotonic() + SETTLED_S
        while time.monotonic() < until:  # a picture of another shape is given other room
            QApplication.processEvents()
        files.append(options.out / f"{place.chapter + 1:02d}-{place.beat:02d}.png")
        window.staging.stage.grab().save(str(files[-1]))
        return window.staging.stage.faults()

    wanted = [int(number) - 1 for number in options.chapters.split(",") if number]
    with rehearsing(options.lecture, (width, height), options.mode, looked) as (_, rehearsal):
        for number, seen in rehearsal.chapters(wanted):
            print(seen.words(number + 1), flush=True)
    sheet_of(files).save(str(options.out / "sheet.png"))


if __name__ == "__main__":
    main()
