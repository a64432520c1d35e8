"""A list of choices shows what fits: all of it, or its beginning and an ellipsis."""

from diffview.gui.theme import theme
from diffview.gui.widgets.forms.combo import Combo


def shown(qtbot, width):
    box = Combo("list", "A list")
    qtbot.addWidget(box)
    box.addItem("DPM-Solver++ 2M SDE", "sde")
    box.resize(width or box.sizeHint().width(), box.sizeHint().height())
    box.show()
    box.grab()
    return box.shown_text()


def test_all_of_the_text_at_its_own_size(qapp, qtbot):
    theme.install(qapp, "dark")
    assert shown(qtbot, 0) == "DPM-Solver++ 2M SDE"


def test_an_ellipsis_where_it_is_too_narrow(qapp, qtbot):
    text = shown(qtbot, 110)
    assert text.endswith("…") and "DPM-Solver++ 2M SDE".startswith(text[:-1]) and len(text) > 4
