"""Small widgets alone: the tree of a file and its details, labels, lists, tables, cards, paragraphs."""

from types import SimpleNamespace

import pytest
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QProgressBar, QSlider, QToolButton, QWidget

from diffview.gui.show.rival_words import FactCell, FactRow
from diffview.gui.theme import DARK, LIGHT, SMALL_PX, theme
from diffview.gui.widgets.forms.combo import LEAST_PX, Combo
from diffview.gui.widgets.small import parts
from diffview.gui.widgets.small.card import CardFrame
from diffview.gui.widgets.small.details_view import DetailsView
from diffview.gui.widgets.small.file_tree import WIDE_PX, FileTree
from diffview.gui.widgets.small.icons import NAMES, draw_icon, set_icon
from diffview.gui.widgets.small.rival_table import CELL_GAP, GAP, HEAD, LINE, RivalTable
from diffview.gui.widgets.small.word_area import WordArea
from diffview.readers.base import Node

SHOWN = (300, 300)

pytestmark = [
    pytest.mark.usefixtures("dark"),
    pytest.mark.qt_log_ignore("This plugin does not support"),
]  # the offscreen one, of every window
LEFT = Qt.MouseButton.LeftButton


# -- the tree of a file


def node(path, kind="dataset", plottable=True, **more):
    shape = (10, 12) if kind == "dataset" else ()
    return Node(path, path.rpartition("/")[2], kind, shape=shape, dtype="f4", plottable=plottable, **more)


ROOT = [node("/z"), node("/group", "group", False), node("/line", plottable=False, why="It is a line."), node("/a")]
INNER = [node("/group/sst", units="kelvin"), node("/group/deeper", "group", False)]


@pytest.fixture
def tree(shown):
    made = FileTree()
    made.told = []
    for name in ("groupWanted", "chosen", "followWanted"):
        getattr(made, name).connect(lambda path, name=name: made.told.append((name, path)))
    made.selected.connect(lambda found: made.told.append(("selected", found.path)))
    made.add_nodes("/", ROOT)
    return shown(made)


def asked(tree):
    """What was told but for selections: a tree that takes the focus takes its first row."""
    return [what for what in tree.told if what[0] != "selected"]


def names(tree):
    root = tree.invisibleRootItem()
    return [root.child(i).text(0) for i in range(root.childCount())]


def item(tree, name):
    return tree.findItems(name, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive)[0]


def test_pictures_come_first_and_groups_last_however_they_arrive(tree):
    assert names(tree) == ["a", "z", "line", "group"]
    tree.add_nodes("/", [node("/m"), node("/a")])
    assert names(tree) == ["a", "m", "z", "line", "group"], "what is there already is not added twice"
    tree.add_nodes("/nowhere", [node("/nowhere/x")])
    assert len(names(tree)) == 5


def test_a_group_is_asked_for_once_when_it_is_opened(tree):
    group = item(tree, "group")
    group.setExpanded(True)
    group.setExpanded(False)
    group.setExpanded(True)
    assert asked(tree) == [("groupWanted", "/group")]
    tree.add_nodes("/group", INNER)
    assert [group.child(i).text(0) for i in range(group.childCount())] == ["sst", "deeper"]
    assert item(tree, "sst").text(1) == "10 × 12" and item(tree, "sst").text(2) == "K"


def test_a_dataset_is_chosen_and_a_group_is_not(tree):
    tree.itemActivated.emit(item(tree, "z"), 0)
    tree.itemActivated.emit(item(tree, "group"), 0)
    assert asked(tree) == [("chosen", "/z")]


def test_a_row_deep_inside_is_found_as_its_groups_arrive(tree):
    tree.reveal("/group/deeper/v")
    assert asked(tree) == [("groupWanted", "/group")]
    tree.add_nodes("/group", INNER)
    assert asked(tree)[-1] == ("groupWanted", "/group/deeper")
    tree.add_nodes("/group/deeper", [node("/group/deeper/v")])
    assert tree.currentItem() is item(tree, "v") and tree.told[-1] == ("selected", "/group/deeper/v")
    tree.add_nodes("/group/deeper", [node("/group/deeper/w")])
    assert tree.currentItem() is item(tree, "v"), "it is looked for once"


