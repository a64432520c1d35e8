import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffview.forward.lint import CHECKS, PRECISIONS, Case, Finding, ScoredRun, Signal, left_out, lint
from diffview.forward.schedules import SCHEDULES, Cosine, Edm, Linear, Schedule, Sigmoid, VarianceExploding
from diffview.reverse.grids import make_levels
from diffview.reverse.samplers import SAMPLERS


def case(schedule: Schedule, signal: Signal | None = None, steps: int = 18, grid: str = "uniform", **other) -> Case:
    return Case(schedule, other.pop("chain_length", 1000), make_levels(schedule, grid, steps), signal, **other)


def found(key: str, of: Case) -> Finding:
    (one,) = [finding for finding in lint(of) if finding.key == key]
    return one


RED = Signal(power=np.array([400.0, 100.0, 1.0]), mean=0.5, pixels=1024, unit=15.0, units="K")


def test_what_a_start_leaves_out_is_what_an_exact_run_lacks() -> None:
    """The formula against a fine Heun run of the exact denoiser of a Gaussian number of variance P."""
    top, power = 7.0, 30.0
    levels = [*np.geomspace(top, 1e-4, 4000), 0.0]
    gaussian = lambda y, s: y * (power / (power + s * s))  # noqa: E731
    *_, last = SAMPLERS["heun"].run(gaussian, np.array([[[[top]]]]), levels, None)
    assert float(last.y.item()) / math.sqrt(power) == pytest.approx(1 - left_out(power, top), rel=1e-5)


def test_terminal_in_physical_units() -> None:
    of = case(Linear(), RED)
    top = of.levels[0]
    finding = found("terminal", of)
    share = 1 - top / math.sqrt(top**2 + 1024 * 0.25)
    assert finding.ok == (left_out(400.0, top) <= 0.02)
    assert f"{0.5 * share * 15:.2g} K" in finding.sentence


def test_a_remedy_of_a_low_end_ends_high_enough() -> None:
    for schedule in (
        VarianceExploding(sigma_max=20.0),
        Edm(sigma_max=5.0),
        Linear(chain_steps=50),
        Cosine(max_beta=0.1),
    ):
        finding = found("terminal", case(schedule, RED))
        assert not finding.ok and finding.remedies
        mended = finding.remedies[0].changes["schedule"]
        assert found("terminal", case(mended, RED)).ok


def test_no_remedy_beyond_what_a_network_was_trained_on() -> None:
    of = Case(Edm(), 1000, [20.0, 1.0, 0.0], RED, noise_range=(0.01, 20.0))
    assert not found("terminal", of).ok and not found("terminal", of).remedies


def test_a_start_from_the_field_leaves_nothing_out() -> None:
    assert "terminal" not in {finding.key for finding in lint(case(Linear(), RED, from_noise=False))}


def test_steps_that_do_nothing() -> None:
    signal = Signal(power=np.array([4.0, 1.0]), mean=0.0, pixels=64)
    of = Case(VarianceExploding(), 1000, [100.0, 50.0, 20.0, 10.0, 1.0, 0.1, 0.05, 0.0], signal)
    finding = found("idle", of)  # all noise from 20 on, untouched up to 0.1: 100-50, 50-20; 0.1-0.05, 0.05-0
    assert "4 of 7 steps" in finding.sentence and "2 while every scale" in finding.sentence and not finding.ok
    mended = finding.remedies[0].changes
    better = found("idle", case(mended["schedule"], signal, grid=mended["grid"]))
    assert better.ok


def test_clipped_betas_of_the_cosine() -> None:
    short = found("clipped", case(Cosine(chain_steps=1000)))
    assert short.ok and "0.999" in short.sentence
    assert not found("clipped", case(VarianceExploding(sigma_min=0.01, sigma_max=1e6), chain_length=5)).ok
    assert found("clipped", case(Sigmoid())).ok  # one beta of 1, at the end


def test_rows_that_float32_cannot_tell_apart() -> None:
    fine = found("precision", case(Linear(beta_start=1e-9, beta_end=1e-8)))
    assert not fine.ok
    usual = found("precision", case(Linear()))
    assert usual.ok and "0 in float32" in usual.sentence


