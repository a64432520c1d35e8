"""The whole judgement of an ensemble: exact numbers of Gaussian ensembles, what is counted, said and refused."""

import json

import numpy as np
import pytest
import scoringrules

from diffview.errors import UserError
from diffview.gui.show.calibration_words import counted, number_rows
from diffview.models.gaussian import Gaussian
from diffview.scores import metrics
from diffview.scores.calibration import CLIMATOLOGY, GIVEN, ONE, RAIN_RATES, EnsembleCases, calibrate
from diffview.scores.findings import BAD, DOUBT, GOOD, findings
from diffview.scores.printed import format_calibration

NAN = np.nan
RED = Gaussian.power_law(32, 32, 3.0, 2.0)


def drawn(count: int, cases: int, seed: int = 0) -> np.ndarray:
    return 280 + 5 * RED.sample(np.random.default_rng(seed).standard_normal((count, cases, 32, 32)))


def test_the_fair_crps_is_that_of_scoringrules_to_1e_12_also_with_ties_and_gaps() -> None:
    fields = np.round(drawn(9, 3), 1)
    truth = fields[0].copy()
    truth[1, 4:9, 4:9] = NAN
    found = calibrate(EnsembleCases(fields[1:], truth))
    known = ~np.isnan(truth)
    wanted = scoringrules.crps_ensemble(truth[known], fields[1:, known], m_axis=0, estimator="fair", backend="numpy")
    assert found.crps == pytest.approx(wanted.mean(), rel=1e-12)
    assert (found.points, found.missing_truth, found.missing_members) == (3 * 1024 - 25, 25, 0)
    assert (found.members, found.cases) == (8, 3)


def test_skill_of_a_perfect_ensemble_is_a_half_over_a_member_and_none_over_its_own_climatology() -> None:
    """E|x - y| is twice the CRPS; fields of the same law are a climatology as good as any ensemble."""
    fields, climate = drawn(13, 60), drawn(200, 1, seed=1)[:, 0]
    given = np.full((60, 32, 32), 280.0)
    found = calibrate(EnsembleCases(fields[1:], fields[0], given, climate))
    beside = {one.what: one for one in found.beside}
    assert list(beside) == [CLIMATOLOGY, GIVEN, ONE]
    assert beside[ONE].skill == pytest.approx(0.5, abs=0.02)
    assert beside[CLIMATOLOGY].skill == pytest.approx(0, abs=0.02) and beside[CLIMATOLOGY].fields == 128
    # E|y - mean| = sigma sqrt(2/pi), CRPS sigma/sqrt(pi)
    assert beside[GIVEN].skill == pytest.approx(1 - 1 / np.sqrt(2), abs=0.02)
    assert found.crps == pytest.approx(5 / np.sqrt(np.pi), rel=0.03)


def test_a_calibrated_ensemble_is_called_so_and_a_narrow_one_over_confident() -> None:
    fields = drawn(21, 40)
    perfect = calibrate(EnsembleCases(fields[1:], fields[0], units="K"))
    said = {one.what: one for one in findings(perfect)}
    assert all(said[what].verdict == GOOD for what in ("spread", "ranks", "coverage", "coherence", "tail", "spectrum"))
    assert said["spread"].sentence.startswith("This ensemble spreads as far as its mean errs: spread/skill")
    narrow = calibrate(EnsembleCases(280 + 0.6 * (fields[1:] - 280), fields[0], units="K"))
    said = {one.what: one for one in findings(narrow, "This guidance")}
    assert narrow.dispersion is not None
    ratio = f"{narrow.dispersion.ratio:.3g}"
    assert said["spread"].sentence.startswith(f"This guidance is over-confident: spread/skill {ratio}; by chance")
    assert said["spread"].verdict == said["ranks"].verdict == BAD
    assert said["coverage"].verdict == DOUBT and narrow.coverage[0.9] < 0.75
    wide = calibrate(EnsembleCases(280 + 1.6 * (fields[1:] - 280), fields[0]))
    assert "is not confident enough: " in findings(wide)[0].sentence


def test_what_one_smooth_field_does_not_tell_is_said() -> None:
    law = Gaussian.power_law(32, 32, 5.0, 1.0)
    for seed in range(20):
        fields = law.sample(np.random.default_rng(seed).standard_normal((12, 1, 32, 32)))
        found = calibrate(EnsembleCases(fields[1:], fields[0]))
        assert found.dispersion is not None
        if (
            abs(found.dispersion.ratio - 1) > 0.1
            and found.dispersion.low < found.dispersion.ratio < found.dispersion.high
        ):
            first = findings(found)[0]
            assert first.verdict == DOUBT and "so few fields do not tell" in first.sentence
            return
    raise AssertionError("none of 20 single fields was off by chance")


