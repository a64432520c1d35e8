"""Widgets that can be drawn for an audience: at a zoom of their own, in strong colours."""

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QWidget

from diffview.gui.theme import theme


class Staged(QWidget):
    """A widget that is drawn as the window is, or on a stage.

    Attributes:
        stage_scale: its own zoom in front of an audience, 0 in the window.
    """

    stage_scale = 0.0

    def set_stage_scale(self, scale: float) -> None:
        """Take a zoom of its own, with strong lines and colours, for an audience; 0: as the window."""
        if scale != self.stage_scale:
            self.stage_scale = scale
            self.updateGeometry()
            self.update()

    def px(self, length: float) -> int:
        """A length of the design in pixels at the zoom of this widget, whoever asks."""
        return max(1, round(length * (self.stage_scale or theme.scale)))

    def event(self, event: QEvent) -> bool:
        """Everything that Qt asks of it is done at its own zoom."""
        with theme.on_stage(self.stage_scale):
            return bool(super().event(event))
