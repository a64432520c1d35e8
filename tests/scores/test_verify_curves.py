"""The curves behind the scores, of fields of which they are known."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffview.fields.transforms import Transform
from diffview.models.cards import Card
from diffview.scores import generated, metrics, printed
from diffview.scores.curves import SPREAD, histogram_curves, rounded

SAME = Transform("standardise", 0.0, 1.0)
CARD = Card("m", "rain", "mm h-1", SAME, (1, 16, 16), (0.02, 20.0), coarsen=4)


def noise(n: int, seed: int, std: float = 1.0, size: int = 16) -> np.ndarray:
    return (std * np.random.default_rng(seed).standard_normal((n, size, size))).astype(np.float32)


def test_numbers_keep_four_digits():
    assert rounded([1 / 3, 12345.6, 0.0, np.nan, -np.inf, 2e-9]) == [0.3333, 12350.0, 0.0, None, None, 2e-9]


def test_white_noise_has_its_variance_at_every_scale():
    found = generated.scores(noise(400, 0, 2.0), noise(400, 1, 3.0), noise(800, 2), "K", SAME)["curves"]["spectrum"]
    assert found["k"] == rounded(np.arange(1, 8) / 16)
    for name, variance in (("samples", 4), ("held_out", 9), ("train", 1), ("one", 1), ("two", 1)):
        assert np.array(found[name][1:]) == pytest.approx(variance, rel=0.05)


def test_the_curves_give_the_score_beside_them():
    found = generated.scores(noise(40, 0, 2.0), noise(40, 1), noise(80, 2), "K", SAME)
    spectra, row = found["curves"]["spectrum"], found["rows"][0]
    for column, names in (("samples_train", ("samples", "train")), ("blocks", ("two", "one"))):
        distance = metrics.log_spectral_distance(*(spectra[name] for name in names))
        assert distance == pytest.approx(row[column], abs=5e-3)
    near, row = found["curves"]["nearest"], found["rows"][-1]
    assert near["levels"] == list(SPREAD)
    for name, column in (("samples", "samples_train"), ("held_out", "train_held_out"), ("blocks", "blocks")):
        assert near[name][2] == pytest.approx(row[column], rel=1e-3) and near[name] == sorted(near[name])


@pytest.mark.parametrize(("units", "bins"), [("K", 40), ("mm h-1", 11)])
def test_shares_and_zero_bin_add_up_to_1(units, bins):
    fields = [np.maximum(noise(n, n), 0) if units == "mm h-1" else noise(n, n) for n in (20, 30, 40)]
    found = generated.scores(*fields, units, SAME)["curves"]["histogram"]
    assert len(found["edges"]) == bins + 1 and (found["below"] is None) == (units == "K")
    for name, values in zip(("samples", "held_out", "train"), fields, strict=True):
        dry = 0.0 if found["below"] is None else found["below"][name]
        assert sum(found[name]) + dry == pytest.approx(1, abs=1e-3)
        if units == "mm h-1":
            assert dry == pytest.approx(np.mean(values < found["edges"][0]), abs=1e-4)


def test_a_histogram_without_zero_bin_keeps_every_bin():
    edges = metrics.common_edges([np.arange(5.0)], 4)
    assert histogram_curves({"x": metrics.histogram(np.arange(5.0), edges)}, edges) == {
        "edges": [0, 1, 2, 3, 4], "below": None, "x": [0.2, 0.2, 0.2, 0.4]
    }  # fmt: skip


def test_a_card_with_curves_is_a_small_text_file_and_comes_back(tmp_path):
    rain = [np.maximum(noise(n, n, size=64), 0) for n in (20, 30, 40)]
    found = generated.scores(*rain, "mm h-1", SAME)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    card = replace(CARD, scores=found, data={"source": 'a [ list] of "words", [1, 2]'}, file=tmp_path / "m")
    card.save()
    text = (tmp_path / "m.json").read_text(encoding="utf-8")
    assert len(text) < 12_000 and text.count("\n") < 350 and '"shape": [ 1, 16, 16 ]' in text
    assert Card.read(tmp_path / "m") == card


def test_limits_are_counted():
    assert CARD.limits_met is None
    verdicts = [{"ok": ok} for ok in (True, None, False, True)]
    assert replace(CARD, scores={"verdicts": verdicts}).limits_met == (2, 3)


# -- ensembles


@given(st.integers(1, 9), st.integers(0, 10))
def test_ranks_are_shares(members, seed):
    rng = np.random.default_rng(seed)
    x, y, ties = rng.integers(0, 3, (members, 50)), rng.integers(0, 3, 50).astype(float), rng.random(50)
    y[0] = np.nan
    found = metrics.rank_histogram(x, y, ties)
    assert len(found) == members + 1 and found.sum() == pytest.approx(1) and found.min() >= 0


def test_ranks_of_what_is_known():
    x = np.arange(4.0)[:, None] * np.ones(1000)
    ties = np.random.default_rng(0).random(1000)
    assert metrics.rank_histogram(x, np.full(1000, 9.0), ties).tolist() == [0, 0, 0, 0, 1]
    assert metrics.rank_histogram(x, np.full(1000, 1.5), ties).tolist() == [0, 0, 1, 0, 0]
    assert metrics.rank_histogram(0 * x, np.zeros(1000), ties) == pytest.approx(0.2, abs=0.05)  # ties at random
    assert set(np.flatnonzero(metrics.rank_histogram(x, np.full(1000, 2.0), ties))) == {2, 3}
    assert np.isnan(metrics.rank_histogram(x, np.full(1000, np.nan), ties)).all()


def test_a_perfect_ensemble_is_flat_and_as_wide_as_it_errs():
    members, truth = np.stack([noise(200, m) for m in range(8)]), noise(200, 99)
    found = generated.ensemble_scores(members, truth, truth * 0, replace(CARD, units="K"))["curves"]
    assert np.array(found["ranks"]) == pytest.approx(1 / 9, abs=0.01) and sum(found["ranks"]) == pytest.approx(1, 1e-3)
    scales = found["scales"]
    for name in ("error", "spread"):  # 1 + 1/M
        assert np.array(scales[name][1:]) == pytest.approx(9 / 8, rel=0.06)
    assert set(found["spectrum"]) == {"k", "members", "truth", "told"}
    assert found["spectrum"]["told"] == pytest.approx([0] * 7)


def test_too_narrow_an_ensemble_shows_in_both():
    members, truth = np.stack([noise(100, m, 0.5) for m in range(8)]), noise(100, 99)
    found = generated.ensemble_scores(members, truth, truth, replace(CARD, units="K"))["curves"]
    assert found["ranks"][0] > 0.2 < found["ranks"][-1]
    assert max(found["scales"]["spread"][1:]) < 0.4 < min(found["scales"]["error"][1:])


def test_rain_below_the_smallest_amount_is_a_tie():
    """No rain and 0.001 mm/h are the same to a gauge: which of both is the truth must not decide its rank."""
    members, truth = np.full((4, 8, 16, 16), 1e-3), np.zeros((8, 16, 16))
    found = generated.ensemble_scores(members, truth, truth, CARD)["curves"]
    assert np.array(found["ranks"]) == pytest.approx(0.2, abs=0.05)
    assert found["histogram"]["below"] == {"members": 1, "truth": 1}


def test_an_ensemble_has_verdicts():
    truth = np.maximum(noise(8, 0), 0) + 1.0
    good = generated.ensemble_scores(np.stack([truth] * 4), truth, truth + 0.5, CARD)
    told = {v["what"].split(",")[0] + v["what"].rsplit(" ", 1)[-1]: v["ok"] for v in good["verdicts"]}
    assert told == {"CRPSfield": True, "CRPSmember": True, "block mean errorblock": True}
    bad = generated.ensemble_scores(np.stack([truth * 2] * 4), truth, truth, CARD)
    assert [v["ok"] for v in bad["verdicts"]] == [False, False, False]
    lines = printed.format_scores({"kind": "ensemble", **bad}).splitlines()
    assert any("MISSED" in line for line in lines) and lines[-1].startswith("Not accepted: 3 of 3 limits are missed: ")


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        ([], "No verdict: no limit could be judged."),
        ([None], "No verdict: no limit could be judged. 1 could not be judged: a."),
        ([True, True], "Accepted: all 2 limits are met."),
        ([True, None], "Accepted: the only limit is met. 1 could not be judged: b."),
        ([True, False, True], "Not accepted: 1 of 3 limits is missed: b."),
        ([False, False, None], "Not accepted: 2 of 2 limits are missed: a, b. 1 could not be judged: c."),
    ],
)
def test_a_verification_ends_in_one_sentence(verdicts, sentence):
    assert printed.verdict_of([{"what": what, "ok": ok} for what, ok in zip("abc", verdicts, strict=False)]) == sentence
