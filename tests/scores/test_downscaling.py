"""Ways back from block means: the exact posterior against its closed form, and all ways on a few fields."""

from dataclasses import replace

import numpy as np
import pytest

from diffview.errors import UserError
from diffview.fields.coarse import block_mean
from diffview.learning.sets import TrainingSet
from diffview.models.cards import find_card, read_cards
from diffview.models.gaussian import Gaussian
from diffview.runs.sampling import Sampling
from diffview.scores import metrics
from diffview.scores.downscaling import ROUTES, format_routes, score_route, task_of

CARD = find_card("rain64-from-coarse")
LAW = Gaussian.power_law(128, 128, 3.5, 3.0)


@pytest.fixture(scope="module")
def data() -> TrainingSet:
    """Fields whose cube roots are Gaussian: parts of a larger torus, so that nothing wraps."""
    z = LAW.sample(np.random.default_rng(0).standard_normal((300, 128, 128)))[:, :64, :64].astype(np.float32)
    train, held = CARD.transform(CARD.transform.inverse(z[:200])), CARD.transform(CARD.transform.inverse(z[200:]))
    return TrainingSet(train, held, CARD.transform, CARD.quantity, CARD.units)


def test_the_exact_way_is_calibrated_where_the_field_is_gaussian(data: TrainingSet) -> None:
    found = score_route("gaussian", task_of(CARD, {}, data, cases=40, members=20), (1.0,))
    calibration = found.calibration
    assert calibration is not None and calibration.ranks is not None
    assert calibration.ranks.p > 0.05
    assert calibration.coverage[0.5] == pytest.approx(0.5, abs=0.03)
    assert calibration.coverage[0.9] == pytest.approx(0.9, abs=0.03)
    np.testing.assert_allclose(calibration.scales.among, calibration.scales.with_truth, atol=0.1)
    coarse = score_route("coarse", task_of(CARD, {}, data, cases=40, members=20), (1.0,))
    assert found.crps < coarse.crps and coarse.calibration is None


def test_members_of_the_exact_way_have_the_block_means_they_were_given(data: TrainingSet) -> None:
    task = task_of(CARD, {}, data, cases=3, members=4)
    z = CARD.transform(ROUTES["gaussian"].make(task))
    wanted = block_mean(CARD.transform(task.truth), 8)
    np.testing.assert_allclose(block_mean(z, 8), np.broadcast_to(wanted, (4, *wanted.shape)), atol=1e-5)
    assert np.ptp(z, axis=0).min() > 0


def test_the_start_of_sdedit_is_the_power_of_the_scale_that_fades(data: TrainingSet) -> None:
    """Block means of 8 of 64 pixels fade between wavenumbers 3 and 6 (Nyquist's is 4); there the noise floor is put."""
    level = task_of(CARD, {}, data).start_level
    power = metrics.mean_spectrum(data.fields)
    at = int(np.abs(power - level**2).argmin())
    assert power[at] == pytest.approx(level**2) and 3 <= at + 1 <= 6


def test_all_ways_are_scored_on_the_same_fields(data: TrainingSet) -> None:
    pytest.importorskip("torch")
    task = task_of(CARD, read_cards(), data, cases=2, members=2, sampling=Sampling(steps=2))
    assert task.plain is not None and task.plain.name == "rain64"
    scores = [score_route(key, task, (0.1, 1.0)) for key in ROUTES]
    assert [(one.members, one.cases) for one in scores] == [(1, 2), (1, 2), (2, 2), (2, 2), (2, 2)]
    assert scores[0].crps == pytest.approx(np.abs(task.given - task.truth).mean())
    wanted = np.maximum(block_mean(task.truth, 8), 0)  # it makes no negative rain
    made = block_mean(ROUTES["network"].make(task), 8)
    np.testing.assert_allclose(made, np.broadcast_to(wanted, made.shape), rtol=1e-2, atol=1e-4)
    lines = format_routes(scores).splitlines()
    assert len(lines) == 6 and "FSS > 0.1 at 7" in lines[0] and lines[4].startswith("gaussian, exact")
    narrow = [near._replace(widths=near.widths[:2], scores=near.scores[:2]) for near in scores[4].neighbourhoods]
    least = format_routes([replace(scores[4], neighbourhoods=tuple(narrow))])  # fields of less than 7 pixels
    assert "FSS > 0.1 at 3" in least and "at 7" not in least
    assert all(scores[4].plain()[name] is not None for name in ("crps", "spectrum", "calibration"))


def test_what_there_is_not_is_said(data: TrainingSet) -> None:
    task = task_of(CARD, {}, data, cases=2, members=2)
    with pytest.raises(UserError, match="There is no unconditional network beside rain64-from-coarse"):
        score_route("sdedit", task)
    with pytest.raises(UserError, match="There is no way 'magic' back"):
        score_route("magic", task)
    with pytest.raises(UserError, match="rain64 is given nothing coarse"):
        task_of(find_card("rain64"), {}, data)
