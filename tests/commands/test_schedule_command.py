"""`diffview schedule`: levels that a file executes, other programs' formats, my schedules, checks against a field."""

import json

import numpy as np
import pytest

import diffview
from diffview.cli import main
from diffview.forward import mine
from diffview.forward.exchange import ALL_FORMATS, imported
from diffview.forward.executed import executed, karras
from diffview.forward.level_settings import STEPS
from diffview.forward.schedules import Cosine, Edm, Flow, Linear
from diffview.library import scheduled
from diffview.reverse.grids import make_levels


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """My schedules lie in a folder of the test."""
    monkeypatch.setattr(mine, "user_folder", lambda kind: tmp_path)
    monkeypatch.setattr(mine, "not_kept", lambda kind: "")
    return tmp_path


def said(capsys, *words):
    assert main(["schedule", *words]) == 0
    return capsys.readouterr()


def levels_said(text):
    return [float(row.split(",")[1]) for row in text.splitlines()[1:]]


def test_levels_of_a_config_are_those_executed_with_their_notes(tmp_path, capsys) -> None:
    config = {"_class_name": "EulerDiscreteScheduler", "use_karras_sigmas": True, "set_alpha_to_one": False}
    file = tmp_path / "scheduler_config.json"
    file.write_text(json.dumps(config))
    told = said(capsys, str(file), "--levels", "--run-steps", "7")
    assert levels_said(told.out) == list(executed(config, 7).levels)
    assert told.err.splitlines() == list(executed(config, 7).notes) and "passes over set_alpha_to_one" in told.err
    told = said(capsys, str(file), "--levels", "--run-steps", "7", "--grid", "log_snr")
    assert levels_said(told.out) == make_levels(Linear(), "log_snr", 7)
    assert scheduled.opened(file, 7) == scheduled.opened(config, 7) == imported(json.dumps(config), 7)


def test_settings_in_yaml_are_read_by_their_file(tmp_path, capsys) -> None:
    file = tmp_path / "sampler.yml"
    file.write_text("sampler:\n  num_steps: 9\n  sigma_min: 2e-3\n  sigma_max: 80\n")
    assert levels_said(said(capsys, str(file), "--levels").out) == pytest.approx([*karras(80.0, 0.002, 9), 0.0])
    assert diffview.schedule(file) == Edm(0.002, 80.0)


def test_levels_are_written_in_the_format_that_is_asked_for_or_it_is_said_to_hold_none(capsys) -> None:
    asked = ["schedule", "edm", "--levels", "--grid", "karras", "--run-steps", "5", "--format"]
    assert main([*asked, "csv"]) == 0 and capsys.readouterr().out.startswith("step,s\n0,")
    assert main([*asked, "edm"]) == 0
    assert json.loads(capsys.readouterr().out)["num_steps"] == 5
    assert main([*asked, "diffusers"]) == 2
    assert "diffusers holds a schedule, not the levels of a run" in capsys.readouterr().err


def test_levels_of_a_schedule_are_those_of_its_grid(capsys) -> None:
    assert levels_said(said(capsys, "cosine", "--levels").out) == make_levels(Cosine(), "uniform", STEPS)


@pytest.mark.parametrize("form", ALL_FORMATS)
def test_every_format_is_written_as_the_library_does_and_read_back(form: str, tmp_path, capsys) -> None:
    text = said(capsys, "edm", "--format", form, "--grid", "karras", "--run-steps", "12").out
    assert text == scheduled.exported("edm", form, grid="karras", steps=12)
    file = tmp_path / f"out.{'csv' if form == 'csv' else 'json'}"
    file.write_text(text)
    again = diffview.schedule(file)
    t = np.linspace(0.0, 1.0, 13)[1:]
    if form in ("edm", "physicsnemo", "anemoi", "diffview"):
        np.testing.assert_allclose(again.noise_level(t), Edm().noise_level(t), rtol=1e-9)
    elif form == "sigmas":
        np.testing.assert_allclose(again.noise_level(t), make_levels(Edm(), "karras", 12)[-2::-1], rtol=1e-12)
    else:
        np.testing.assert_allclose(again.discrete(1000).log_snr, Edm().discrete(1000).log_snr, rtol=1e-9, atol=1e-9)


