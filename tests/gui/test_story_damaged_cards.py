"""Cards that somebody damaged, before the window: none stops its start, and what is let in can be shown."""

import json
import sys
from pathlib import Path

import pytest

from diffview.gui.show.card_facts import glance, limits_text, rows_of, title_of
from diffview.gui.widgets.plots.score_views import ScoreViews
from diffview.models import cards as cards_module
from diffview.models.card_rules import card_parts
from diffview.models.cards import Card, cards
from diffview.models.plain import Unfit

sys.path.insert(0, str(Path(__file__).parents[1]))
from damage import damaged

GOOD = {name: json.loads(cards()[name].with_suffix(".json").read_text()) for name in ("rain64", "rain64-from-coarse")}


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.timeout(300)
def test_what_is_let_in_can_be_shown(qtbot, name):
    views = ScoreViews()
    qtbot.addWidget(views)
    views.resize(360, 900)
    views.show()
    seen = set()
    for _, plain in damaged({"scores": GOOD[name]["scores"], "data": GOOD[name]["data"], "training": {"steps": 3}}):
        try:
            card = Card(**card_parts({k: v for k, v in {**GOOD[name], **plain}.items() if k != "diffview_model"}))
        except Unfit:
            continue
        said = [*glance(card), limits_text(card), title_of(card), *rows_of(card.scores)]
        key = json.dumps(card.scores)
        if key not in seen:
            seen.add(key)
            views.show_scores(card.scores)
            views.grab()
        assert all(len(str(part)) < 3000 for part in said)
    assert len(seen) > 50


def test_damaged_cards_do_not_stop_the_start_and_are_named(open_window, tmp_path, monkeypatch):
    own = tmp_path / "own"
    monkeypatch.setattr(cards_module, "user_folder", lambda _: own)
    for name, scores in (("nought", {"verdicts": None}), ("list", [])):
        (own / "models" / name).mkdir(parents=True)
        (own / "models" / name / "model.json").write_text(json.dumps({**GOOD["rain64"], "scores": scores}))
    window = open_window()
    assert "rain64" in window.session.facts.cards and "nought" not in window.session.facts.cards
    bar = window.message_bar.text()
    assert "scores is" in bar and "model.json" in bar and "So is 1 more." in bar and "passed over" in bar
