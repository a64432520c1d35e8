"""Scoreboards: scores beside independent ones, the row of real fields, rows one by one."""

import csv
import io

import numpy as np
import pytest
import scoringrules

from diffview.errors import UserError
from diffview.forward.noise import START, Noise
from diffview.forward.schedules import Edm, Flow
from diffview.learning.sets import TrainingSet
from diffview.models.gaussian import Gaussian
from diffview.reverse.samplers import SAMPLERS
from diffview.scores import metrics
from diffview.scores.scoreboard import (
    ANOTHER,
    COLUMNS,
    BoardRow,
    Draw,
    Scoreboard,
    combinations,
    to_csv,
    to_lines,
    to_plain,
)
from diffview.scores.subject import Subject

MODEL = Gaussian.power_law(16, 16, 3.0, 2.0)
EDM = Edm(sigma_max=40.0)


def fields(count: int, seed: int) -> np.ndarray:
    return MODEL.sample(np.random.default_rng(seed).standard_normal((count, 16, 16))).astype(np.float32)


def data(**about: object) -> TrainingSet:
    made = TrainingSet.fit("standardise", 270 + 15 * fields(60, 0), 270 + 15 * fields(80, 1), "tb", "K", **about)
    return made


DATA = data()
POWER = MODEL.power * 15**2 / DATA.transform.std**2
OURS = Gaussian((270 - DATA.transform.mean) / DATA.transform.std, POWER, 16)  # the model in the units of the data


WAYS = combinations([EDM], ["karras"], ["heun"], [9])


def board(ways: object = None, of: TrainingSet = DATA, **others: object) -> Scoreboard:
    return Scoreboard(Subject(lambda condition: OURS, of), ways or WAYS, Draw(**others))


def rows_of(made: Scoreboard) -> list[BoardRow]:
    reports = list(made.run())
    shares = [done for done, _ in reports]
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1)
    return [row for _, row in reports if row is not None]


def test_the_first_row_is_another_real_sample_by_hand() -> None:
    first, run = rows_of(board(samples=20))
    assert first.what == ANOTHER and run.what == "run" and first.evaluations is None
    back = DATA.transform.inverse
    real, others = back(DATA.held_out[:40]), back(DATA.held_out[40:][np.linspace(0, 39, 20).astype(int)])
    p, q = (metrics.mean_spectrum(DATA.transform(x)) for x in (others, real))
    assert first.spectrum == pytest.approx(10 * np.sqrt(np.mean(np.log10(p / q) ** 2)))
    assert first.q99 == pytest.approx(np.quantile(others, 0.99) - np.quantile(real, 0.99))
    assert first.wet is None and first.crps is None and first.why == ""


def test_a_row_is_that_of_a_run_by_hand() -> None:
    _, run = rows_of(board(samples=40, seed=7))
    noise = Noise(7, (32, 1, 16, 16)), Noise(7, (8, 1, 16, 16), 32)
    from diffview.reverse.grids import make_levels

    levels, drawn = make_levels(EDM, "karras", 9), []
    for z in noise:
        *_, last = SAMPLERS["heun"].run(OURS, z(START, 0) * levels[0], levels, z)
        drawn.append(last.y[:, 0])
    made, real = DATA.transform.inverse(np.concatenate(drawn)), DATA.transform.inverse(DATA.held_out[:40])
    assert run.q50 == pytest.approx(np.quantile(made, 0.5) - np.quantile(real, 0.5))
    assert (run.schedule, run.grid, run.sampler, run.steps, run.evaluations) == ("edm", "karras", "heun", 9, 17)
    assert run.seconds > 0


def test_the_share_that_is_done_counts_the_ways() -> None:
    ways = combinations([EDM], ["karras", "log_snr"], ["heun"], [2, 4])
    assert [done for done, row in board(ways, samples=8).run() if row] == [0, 0.25, 0.5, 0.75, 1]


def test_an_exact_model_is_about_as_good_as_real_fields_and_a_coarse_run_is_not() -> None:
    rows = rows_of(board(combinations([EDM], ["karras"], ["euler"], [3, 60]), samples=64))
    another, coarse, fine = (row.spectrum for row in rows)
    assert fine < 1.5 * another < coarse