def test_mine_are_saved_named_used_and_removed(capsys) -> None:
    saved = said(capsys, "linear", "--param", "beta_end=0.03", "--save", "calm seas")
    assert saved.out == "" and "Saved as calm seas." in saved.err, "a table that nobody asked for is not written"
    asked = said(capsys, "linear", "--param", "beta_end=0.03", "--save", "calm seas", "--steps", "5").out
    assert asked == said(capsys, "linear", "--param", "beta_end=0.03", "--steps", "5").out
    assert said(capsys, "--mine").out == "calm seas\n"
    assert diffview.schedule("calm seas") == Linear(beta_end=0.03) == diffview.schedule("linear", beta_end=0.03)
    assert diffview.schedule("calm seas", beta_end=0.05) == Linear(beta_end=0.05)
    assert (
        said(capsys, "calm seas", "--steps", "5").out
        == said(capsys, "linear", "--param", "beta_end=0.03", "--steps", "5").out
    )
    assert main(["schedule", "linear", "--save", "linear"]) == 2
    assert main(["schedule", "nobody"]) == 2
    said(capsys, "--remove", "calm seas")
    assert said(capsys, "--mine").out == ""
    assert main(["schedule", "--remove", "calm seas"]) == 2


def test_the_checks_are_those_of_the_library(capsys) -> None:
    text = said(capsys, "linear", "--param", "chain_steps=250", "--lint").out
    findings = scheduled.checked(Linear(chain_steps=250))
    lines = [line for line in text.splitlines() if line[:4] in ("fine", "LOOK")]
    assert lines == [f"{'fine' if f.ok else 'LOOK'}  {f.key}: {f.sentence}" for f in findings]
    assert findings[0].key == "terminal" and not findings[0].ok and "Remedy: 1000 betas" in text
    mended = {finding.key: finding.ok for finding in scheduled.checked("linear")}
    assert mended["terminal"]


def test_a_file_is_checked_at_the_levels_that_it_executes(tmp_path, capsys) -> None:
    file = tmp_path / "scheduler_config.json"
    file.write_text(json.dumps({"_class_name": "DDIMScheduler"}))
    own = executed({"_class_name": "DDIMScheduler"}, 10).levels
    text = said(capsys, str(file), "--run-steps", "10", "--lint").out
    assert f"terminal: A run from s = {own[0]:.3g} leaves out" in text and "of 10 steps do nothing" in text
    assert own[0] < 0.5 * Linear().s_max
    text = said(capsys, str(file), "--run-steps", "10", "--grid", "uniform", "--lint").out
    assert f"terminal: A run from s = {Linear().s_max:.3g} leaves out" in text
    file.write_text(json.dumps({"_class_name": "FlowMatchEulerDiscreteScheduler"}))
    text = said(capsys, str(file), "--lint").out
    assert "nan" not in text and f"A run from s = {Flow().s_max:.3g} leaves out 0.0004" in text


def test_mine_may_be_called_as_a_file_is_and_not_longer_than_a_file_can_be(capsys) -> None:
    said(capsys, "linear", "--param", "beta_end=0.03", "--save", "night.json")
    assert diffview.schedule("night.json") == Linear(beta_end=0.03)
    assert said(capsys, "night.json", "--format", "diffview").out == said(
        capsys, "linear", "--param", "beta_end=0.03", "--format", "diffview"
    ).out  # fmt: skip
    said(capsys, "linear", "--save", "ü" * 40)
    assert main(["schedule", "linear", "--save", "ü" * 60]) == 2
    assert "too long for the name of a file.\n  Choose a shorter one." in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["schedule"], ["schedule", "linear", "--lint", "a", "b", "c"], ["schedule", "linear", "--format", "edm"],
        ["schedule", "linear", "--levels", "--run-steps", "0"],
        ["schedule", "linear", "--lint", "--run-steps", "0"], ["schedule", "nowhere.json", "--levels"],
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_sentence(words: list[str], capsys) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.startswith("diffview: ")