def test_signal_to_noise_of_every_scale_at_the_end() -> None:
    of = case(Edm(sigma_max=10.0), RED)
    assert "mean 4 dB, k = 1 6 dB, k = 2 0 dB." in found("terminal", of).reason  # 256, 400 and 100 over 100


def test_a_chain_of_the_wrong_length_has_the_usual_one_as_its_remedy() -> None:
    for key, of in (
        ("clipped", case(VarianceExploding(sigma_min=0.01, sigma_max=1e6), chain_length=5)),
        ("precision", case(Cosine(offset=0.0), chain_length=100_000)),
    ):
        finding = found(key, of)
        assert not finding.ok and finding.remedies[0].changes == {"chain_length": 1000}
        assert found(key, dataclasses.replace(of, chain_length=1000)).ok
    assert not found("precision", case(Linear(beta_start=1e-9, beta_end=1e-8))).remedies  # T = 1000 is no better


def test_bfloat16_is_that_of_torch() -> None:
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).uniform(0, 1, 10_000)
    theirs = torch.from_numpy(x).to(torch.bfloat16).to(torch.float32).numpy()
    assert np.array_equal(PRECISIONS["bfloat16"](x), theirs)


def test_a_run_that_goes_another_way_than_what_was_scored() -> None:
    changes = {"sampler": "churn", "steps": 32}
    of = case(Linear(), scored=ScoredRun("rain", "Heun with churn (EDM), 32 steps", "DDIM, 18 steps", changes))
    finding = found("scored", of)
    assert not finding.ok and "takes DDIM, 18 steps" in finding.sentence and finding.remedies[0].changes == changes
    same = found("scored", dataclasses.replace(of, scored=dataclasses.replace(of.scored, changes={})))
    assert same.ok and not same.remedies and "the same way" in same.sentence
    assert not [f for f in lint(dataclasses.replace(of, from_noise=False)) if f.key == "scored"]


def test_levels_outside_the_training() -> None:
    of = Case(Edm(sigma_min=0.002), 1000, [20.0, 1.0, 0.002, 0.0], None, noise_range=(0.01, 20.0))
    finding = found("trained", of)
    assert not finding.ok and "1 of 3" in finding.sentence
    mended = finding.remedies[0].changes["schedule"]
    assert found("trained", case(mended, None, noise_range=(0.01, 20.0))).ok
    assert "trained" not in {f.key for f in lint(case(Edm()))}


def test_a_mean_of_next_to_nothing_has_a_signal_to_noise() -> None:
    """Its square over s^2 is 0 in floating point, which has no logarithm."""
    reason = found("terminal", case(Edm(), dataclasses.replace(RED, mean=2e-162))).reason
    assert "mean -32" in reason


@given(
    st.sampled_from(sorted(SCHEDULES)), st.integers(1, 50), st.integers(2, 2000),
    st.lists(st.floats(1e-8, 1e6), min_size=1, max_size=20), st.floats(-5, 5),
)  # fmt: skip
def test_every_schedule_can_be_looked_at(key: str, steps: int, length: int, power: list[float], mean: float) -> None:
    schedule = SCHEDULES[key]()
    signal = Signal(np.array(power), mean, 64, 10.0, "K")
    scored = ScoredRun("rain", "Heun, 18 steps", "Heun, 18 steps", {})
    levels = make_levels(schedule, "log_snr", steps)
    findings = lint(Case(schedule, length, levels, signal, (0.01, 80.0), scored=scored))
    assert [f.key for f in findings] == list(CHECKS)
    assert all(f.sentence.endswith(".") and "nan" not in f.sentence for f in findings)


@pytest.mark.parametrize("power", [1e13, 1e300])
@pytest.mark.parametrize("schedule", [Linear(), Linear(beta_end=0.4, chain_steps=100), Edm(), VarianceExploding()])
def test_a_field_of_any_power_has_findings_and_only_remedies_that_there_are(schedule: Schedule, power: float) -> None:
    """Fields that no transform has standardised: no schedule reaches their noise, and 1000 such betas are refused."""
    of = case(schedule, Signal(np.full(8, power), math.sqrt(power), 64), noise_range=(1e-9, 1e9))
    assert not found("terminal", of).ok
    assert [remedy for remedy in found("terminal", of).remedies if remedy.title.startswith(("EDM", "σ"))] == []