def test_only_pixels_that_were_made_are_judged_and_spectra_are_of_the_whole_field() -> None:
    fields = drawn(6, 2)
    where = np.zeros((32, 32), bool)
    where[:10, :12] = True
    found, whole = (calibrate(EnsembleCases(fields[1:], fields[0], where=w)) for w in (where, None))
    assert found.points == 240 and found.missing_truth == 0
    direct = metrics.crps(fields[1:], fields[0])[:, :10, :12].mean()
    assert found.crps == pytest.approx(direct, rel=1e-12)
    np.testing.assert_array_equal(found.scales.truth, whole.scales.truth)
    assert sum(found.reliability[0].counts) == 240
    assert found.reliability[0].threshold == pytest.approx(np.median(fields[0][:, :10, :12]), rel=1e-3)


def test_without_a_truth_there_are_spectra_and_quantiles() -> None:
    found = calibrate(EnsembleCases(drawn(6, 1), pixel_km=(5.0, 5.0)))
    assert (
        not found.judged
        and found.dispersion is None
        and found.beside == ()
        and list(found.tails) == ["members", "mean"]
    )
    assert [one.what for one in findings(found)] == ["tail", "spectrum"]
    assert found.in_km and found.scales.wavelength[0] == 160
    plain = json.loads(json.dumps(found.plain(), allow_nan=False))
    assert plain["crps"] is None and plain["scales"]["truth"][0] is None and len(plain["scales"]["members"]) == 15


def test_the_results_are_plain_and_the_same_for_the_same_seed() -> None:
    fields = np.where(drawn(5, 2) > 281, drawn(5, 2), 0.0)
    cases = EnsembleCases(fields[1:], fields[0], units="mm/h")
    found = calibrate(cases, seed=3).plain()
    assert found == calibrate(cases, seed=3).plain() != calibrate(cases, seed=4).plain()
    assert json.loads(json.dumps(found, allow_nan=False))["coverage"].keys() == {"0.5", "0.9"}
    assert [one["threshold"] for one in found["reliability"]] == [0.1, 1.0, 5.0]
    assert sum(found["reliability"][0]["counts"]) == 2 * 1024
    assert found["neighbourhoods"][0]["widths"] == [1, 3, 7, 15, 31]


def test_progress_goes_up_and_can_end_it() -> None:
    shares: list[float] = []
    calibrate(EnsembleCases(drawn(3, 1), drawn(1, 1)[0]), progress=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1


def test_what_cannot_be_judged_is_refused_in_a_sentence() -> None:
    members, truth = drawn(3, 1), drawn(1, 1, seed=1)[0]
    with pytest.raises(UserError, match=r"^One member has no spread") as error:
        EnsembleCases(members[:1], truth)
    assert "two members" in error.value.hint
    with pytest.raises(UserError, match="The truth has 16 x 32 pixels, the members have 32 x 32"):
        EnsembleCases(members, truth[:, :16])
    with pytest.raises(UserError, match="The climatology has 32 x 16 pixels"):
        EnsembleCases(members, truth, climatology=truth[:, :, :16])
    with pytest.raises(UserError, match="The truth has no value where the members have one") as error:
        EnsembleCases(members, np.full_like(truth, NAN))
    assert "none" in error.value.hint
    with pytest.raises(UserError, match="not finite"):
        EnsembleCases(np.where(members > 281, np.inf, members), truth)
    with pytest.raises(UserError, match="No pixel of members or truth lies above 500 K") as error:
        calibrate(EnsembleCases(members, truth, units="K"), (500.0,))
    assert "below" in error.value.hint


def test_of_two_members_no_table_tells_what_spread_over_skill_is_by_chance() -> None:
    x = np.random.default_rng(0).standard_normal((4, 20, 20))
    for members, told, on_screen in ((x[1:3], "-", "1"), (x[1:], " to ", " to ")):
        found = calibrate(EnsembleCases(members[:, None], x[:1], units="K"))
        (row,) = (row for row in number_rows(found) if row[0] == "spread/skill")
        (line,) = (line for line in format_calibration(found).splitlines() if line.startswith("spread/skill"))
        assert on_screen in row[3] and "nan" not in row[3]
        assert told in line and "nan" not in line and "- to" not in line


def test_usual_thresholds_that_nothing_reaches_are_told_and_those_asked_for_are_all_judged() -> None:
    rain = np.abs(drawn(9, 4) - 280) / 20
    highest = float(rain.max())
    reached = tuple(rate for rate in RAIN_RATES if rate < highest)
    assert 0 < len(reached) < len(RAIN_RATES)
    found = calibrate(EnsembleCases(rain[1:], rain[0], units="mm/h"))
    assert tuple(one.threshold for one in found.reliability) == reached
    assert found.unreached == RAIN_RATES[len(reached) :]
    said = f"Nothing is judged above {' and '.join(f'{rate:g}' for rate in found.unreached)} mm/h"
    assert format_calibration(found).endswith(f"{said}: neither a member nor the truth has so much.")
    assert said in counted(found) and found.plain()["unreached"] == list(found.unreached)
    asked = calibrate(EnsembleCases(rain[1:], rain[0], units="mm/h"), (reached[0],))
    assert asked.unreached == () and not asked.left_out
    assert calibrate(EnsembleCases(rain[1:], units="mm/h")).unreached == ()