def test_only_pictures_that_are_seen_are_previewed(tree):
    assert tree.seen() == ["/a", "/z"]
    tree.set_picture("/a", QPixmap(8, 8))
    tree.set_picture("/nowhere", QPixmap(8, 8))
    assert not item(tree, "a").icon(0).isNull() and item(tree, "z").icon(0).isNull()
    tree.restart()
    assert names(tree) == [] and tree.seen() == []


def test_a_wide_tree_has_more_columns(tree):
    assert [tree.isColumnHidden(i) for i in range(5)] == [False, False, False, True, True]
    tree.resize(WIDE_PX + 10, 300)
    assert not any(tree.isColumnHidden(i) for i in range(tree.columnCount()))


def test_the_menu_of_a_row_says_what_can_be_done_with_it(tree):
    (show,) = tree.menu_of(item_node := node("/z")).actions()
    show.trigger()
    assert show.isEnabled() and asked(tree) == [("chosen", item_node.path)]
    (grey,) = tree.menu_of(node("/line", plottable=False, why="It is a line.")).actions()
    assert not grey.isEnabled() and grey.toolTip() == "It is a line."
    link = node("/out", "link", False, why="It lies in another file, b.h5.")
    _, follow = tree.menu_of(link).actions()
    follow.trigger()
    assert asked(tree)[-1] == ("followWanted", "/out")


def test_details_stand_beside_each_other_and_attributes_below(shown):
    view = shown(DetailsView())
    found = node("/a", units="kelvin", fill="-999", attributes={"scale": "0.01", "words": "two\n words"})
    preview = SimpleNamespace(every=1, stored=(-5.0, 7.5), physical=(272.0, 285.5), units="K", missing=0.125)
    assert view.node() is None
    view.show_node(found, preview)
    rows = [[view.topLevelItem(i).text(c) for c in range(3)] for i in range(view.topLevelItemCount())]
    assert view.node() is found and ["range", "−5 … 7.5", "272 … 285.5 K"] in rows
    assert ["missing", "-999", "12.5 %"] in rows and rows[-1][0] == "words = two words"
    assert view.topLevelItem(view.topLevelItemCount() - 1).toolTip(0) == "words = two\n words"
    view.show_node(node("/g", "group", False))
    assert view.topLevelItemCount() < len(rows)


# -- parts


def test_a_part_has_the_names_that_it_is_given(shown):
    bare, full = parts.named(QWidget()), parts.named(QWidget(), "box", "A box", "What it is")
    assert (bare.objectName(), bare.accessibleName(), bare.toolTip()) == ("", "", "")
    assert (full.objectName(), full.accessibleName(), full.toolTip()) == ("box", "A box", "What it is")
    button = parts.tool_button("b", "Close", icon="close", checkable=True)
    assert (button.toolTip(), button.isCheckable(), button.icon().isNull()) == ("Close", True, False)
    assert parts.push_button("p", "Run", "Run it", "R").toolTip() == "R"
    assert parts.primary(parts.push_button("p")).property("primary") is True
    label = parts.words("many words", "w", dim=False)
    assert label.wordWrap() and label.property("dim") is False
    for each in (bare, full, button, label):
        each.deleteLater()


def test_a_label_without_a_text_is_not_there(shown):
    host = shown(QWidget())
    label = QLabel(host)
    parts.say(label, "There.")
    assert label.isVisible() and label.text() == "There."
    parts.say(label, "")
    assert not label.isVisible()


