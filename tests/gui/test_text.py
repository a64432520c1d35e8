"""What files say is shown as it is: no label and no tooltip reads it as markup."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QTreeWidgetItem, QWidget

import diffview.gui
from diffview.gui.widgets.small.parts import Heading, words
from diffview.gui.widgets.small.text import literal, plain, set_tip

GUI = Path(diffview.gui.__file__).parent
HOME = GUI / "widgets" / "small" / "text.py"


def named(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def bypasses(tree: ast.Module) -> Iterator[str]:
    """Labels that may read markup, and tooltips that are not escaped."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    inside = {id(part) for call in calls if named(call) in ("plain", "words") for part in ast.walk(call)}
    for call in calls:
        text = ast.unparse(call)
        if named(call) == "QLabel" and id(call) not in inside:
            yield f"{call.lineno}: {text}"
        if named(call) == "setToolTip" or (named(call) == "setTextFormat" and "PlainText" not in text):
            yield f"{call.lineno}: {text}"
        told = named(call) in ("showText", "setItemData", "setData") and ("QToolTip" in text or "ToolTipRole" in text)
        if told and "literal(" not in text:
            yield f"{call.lineno}: {text}"
    for node in ast.walk(tree):
        labels = isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "QLabel" for base in node.bases)
        if labels and "plain(" not in ast.unparse(node):
            yield ast.unparse(node)


def test_no_label_and_no_tooltip_of_the_window_goes_round_the_one_function() -> None:
    found = {
        path.relative_to(GUI).as_posix(): offences
        for path in sorted(GUI.rglob("*.py"))
        if path != HOME and (offences := list(bypasses(ast.parse(path.read_text(encoding="utf-8")))))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("source", "caught"),
    [("w.setToolTip(name)", True), ("x = QLabel(name)", True), ("x = plain(QLabel(name))", False),
     ("class L(QLabel):\n    pass", True), ("QToolTip.showText(at, text, self)", True),
     ("QToolTip.showText(at, literal(text), self)", False), ("label.setTextFormat(Qt.TextFormat.RichText)", True)],
)  # fmt: skip
def test_the_scan_sees_what_goes_round(source: str, caught: bool) -> None:
    assert bool(list(bypasses(ast.parse(source)))) == caught


def test_markup_in_a_text_is_shown_and_not_read(qtbot) -> None:
    name = "<b>sst</b> & <img src='x'>"
    for label in (plain(QLabel(name)), words(name), Heading(name)):
        qtbot.addWidget(label)
        assert label.textFormat() is Qt.TextFormat.PlainText and label.text() == name
    widget, item = QWidget(), QTreeWidgetItem(["a", "b"])
    qtbot.addWidget(widget)
    set_tip(widget, name)
    set_tip(item, name, 1)
    assert widget.toolTip() == item.toolTip(1) == literal(name)
    shown = QLabel(literal(name))
    qtbot.addWidget(shown)
    assert "&lt;b&gt;sst&lt;/b&gt; &amp; &lt;img" in literal(name)
    assert literal("a & b\nc") == "a & b\nc", "what cannot be markup stays as it is"
