"""Findings of the lint: the questionable ones with their remedies, the others on request."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from diffview.gui.theme import GRID, theme
from diffview.gui.widgets.ink import ink
from diffview.gui.widgets.small.parts import column_of, empty, grid_of, line, named, words
from diffview.gui.widgets.small.text import set_tip

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
        self._shown: list[tuple[Finding, ...]] = [(), ()]
        self._rows: dict[QWidget, list[tuple[Finding, QLabel]]] = {}
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
        for widget in (self._amiss, self.more, self._fine):
            widget.hide()

    def show_findings(self, findings: "Sequence[Finding]") -> None:
        """Show other findings; the same ones change nothing."""
        amiss, fine = (tuple(f for f in findings if f.ok == ok) for ok in (False, True))
        if self._shown == [amiss, fine]:
            return
        self._shown = [amiss, fine]
        self._fill(self._amiss, amiss, "warn")
        self.more.setVisible(bool(fine))
        self.more.setText(f"{len(fine)} check{'s' if len(fine) != 1 else ''} fine")
        self._show_fine()

    def _toggle(self, shown: bool) -> None:
        self.more.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        self._show_fine()

    def _show_fine(self) -> None:
        """Show what is fine, if that is asked for."""
        self._fill(self._fine, self._shown[1] if self.more.isChecked() else (), "good")

    def _fill(self, where: QWidget, findings: "Sequence[Finding]", token: str) -> None:
        """Show findings in a list; where only numbers differ, as in a drag, the rows stay."""
        rows, grid = self._rows.get(where, []), self._grids[where]
        if [(one.key, one.remedies) for one, _ in rows] == [(one.key, one.remedies) for one in findings]:
            for (before, label), finding in zip(rows, findings, strict=True):
                if before != finding:
                    label.setText(finding.sentence)
                    set_tip(label, finding.reason)
            self._rows[where] = [(finding, label) for finding, (_, label) in zip(findings, rows, strict=True)]
        else:
            empty(grid)
            added = (self._add_row(grid, 2 * row, finding, token) for row, finding in enumerate(findings))
            self._rows[where] = list(zip(findings, added, strict=True))
        where.setVisible(bool(findings))

    def _add_row(self, grid: QGridLayout, row: int, finding: "Finding", token: str) -> QLabel:
        """A row: its dot, its sentence, which is returned, and its remedies."""
        label = named(words(finding.sentence), tip=finding.reason)
        grid.addWidget(Dot(token), row, 0)
        grid.addWidget(label, row, 1)
        if finding.remedies:
            grid.addWidget(self._remedies(finding), row + 1, 1)
        return label

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