def test_numbers_and_keys_are_shown_without_being_told(shown):
    told = []
    spin, slider = parts.whole("n", "N", "", 0, 100, 60), QSlider()
    box = shown(parts.combo("c", "Choice"))
    parts.add_choices(box, [("a", "first", "<b>"), ("b", "second", "")])
    for widget, signal in ((shown(spin), spin.valueChanged), (shown(slider), slider.valueChanged)):
        signal.connect(told.append)
        parts.show_value(widget, 7)
        assert widget.value() == 7
    box.activated.connect(told.append)
    parts.show_key(box, "b")
    assert box.currentText() == "second" and told == []
    assert "&lt;b&gt;" in box.itemData(0, Qt.ItemDataRole.ToolTipRole)
    parts.show_key(box, "none")
    assert box.currentIndex() == -1


def test_wide_widgets_share_the_room_and_narrow_ones_leave_it(shown):
    hosts = [shown(QWidget(), 300, 40) for _ in range(2)]
    pairs = [(QToolButton(), QProgressBar()) for _ in hosts]
    for host, pair, wide in zip(hosts, pairs, ((), pairs[1][1:]), strict=True):
        parts.column_of(host).addLayout(parts.line(*pair, wide=wide))
    QApplication.processEvents()
    assert pairs[0][1].geometry().right() < 299 and pairs[1][1].geometry().right() == 299


def test_an_emptied_table_lets_its_widgets_go(shown):
    host = shown(QWidget())
    grid = parts.grid_of(host, wide=1)
    label = QLabel("x")
    grid.addWidget(label, 0, 0)
    parts.empty(grid)
    assert grid.count() == 0 and not label.isVisible()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert host.findChildren(QLabel) == []
    bar = parts.progress_bar("Share")
    assert (bar.minimum(), bar.maximum(), bar.isTextVisible(), bar.accessibleName()) == (0, 100, False, "Share")
    bar.deleteLater()


def test_a_panel_scrolls_up_and_down_only(shown, wait):
    panel = shown(parts.ScrollPanel("panel", 200), 300, 100)
    for i in range(20):
        panel.column.addWidget(QLabel(f"line {i}"))
    wait(lambda: panel.verticalScrollBar().maximum() > 0)
    assert panel.minimumWidth() == 200
    assert panel.horizontalScrollBarPolicy() is Qt.ScrollBarPolicy.ScrollBarAlwaysOff


# -- lists, cards, icons, paragraphs


def test_a_list_is_as_wide_as_it_is_asked_to_be(shown):
    few, least = Combo("a", characters=4), Combo("b")
    for box in (few, least):
        shown(box)
        box.addItem("a very long text that has no room", 1)
    assert least.minimumWidth() == LEAST_PX
    few.resize(90, 26)
    assert few.shown_text().endswith("…") and few.currentText() not in few.shown_text()
    few.resize(600, 26)
    assert few.shown_text() == few.currentText()


def test_a_card_holds_controls_and_a_readout(shown):
    card = shown(CardFrame("Forward", "t = 420", "forward"), 500, 120)
    control = QToolButton()
    card.add_control(control)
    content = card.add(QLabel("inside"))
    assert control.property("compact") is True and content.parent() is card and card.accessibleName() == "Forward"
    card.set_subtitle("t = 421")
    assert (card.title(), card.subtitle()) == ("Forward", "t = 421")
    assert card.grab().toImage().pixelColor(250, 0) == theme.colour("forward")
    theme.use("light")
    assert card.grab().toImage().pixelColor(250, 0).name() == LIGHT.forward


def test_icons_are_drawn_in_the_token_of_their_button(shown):
    button = shown(QToolButton(), 40, 40)
    set_icon(button, "run", "good")
    image = button.icon().pixmap(QSize(24, 24)).toImage()
    seen = {
        image.pixelColor(x, y).name() for x in range(24) for y in range(24) if image.pixelColor(x, y).alpha() == 255
    }
    assert DARK.good in seen
    assert {"run", "stop", "close", "play", "pause", "next", "back"} <= set(NAMES)


