"""Schedules as files: exact round trips, diffusers itself as the reader, and what is refused."""

import inspect
import json
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import diffusers_schedulers

from diffview.cli import main
from diffview.errors import UserError
from diffview.forward.exchange import read_schedule
from diffview.forward.schedules import SCHEDULES, Cosine, GeoDiff, Linear, ScaledLinear, Tabulated, ZeroSnr
from diffview.forward.tables import COLUMNS, FORMATS, export_schedule, import_schedule

KEYS = list(SCHEDULES)


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=10)
@given(steps=st.sampled_from([2, 3, 10, 50, 1000]))
def test_a_table_comes_back_to_the_last_bit(key: str, form: str, steps: int) -> None:
    schedule = SCHEDULES[key]()
    chain = schedule.discrete(steps)
    again = import_schedule(export_schedule(schedule, steps, form))
    assert again.form == schedule.form and again.rows == steps
    back = again.discrete(steps)
    for name in ("t", "beta", "log_snr"):
        np.testing.assert_array_equal(getattr(back, name), getattr(chain, name))
    for name in ("alpha_bar", "alpha", "sigma"):
        np.testing.assert_allclose(getattr(back, name), getattr(chain, name), rtol=1e-13, atol=1e-300)
    assert import_schedule(export_schedule(again, steps, form)) == again