def test_crps_of_a_start_from_the_truth_is_that_of_scoringrules() -> None:
    made = board(samples=24, members=4, start_level=1.0, seed=3)
    another, run = rows_of(made)
    truth = DATA.held_out[:40][np.linspace(0, 39, 6).astype(int)]
    levels = made.levels(WAYS[0])
    assert levels[0] == pytest.approx(1.0)
    z = Noise(3, (24, 1, 16, 16))
    y = truth.repeat(4, axis=0)[:, None] + levels[0] * z(START, 0)
    *_, last = SAMPLERS["heun"].run(OURS, y.astype(np.float32), levels, z)
    back = DATA.transform.inverse
    members = back(last.y[:, 0]).reshape(6, 4, 16, 16).swapaxes(0, 1)
    expected = scoringrules.crps_ensemble(back(truth), members, m_axis=0, estimator="fair").mean()
    assert run.crps == pytest.approx(expected, rel=1e-4)
    assert run.crps < another.crps  # who starts from the truth knows more than the climate


def test_a_condition_is_the_coarse_truth_of_every_member() -> None:
    seen = []
    made = Scoreboard(
        Subject(lambda condition: seen.append(condition) or OURS, data(coarsen=4)),
        combinations([EDM], ["karras"], ["heun"], [3]),
        Draw(samples=12, members=3),
    )
    rows = rows_of(made)
    (condition,) = seen
    assert condition.shape == (12, 1, 16, 16) and np.array_equal(condition[0], condition[2])
    assert not np.array_equal(condition[2], condition[3]) and len(np.unique(condition[0])) == 16
    assert all(row.crps is not None for row in rows)


def test_wet_pixels_of_rain() -> None:
    rain = [np.maximum(3 * fields(n, seed) - 2, 0) for n, seed in ((60, 0), (80, 1))]
    wet = TrainingSet.fit("log1p", *rain, "rain", "mm h-1")
    first, run = rows_of(board(of=wet))
    real = [wet.transform.inverse(wet.held_out[part]) for part in (slice(40, None), slice(0, 40))]
    real[0] = real[0][np.linspace(0, 39, 32).astype(int)]
    share = [100 * np.mean(x >= 0.1) for x in real]
    assert first.wet == pytest.approx(share[0] - share[1], abs=1e-6) and run.wet is not None


def test_no_run_starts_above_the_noise_that_the_model_was_trained_on() -> None:
    asked: list[float] = []

    def denoise(y: np.ndarray, s: float) -> np.ndarray:
        asked.append(s)
        return OURS(y, s)

    subject = Subject(lambda condition: denoise, DATA, noise_range=(0.02, 5.0))
    rows = rows_of(Scoreboard(subject, WAYS, Draw(samples=4)))
    assert rows[1].why == "" and asked[0] == 1.0, "the first call warms it up"
    assert max(asked[1:]) == pytest.approx(5.0)


def test_a_run_that_cannot_be_made_is_a_row_that_says_why() -> None:
    rows = rows_of(board(combinations([Flow(), EDM], ["leading", "karras"], ["heun"], [4])))
    assert [bool(row.why) for row in rows[1:]] == [True, False, True, False] and "no grid" in rows[1].why


def test_what_is_not_finite_is_said() -> None:
    made = Scoreboard(
        Subject(lambda condition: lambda y, s: y * np.float32(np.nan), DATA),
        combinations([EDM], ["karras"], ["heun"], [3]),
    )
    assert "not finite" in rows_of(made)[1].why


def test_a_stopped_board_has_the_rows_so_far() -> None:
    made = board(combinations([EDM], ["karras", "log_snr"], ["heun"], [4, 8]))
    seen = []
    for _, row in made.run():
        seen += [row] if row else []
        if len(seen) == 3:
            break
    assert [row.steps for row in seen[1:]] == [4, 8]


def test_the_rows_as_csv_json_and_text() -> None:
    rows = rows_of(board())
    table = list(csv.reader(io.StringIO(to_csv(rows, "K"))))
    assert len(table) == 3 and {len(line) for line in table} == {len(COLUMNS)}
    assert float(table[2][COLUMNS.index("q99")]) == rows[1].q99 and "q99 (K)" in table[0]
    assert to_plain(rows, "K")["rows"][0]["what"] == ANOTHER
    lines = to_lines(rows, "K")
    assert ANOTHER in lines[2] and "heun" in lines[3] and "crps" not in lines[0]


@pytest.mark.parametrize("wish", [{"samples": 0}, {"members": 0}, {"start_level": 0.0}])
def test_nothing_to_draw_is_a_user_error(wish: dict) -> None:
    with pytest.raises(UserError):
        board(**wish)


def test_too_few_held_out_fields_is_a_user_error() -> None:
    few = TrainingSet.fit("standardise", fields(20, 0), fields(15, 1), "tb", "K")
    with pytest.raises(UserError, match="another real sample"):
        board(of=few)


def test_a_board_of_nothing_or_of_everything_is_a_user_error() -> None:
    for steps in ([], range(1, 1002)):
        with pytest.raises(UserError):
            combinations([EDM], ["karras"], ["heun"], list(steps))
