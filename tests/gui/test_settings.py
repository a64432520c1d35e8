"""What the window remembers, and what it makes of a damaged memory."""

from dataclasses import replace

import pytest

from diffview.gui.session import View
from diffview.gui.settings import Settings


def test_the_lasting_parts_of_a_view_come_back(tmp_path):
    view = replace(
        View(), auto_run=False, pace=10.0, quantity="beta", densities=False, colormap="viridis", playhead=0.3
    )
    Settings(tmp_path / "a.ini").save_view(view)
    assert Settings(tmp_path / "a.ini").view() == replace(view, playhead=1.0)


@pytest.mark.parametrize(
    "line", ["pace=abc", "pace=-3", "quantity=gamma", "colormap=jet", "auto_run=7", "densities=no", "pace=@Invalid()"]
)
def test_what_cannot_be_read_is_as_at_first(tmp_path, line):
    (tmp_path / "a.ini").write_text(f"[view]\n{line}\n", encoding="utf-8")
    assert Settings(tmp_path / "a.ini").view() == View()