@pytest.mark.parametrize("key", KEYS)
def test_diffusers_reads_what_is_exported_and_we_read_it_back(key: str, tmp_path) -> None:
    schedule = SCHEDULES[key]()
    chain = schedule.discrete(1000)
    text = export_schedule(schedule, 1000, "diffusers")
    (tmp_path / "scheduler_config.json").write_text(text, encoding="utf-8")
    for module, name in (("scheduling_ddpm", "DDPMScheduler"), ("scheduling_ddim", "DDIMScheduler")):
        kind = getattr(getattr(diffusers_schedulers(), module), name)
        theirs = kind.from_config(kind.load_config(str(tmp_path)))
        np.testing.assert_array_equal(theirs.betas.numpy(), chain.beta.astype(np.float32))
        wanted = np.cumprod(1 - chain.beta.astype(np.float32).astype(np.float64))
        np.testing.assert_allclose(theirs.alphas_cumprod.double().numpy(), wanted, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(theirs.alphas_cumprod.double().numpy(), chain.alpha_bar, rtol=2e-3, atol=1e-6)
    again = read_schedule(tmp_path / "scheduler_config.json").schedule
    np.testing.assert_array_equal(again.discrete(1000).beta, chain.beta)
    assert export_schedule(again, 1000, "diffusers") == text


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        ({}, Linear()),
        ({"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}, ScaledLinear()),
        ({"beta_schedule": "squaredcos_cap_v2", "num_train_timesteps": 100}, Cosine(chain_steps=100)),
        ({"beta_schedule": "sigmoid"}, GeoDiff()),
        ({"rescale_betas_zero_snr": True, "prediction_type": "v_prediction"}, ZeroSnr(Linear())),
        ({"trained_betas": [0.1, 0.5], "num_train_timesteps": 2}, Tabulated.of_betas([0.1, 0.5])),
    ],
)
def test_a_config_that_diffusers_saves_is_read(config: dict[str, object], wanted: object, tmp_path) -> None:
    theirs = diffusers_schedulers().scheduling_ddpm.DDPMScheduler(**config)
    theirs.save_pretrained(str(tmp_path))
    ours = read_schedule(tmp_path / "scheduler_config.json").schedule
    assert ours == wanted
    np.testing.assert_allclose(
        ours.discrete(ours.rows).alpha_bar, theirs.alphas_cumprod.double().numpy(), rtol=2e-3, atol=1e-6
    )


SCHEDULERS = (
    "DDPMScheduler", "DDIMScheduler", "DPMSolverMultistepScheduler", "DPMSolverSinglestepScheduler",
    "UniPCMultistepScheduler", "EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler", "HeunDiscreteScheduler",
    "LMSDiscreteScheduler", "PNDMScheduler", "DEISMultistepScheduler", "KDPM2DiscreteScheduler",
)  # fmt: skip


@pytest.mark.parametrize("name", SCHEDULERS)
def test_the_default_config_of_every_scheduler_with_betas_is_read(name: str) -> None:
    import diffusers

    signature = inspect.signature(getattr(diffusers, name).__init__)
    config = {k: p.default for k, p in signature.parameters.items() if p.default is not inspect.Parameter.empty}
    ours = import_schedule(json.dumps({"_class_name": name, **config}))
    assert (ours.beta_start, ours.beta_end, ours.rows) == (config["beta_start"], config["beta_end"], 1000)


@pytest.mark.parametrize("column", ["beta", "alpha_bar", "log_snr"])
def test_one_column_is_enough(column: str) -> None:
    chain = Linear().discrete(40)
    text = "\n".join([column, *map(repr, getattr(chain, column).tolist())])
    np.testing.assert_allclose(import_schedule(text).discrete(40).log_snr, chain.log_snr, rtol=1e-9, atol=1e-9)


def _json(**columns: object) -> str:
    return json.dumps({**json.loads(export_schedule(Linear(), 3, "json")), **columns})


def _config(**keys: object) -> str:
    return json.dumps({"_class_name": "DDPMScheduler", **keys})


BAD = {
    "nothing": "", "a text": "Once upon a time\nthere was", "broken JSON": "{", "a list": "[1, 2]", "empty": "{}",
    "deep": "[" * 100_000, "a recipe": '{"diffview_recipe": 1}', "no rows": ",".join(COLUMNS),
    "unknown column": "beta,gamma\n0.1,2", "a short row": "beta,t\n0.1", "a word": "beta\nmuch", "twice": "t,t\n1,1",
    "only t": "t\n0.5\n1.0", "beta of 0": "beta\n0.0\n0.5", "beta above 1": "beta\n0.1\n1.5",
    "1 inside": "beta\n1.0\n0.5", "nan": "beta\nnan", "rising log_snr": "log_snr\n1.0\n2.0", "alpha_bar above 1":
    "alpha_bar\n1.5\n0.5", "unknown key of JSON": _json(gamma=[1, 2, 3]), "two lengths": _json(beta=[0.1]),
    "beta conflicts": _json(beta=[0.1, 0.5, 0.6]), "alpha conflicts": _json(alpha=[0.9, 0.5, 0.2]),
    "alpha_bar conflicts": _json(alpha_bar=[0.9, 0.5, 0.2]), "t conflicts": _json(t=[0.1, 0.2, 1.0]),
    "unknown key": _config(beta_shape="round"), "unknown schedule": _config(beta_schedule="laplace"),
    "beta outside": _config(beta_end=1.5), "a word for beta": _config(beta_end="much"),
    "no steps": _config(num_train_timesteps=0), "steps of 1.5": _config(num_train_timesteps=1.5),
    "lengths conflict": _config(num_train_timesteps=3, trained_betas=[0.1, 0.2]),
    "betas outside": _config(trained_betas=[0.1, -0.2]), "betas that are words": _config(trained_betas=["a"]),
    "betas that are no list": _config(trained_betas=0.1), "no betas": _config(trained_betas=[]),
    "eps without signal": _config(rescale_betas_zero_snr=True, prediction_type="epsilon"),
    "no betas at all": json.dumps({"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000}),
    "flow sigmas": _config(use_flow_sigmas=True),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_schedule_is_a_sentence(what: str) -> None:
    with pytest.raises(UserError) as caught:
        import_schedule(BAD[what])
    assert caught.value.sentence.endswith(".") and caught.value.hint.endswith(".")


def test_the_command_reads_what_it_wrote(tmp_path, capsys) -> None:
    for form in FORMATS:
        assert main(["schedule", "geodiff", "--steps", "20", "--format", form]) == 0
        file = tmp_path / f"{form}.{'csv' if form == 'csv' else 'json'}"
        file.write_text(capsys.readouterr().out, encoding="utf-8")
        assert main(["schedule", str(file), "--format", form]) == 0
        assert import_schedule(capsys.readouterr().out) == read_schedule(file).schedule


def test_the_list_has_formula_and_source_of_each(capsys) -> None:
    assert main(["schedule", "--list"]) == 0
    told = capsys.readouterr().out
    for key, kind in SCHEDULES.items():
        assert f"{key} " in told and kind.formula in told and kind.source in told


@pytest.mark.parametrize(
    "words", [["schedule"], ["schedule", "/nowhere/a.csv"], ["schedule", "a.json", "--param", "x=1"]]
)
def test_a_file_that_is_not_there_is_a_sentence(words: list[str], capsys) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.startswith("diffview: ")


@pytest.mark.parametrize("name", ["CogVideoXDDIMScheduler", "VQDiffusionScheduler"])
def test_the_class_is_what_is_refused_not_its_settings(name):
    with pytest.raises(UserError, match=f"{name} is no chain of betas"):
        import_schedule(json.dumps({"_class_name": name, "snr_shift_scale": 3.0}))


def test_only_plain_files_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(UserError, match="a pipe or a device, not a schedule"):
        read_schedule(tmp_path / "pipe.json")
