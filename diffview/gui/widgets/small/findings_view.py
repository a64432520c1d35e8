"""Findings of the lint: the questionable ones with their remedies, the others on request."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from diffview.gui.theme import GRID, theme
from diffview.gui.widgets.ink import ink
from diffview.gui.widgets.small.parts import column_of, empty, grid_of, line, named, words

if TYPE_CHECKING:
    from diffview.forward.lint import Finding


class Dot(QWidget):
    """A dot in the colour of a finding, beside the first line of its sentence."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        """A column for the dot."""
        return QSize(theme.px(GRID), theme.px(2 * GRID))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink(painter, None, theme.colour(self._token))
        radius = theme.px(3)
        painter.drawEllipse(QPointF(radius, theme.px(GRID)), radius, radius)


class FindingsView(QWidget):
    """A list of findings; those that are fine are one line until it is opened.

    Signals:
        remedied: a remedy was clicked; its changes.
    """

    remedied = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[tuple[Finding, ...]] = []
        column = column_of(self, GRID // 2)
        self._amiss, self._fine = QWidget(), QWidget()
        self.more = named(QToolButton(), "checksFineButton", "Show the checks that are fine")
        self.more.setProperty("flat", True)
        self.more.setCheckable(True)
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more.setArrowType(Qt.ArrowType.RightArrow)
        self.more.toggled.connect(self._toggle)
        for widget in (self._amiss, self.more, self._fine):
            column.addWidget(widget)
        self._grids = {widget: grid_of(widget, wide=1) for widget in (self._amiss, self._fine)}
        self._fine.hide()
        self.show_findings([])

    def show_findings(self, findings: "Sequence[Finding]") -> None:
        """Show other findings; the same ones change nothing."""
        amiss, fine = (tuple(f for f in findings if f.ok == ok) for ok in (False, True))
        if self._shown == [amiss, fine]:
            return
        self._shown = [amiss, fine]
        self._fill(self._amiss, amiss, "warn")
        self._fill(self._fine, fine, "good")
        self._amiss.setVisible(bool(amiss))
        self.more.setVisible(bool(fine))
        self.more.setText(f"{len(fine)} check{'s' if len(fine) != 1 else ''} fine")
        self._fine.setVisible(bool(fine) and self.more.isChecked())

    def _toggle(self, shown: bool) -> None:
        self.more.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        self._fine.setVisible(shown and bool(self._shown[1]))

    def _fill(self, where: QWidget, findings: "Sequence[Finding]", token: str) -> None:
        grid = self._grids[where]
        empty(grid)
        for row, finding in enumerate(findings):
            grid.addWidget(Dot(token), 2 * row, 0)
            grid.addWidget(named(words(finding.sentence), tip=finding.reason), 2 * row, 1)
            if finding.remedies:
                grid.addWidget(self._remedies(finding), 2 * row + 1, 1)

    def _remedies(self, finding: "Finding") -> QWidget:
        box, buttons = QWidget(), []
        for remedy in finding.remedies:
            tip = "Make this change; Undo takes it back"
            button = named(QPushButton(remedy.title), f"remedy_{finding.key}", remedy.title, tip)
            button.clicked.connect(partial(self._remedy, remedy.changes))
            buttons.append(button)
        column_of(box).addLayout(line(*buttons))
        return box

    def _remedy(self, changes: Mapping[str, Any], _checked: bool = False) -> None:
        self.remedied.emit(dict(changes))
