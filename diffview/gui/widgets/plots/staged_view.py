"""What plots lie in: a view of pyqtgraph that can be drawn for an audience, as `staged.Staged` widgets are."""

import pyqtgraph as pg
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QWidget

from diffview.gui.theme import theme


class StagedView(pg.GraphicsView):  # type: ignore[misc]
    """A view that is drawn as the window is, or on a stage.

    Attributes:
        stage_scale: its own zoom in front of an audience, 0 in the window.
    """

    stage_scale = 0.0

    def useOpenGL(self, b: bool = True) -> None:
        """Give it a surface that is made here, and painted by the CPU.

        To hand over one that Qt made, PySide looks for its class among all the widgets that there are.
        """
        self.setViewport(QWidget())

    def px(self, length: float) -> int:
        """A length of the design in pixels at the zoom of this view, whoever asks."""
        return max(1, round(length * (self.stage_scale or theme.scale)))

    def set_stage_scale(self, scale: float) -> None:
        """Take a zoom of its own, with strong lines and colours, for an audience; 0: as the window."""
        if scale != self.stage_scale:
            self.stage_scale = scale
            self.follow_theme()

    def follow_theme(self) -> None:
        """Restyle at its own zoom."""
        with theme.on_stage(self.stage_scale):
            self.restyle()

    def restyle(self) -> None:
        """Take colours, fonts and zoom; for subclasses."""

    def viewportEvent(self, event: QEvent) -> bool:
        """Everything that Qt asks of it is done at its own zoom."""
        with theme.on_stage(self.stage_scale):
            return bool(super().viewportEvent(event))
