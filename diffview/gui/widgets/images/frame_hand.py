"""Dragging a frame over an image. All in pixels of the image; no painting, no widget."""

from PySide6.QtCore import QPoint, QPointF, QRect, QSize

from diffview.gui.widgets.images.region_frame import MAX_SIDE, MIN_SIDE, Grip, drawn, grip_at, grown, moved, resized

WHOLE, LOWER_RIGHT = Grip(0, 0), Grip(1, 1)


class FrameHand:
    """One frame, and its changes by press, drag and arrow.

    Attributes:
        frame: its rectangle, or None.
        square: whether it stays a square.
        limits: its shortest and its longest side.
        drawing: whether a press draws a new frame instead of grabbing this one.
        grip: the part that is grabbed, or None.
        nudged: whether arrows have moved it since its last release.
    """

    def __init__(self) -> None:
        self.frame: QRect | None = None
        self.square, self.limits = True, (MIN_SIDE, MAX_SIDE)
        self.drawing = self.nudged = False
        self.grip: Grip | None = None
        self._corner: QPoint | None = None
        self._start = QRect()

    @property
    def draws(self) -> bool:
        """Whether a drag draws a new frame, now or at the next press."""
        return self.drawing or self._corner is not None

    @property
    def changing(self) -> bool:
        """Whether it is grabbed or nudged."""
        return self.grip is not None or self.nudged

    def under(self, point: QPointF, reach: float) -> Grip | None:
        """The part that a press at `point` would grab, within `reach`."""
        return None if self.frame is None else grip_at(self.frame, point, reach)

    def press(self, point: QPointF, reach: float, anew: bool) -> None:
        """Grab the part there, or begin a new frame."""
        self._start = self.frame or QRect()
        if (anew or self.drawing) and self.frame is not None:
            self.grip, self._corner = LOWER_RIGHT, point.toPoint()
        else:
            self.grip, self._corner = self.under(point, reach), None

    def drag(self, point: QPointF, way: QPointF, bounds: QSize) -> bool:
        """Follow a drag that is at `point` now, `way` from where it began; returns whether the frame changed."""
        if self.grip is None:
            return False
        if self._corner is not None:
            return self._take(drawn(self._corner, point.toPoint(), bounds, self.square, self.limits))
        return self._move(self.grip, self._start, way.toPoint(), bounds)

    def release(self) -> bool:
        """Release; returns whether the frame has changed since it was grabbed."""
        held, self.grip, self._corner = self.grip, None, None
        return held is not None and self.frame is not None and self.frame != self._start

    def nudge(self, step: QPoint, grow: bool, bounds: QSize) -> bool:
        """Move it, or its lower right corner, by an arrow; returns whether it changed."""
        if self.frame is None:
            return False
        self.nudged = True
        return self._move(LOWER_RIGHT if grow else WHOLE, self.frame, grown(step, self.square, grow), bounds)

    def _move(self, grip: Grip, start: QRect, shift: QPoint, bounds: QSize) -> bool:
        if grip == WHOLE:
            return self._take(moved(start, shift, bounds))
        return self._take(resized(start, grip, shift, bounds, self.square, self.limits))

    def _take(self, new: QRect) -> bool:
        changed = new != self.frame
        self.frame = new
        return changed
