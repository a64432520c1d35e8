"""The picture of one view: PNG at any scale, and of a plot SVG, whose lines and letters stay sharp."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QPoint, QRect
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QGraphicsItem, QGraphicsView, QWidget

from diffview.paths import write_bytes

KINDS = {
    "PNG, twice the pixels (*.png)": 2.0, "PNG, as on screen (*.png)": 1.0, "PNG, four times the pixels (*.png)": 4.0,
    "SVG (*.svg)": 0.0,
}  # fmt: skip
"""By their name in the dialog: pixels of the picture for one of the window along each side; 0: of lines."""


def save_view(view: QWidget, path: Path, scale: float) -> None:
    """Write the picture of a view: SVG where the name ends so, else PNG of `scale` times its pixels.

    Raises:
        UserError: if the file cannot be written.
    """
    write_bytes(path, svg_of(view) if path.suffix.lower() == ".svg" else png_of(view, scale or 2.0))


def png_of(view: QWidget, scale: float) -> bytes:
    """The view drawn anew with `scale` times its pixels along each side; nothing is enlarged."""
    pixels, buffer = QPixmap(view.size() * scale), QBuffer()
    pixels.setDevicePixelRatio(scale)
    with _drawn_anew(view):
        QWidget.render(view, pixels)  # a view of a scene has a render of its own
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    pixels.save(buffer, "PNG")
    return bytes(buffer.data().data())


def svg_of(view: QWidget) -> bytes:
    """The view as lines, letters and areas; pictures in it stay pictures."""
    from PySide6.QtSvg import QSvgGenerator

    buffer, svg = QBuffer(), QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)  # the smaller version cannot clip
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    svg.setOutputDevice(buffer)
    svg.setSize(view.size())
    svg.setViewBox(QRect(0, 0, view.width(), view.height()))
    svg.setTitle(view.accessibleName())
    painter = QPainter(svg)
    with _drawn_anew(view):
        QWidget.render(view, painter, QPoint())
    painter.end()
    return bytes(buffer.data().data())


@contextmanager
def _drawn_anew(view: QWidget) -> Iterator[None]:
    """Inside, nothing of the plots is kept as pixels, which would be drawn as pixels."""
    plots = [view] if isinstance(view, QGraphicsView) else view.findChildren(QGraphicsView)
    kept = [(plot, plot.cacheMode()) for plot in plots]
    parts = [(item, item.cacheMode()) for plot in plots for item in plot.scene().items()]
    for plot in plots:
        plot.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)
    for item, _ in parts:
        item.setCacheMode(QGraphicsItem.CacheMode.NoCache)
    try:
        yield
    finally:
        for plot, mode in kept:
            plot.setCacheMode(mode)
        for item, own in parts:
            item.setCacheMode(own)
