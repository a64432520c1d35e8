"""Paragraphs as high as their text where there is room, and scrollable where there is none."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from diffview.gui.theme import theme

LEAST_PX = 52
"""Three lines."""


class WordArea(QScrollArea):
    """Labels below each other."""

    def __init__(self, labels: Sequence[QLabel], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._body = body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        for label in labels:
            column.addWidget(label)
        self.setWidget(body)
        body.installEventFilter(self)

    def sizeHint(self) -> QSize:
        """All lines at the width in force."""
        return QSize(super().sizeHint().width(), self._body.heightForWidth(self.viewport().width()))

    def minimumSizeHint(self) -> QSize:
        """Some lines, or all where they are fewer."""
        return QSize(theme.px(60), min(theme.px(LEAST_PX), self.sizeHint().height()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Adapt the height to another width."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Adapt the height to other texts."""
        if event.type() is QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)
