"""Words on labels and in tooltips are shown as they are: what a file says is never read as markup."""

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def plain(label: QLabel) -> QLabel:
    """A label that shows every text as it is."""
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def literal(text: str) -> str:
    """A tooltip that shows `text` as it is, line ends too, also where Qt would take it for markup."""
    return f"<p style='white-space: pre-wrap'>{text.translate(ESCAPED)}</p>" if "<" in text else text


def set_tip(target: Any, text: str, *column: int) -> None:
    """Give a widget, an action or an item, of a tree in one column, the tooltip `text`, shown as it is."""
    target.setToolTip(*column, literal(text))