@pytest.mark.parametrize("name", ["run", "stop"])
def test_an_icon_stays_in_its_box(name, qapp):
    image = QImage(60, 60, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    draw_icon(painter, name, QRectF(20, 20, 24, 24), theme.colour("text"))
    painter.end()
    marked = [(x, y) for x in range(60) for y in range(60) if image.pixelColor(x, y).alpha()]
    assert marked and all(20 <= x <= 44 and 20 <= y <= 44 for x, y in marked)


def test_paragraphs_are_as_high_as_their_text_or_scroll(shown):
    label = parts.words("word " * 60)
    area = WordArea([label])
    shown(area, 200, 400)
    low = area.sizeHint().height()
    area.resize(400, 400)
    assert area.sizeHint().height() < low, "wider paragraphs are lower"
    label.setText("short")
    QApplication.processEvents()
    assert area.sizeHint().height() < low / 2 and area.minimumSizeHint().height() <= theme.px(52)


def test_an_arrow_takes_the_next_of_a_list(shown):
    box = shown(Combo("c"))
    for key in "abc":
        box.addItem(key, key)
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert box.currentData() == "b"


# -- the table of rivals


def rival_table(show, width):
    """Four rivals in a table of a width, with a row of names, a heading and two rows of numbers."""
    cells = (("Linear", "Sigmoid (Chen)", "Cosine", "EDM"), ("",) * 4, ("−43.9 dB", "−86.1 dB", "none left", "11 %"))
    cells += (("0.065 s", "0.00057 s", "0.063 s", "12 s"),)
    labels = ("schedule", "shares", "SNR at T", "time")
    rows = [
        FactRow(label, f"what {label} is", tuple(FactCell(text, f"tip of {text}") for text in texts), label == "shares")
        for label, texts in zip(labels, cells, strict=True)
    ]
    table = RivalTable()
    table.set_table("ABCD", 0, rows)
    return show(table, width, table.heightForWidth(width))


@pytest.mark.parametrize(("width", "stacked", "lines"), [(236, True, 7), (400, False, 4)])
def test_no_number_of_four_rivals_is_cut_in_a_narrow_dock(shown, width, stacked, lines):
    table = rival_table(shown, width)
    assert table.stacked(width) is stacked
    metrics = QFontMetricsF(theme.font(SMALL_PX - 1, tabular=True))
    for texts in (table.texts()["SNR at T"], table.texts()["time"]):
        for place, text in enumerate(texts):
            assert metrics.horizontalAdvance(text) <= table.column(place).width() - GAP - CELL_GAP, text
    assert table.heightForWidth(width) == HEAD + lines * LINE + GAP
    lowest = QPointF(table.column(1).center().x(), HEAD + (lines - 0.5) * LINE)
    assert table.tip_at(lowest) == "time: what time is\ntip of 0.00057 s"
    assert table.tip_at(QPointF(table.column(2).center().x(), HEAD + 0.5 * LINE)).startswith("schedule")
    chosen = []
    table.chosen.connect(chosen.append)
    QTest.mouseClick(table, LEFT, pos=lowest.toPoint())
    assert chosen == [1]


def test_a_table_of_rivals_is_higher_where_it_gets_narrow(shown):
    table = rival_table(shown, 400)
    low = table.sizeHint().height()
    table.resize(236, low)
    assert table.sizeHint().height() == low + 3 * LINE


# -- panels that scroll


class AsHighAsWide(QWidget):
    """A picture that asks for a height once it knows its width."""

    def resizeEvent(self, event):
        self.setMinimumHeight(event.size().width())


def test_a_panel_whose_body_is_too_high_without_its_bar_and_low_enough_beside_it_comes_to_rest(shown):
    """Its bar came and went, each in the call of the other, until the stack was full: the program was gone."""
    panel = parts.ScrollPanel()
    panel.column.addWidget(AsHighAsWide())
    shown(panel, 300, 300)
    margins = panel.column.contentsMargins()
    bar = panel.verticalScrollBar().sizeHint().width()
    for high in range(300 - bar - 10, 300 + 10):
        panel.resize(300, high - margins.left() - margins.right() + margins.top() + margins.bottom())
        QApplication.processEvents()
        body, room = panel.widget(), panel.viewport()
        assert body.width() == room.width() and body.height() >= room.height()
