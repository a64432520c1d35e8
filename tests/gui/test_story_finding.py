"""What is found by typing: commands, keys and words, by key and mouse."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QTreeWidget

from diffview.gui.actions import ENTRIES
from diffview.gui.show.finding import FinderRow, found, worth
from diffview.story.words import TERMS

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def opened(window, name):
    return window.findChild(QLineEdit, f"{name}Query"), window.findChild(QTreeWidget, f"{name}List")


def rows_of(tree):
    return [(tree.topLevelItem(i).text(0), tree.topLevelItem(i).text(1)) for i in range(tree.topLevelItemCount())]


def test_a_command_is_found_by_a_few_letters_and_done(window, hand, wait):
    hand.key(window, Qt.Key.Key_P, CTRL | SHIFT)
    query, tree = opened(window, "palette")
    wait(query.hasFocus)
    assert query.isVisible() and len(rows_of(tree)) > len(ENTRIES) - 5
    QTest.keyClicks(query, "train")
    assert tree.currentItem().text(0) == "Train" and tree.currentItem().text(1) == "Ctrl+2"
    QTest.keyClick(query, Qt.Key.Key_Return)
    wait(lambda: not window.docks["trainDock"].isHidden())
    assert not query.isVisible()
    hand.key(window, Qt.Key.Key_P, CTRL | SHIFT)
    assert query.text() == "", "it begins anew"
    QTest.keyClick(query, Qt.Key.Key_Escape)
    assert not query.isVisible()


def test_what_cannot_be_done_says_why_and_is_not_done(window, hand):
    hand.key(window, Qt.Key.Key_P, CTRL | SHIFT)
    query, tree = opened(window, "palette")
    QTest.keyClicks(query, "redo")
    assert tree.currentItem().text(0) == "Redo — No edit was taken back."
    QTest.keyClick(query, Qt.Key.Key_Return)
    assert query.isVisible()
    QTest.keyClicks(query, "zzz")
    assert rows_of(tree) == []


def test_keys_stand_in_groups_and_are_searched(window, hand):
    hand.key(window, Qt.Key.Key_F1)
    query, tree = opened(window, "keys")
    rows = rows_of(tree)
    assert rows.count(("File", "")) == rows.count(("Run", "")) == 1 and ("Larger text", "Ctrl++, Ctrl+=") in rows
    shown = {keys for _, keys in rows}
    assert all(", ".join(entry.keys) in shown for entry in ENTRIES if entry.keys and entry.name != "paletteAction")
    QTest.keyClicks(query, "pgdown")
    assert [text for text, _ in rows_of(tree)] == ["A twentieth on"]


def test_a_word_is_found_with_its_sentence_and_equation(window, hand, find):
    hand.key(window, Qt.Key.Key_F2)
    query, tree = opened(window, "words")
    assert len(rows_of(tree)) == len(TERMS) + 1
    QTest.keyClicks(query, "spread")
    assert tree.currentItem().text(0) == "spread"
    query.clear()
    QTest.keyClicks(query, "Brownian")
    assert tree.currentItem().text(0) == "y" and "Brownian motion" in find(window, "wordMeaning").text()
    assert find(window, "wordEquation").key == "brownian" and find(window, "wordEquation").isVisible()
    assert find(window, "wordRead").text() == "Read on in docs/theory.md."
    QTest.keyClick(query, Qt.Key.Key_Down)


@pytest.mark.parametrize(("name", "key"), [("quantityControl", "alpha_bar"), ("quantityControl", "log_snr")])
def test_the_same_text_is_the_tooltip_where_the_symbol_stands(window, find, name, key):
    control = find(window, name)
    tips = [child.toolTip() for child in control.findChildren(QAbstractButton)]
    assert any(TERMS[key].sentence in tip for tip in tips)


def test_letters_that_begin_words_or_follow_each_other_count_most():
    assert worth("sr", "Save recipe…") > worth("sr", "Import schedule for")
    assert worth("xyz", "Save recipe…") is None and worth("", "a") == 0
    rows = [
        FinderRow("a", "g", "Import schedule…"),
        FinderRow("b", "g", "Save recipe…"),
        FinderRow("c", "g", "Undo", "Ctrl+Z", more="take"),
    ]
    assert [row.key for row in found("rec", rows)] == ["b"]
    assert [row.key for row in found("sched", rows)] == ["a"]
    assert [row.key for row in found("ctrl+z", rows)] == ["c"] and found("", rows) == rows
