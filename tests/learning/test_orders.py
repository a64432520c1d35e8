"""What of the open field is trained on, what never is, and where the model is kept."""

import numpy as np

from diffview.fields.field import Field, Region
from diffview.forward.schedules import make_schedule
from diffview.learning import orders
from diffview.models import cards
from diffview.runs.facts import Facts


def test_held_out_pixels_are_never_trained_on():
    values = np.random.default_rng(0).normal(size=(64, 200)).astype(np.float32)
    order = orders.Order(Field(values, "x"), "identity", make_schedule("linear", {}), None, size=32)
    data = order.data()
    cut = orders.held_from(200)
    assert cut == 140
    assert np.isin(data.fields, values[:, :cut]).all()
    assert np.isin(data.held_out, values[:, cut:]).all()
    assert len(data.fields) == 9 * 28 and not data.whole_width


def test_crops_are_complete_and_sizes_are_those_that_fit():
    values = np.random.default_rng(0).normal(size=(80, 200)).astype(np.float32)
    assert orders.sizes_that_fit(Facts(Field(values, "x"))) == (32, 64)
    values[20, :] = np.nan
    assert not np.isnan(orders.complete_crops(values, 32)).any()
    assert orders.sizes_that_fit(Facts(Field(values, "x"))) == (32,)
    assert orders.sizes_that_fit(Facts(Field(values[:30], "x"))) == ()


def test_the_region_in_other_slices():
    stack = np.random.default_rng(0).normal(size=(22, 40, 40)).astype(np.float32)
    stack[3, 10, 10] = np.nan
    stack[4, 0, 0] = np.nan  # outside
    field = Field(stack[0], "x")
    region = Region(4, 4, 34, 33)
    assert orders.usable_slices(Facts(field, stack), region) == 21
    order = orders.Order(field, "identity", make_schedule("linear", {}), None, 0, stack, region)
    data = order.data()
    assert data.fields.shape == (17, 32, 32)
    assert data.held_out.shape == (4, 32, 32)
    assert np.array_equal(data.held_out[-1], stack[-1, 4:36, 4:36])
    assert orders.enough_slices(10) and not orders.enough_slices(9)


def test_names(tmp_path, monkeypatch):
    monkeypatch.setattr(cards, "user_folder", lambda kind: tmp_path / kind)
    models = tmp_path / "data" / "models"
    clean = orders.clean_name
    assert clean("  sea surface/°C ") == "sea-surface-C" or clean("a/b") == "a-b"
    assert orders.clean_name("../..") == "model"
    (models / "a").mkdir(parents=True)
    (models / "a-2").mkdir()
    assert orders.free_name("a") == "a-3"
    assert orders.free_name("b") == "b"


def test_only_models_in_the_users_folder_are_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr(cards, "user_folder", lambda kind: tmp_path / kind)
    assert orders.is_own(tmp_path / "data" / "models" / "a" / "model")
    assert not orders.is_own(tmp_path / "data" / "other" / "model")
    assert not orders.is_own(tmp_path / "data" / "models" / ".." / "model")
