"""Orders of the training dock: which pixels are trained on and which never, under which name, and how it begins."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from models_twins import small_model

from diffview.errors import UserError
from diffview.fields.field import Field, Region
from diffview.forward.schedules import make_schedule
from diffview.learning import orders
from diffview.learning.from_files import read_training_set
from diffview.learning.orders import Order
from diffview.learning.training import save
from diffview.models import cards
from diffview.models.cards import Card, find_card
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe, default_recipe
from diffview.runs.resolve import resolve

LINEAR = make_schedule("linear", {})


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own models."""
    monkeypatch.setattr(cards, "user_folder", lambda kind: tmp_path / kind)
    return tmp_path / "data" / "models"


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def order(values: np.ndarray, folder: Path = Path("m"), **more: object) -> Order:
    said = {"path": "a.h5", "dataset": "/x", "licence": "CC0"}
    return Order(Field(values, "x", "K", provenance=said), "identity", LINEAR, folder, **more)


def test_held_out_pixels_are_never_trained_on() -> None:
    values = noise(64, 200)
    data = order(values).data()
    cut = orders.held_from(200, 32)
    assert cut == 160
    assert np.isin(data.fields, values[:, :cut]).all() and np.isin(data.held_out, values[:, cut:]).all()
    assert len(data.fields) == 9 * 33 and len(data.held_out) == 9 * 3 and not data.whole_width
    assert (data.source, data.licence, data.units) == ("a.h5 /x", "CC0", "K")
    assert data.split == "complete 32 x 32 crops of one slice; columns from 160 on held out"


def test_crops_are_complete_and_sizes_are_those_that_fit() -> None:
    values = noise(80, 200)
    assert orders.sizes_that_fit(Facts(Field(values, "x"))) == (32, 64)
    values[20, :] = np.nan
    assert not np.isnan(orders.complete_crops(values, 32)).any()
    assert orders.sizes_that_fit(Facts(Field(values, "x"))) == (32,)
    assert orders.sizes_that_fit(Facts(Field(values[:30], "x"))) == ()


def test_the_window_divides_a_picture_as_the_command_line_does(tmp_path: Path) -> None:
    values = noise(128, 150)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = values
    for size in (32, 64):
        window = order(values, size=size).data()
        line = read_training_set(str(tmp_path / "a.h5"), ["x"], size=size, transform="identity")
        cut = 150 - max(size, 30)
        for data in (window, line):
            assert np.isin(data.fields, values[:, :cut]).all() and np.isin(data.held_out, values[:, cut:]).all()
            assert len(data.held_out), "at least a crop is held out, where the share is narrower"
    narrow = order(values[:, :60], size=32).data()
    assert not len(narrow.held_out) and narrow.split.endswith("; none held out, as too few would be left")
    assert (np.unique(narrow.fields) == np.unique(values[:, :60])).all(), "no column is lost to neither part"


def test_a_training_of_an_older_version_goes_on_with_the_columns_it_had(tmp_path: Path) -> None:
    values = noise(64, 200)
    begun = order(values, tmp_path / "m", divided=orders.held_from_before, batch=2, width=8)
    data = begun.data()
    assert data.split == "complete 32 x 32 crops of one slice; columns from 140 on held out"
    save(begun.trainer(data, "cpu"), tmp_path / "m")
    assert order(values, tmp_path / "m", again=True).data().fingerprint == data.fingerprint
    assert order(values, tmp_path / "m").data().fingerprint != data.fingerprint
    facts = Facts(Field(values, "x", "K"))
    plan = resolve(default_recipe().but(region=Region(0, 0, 32, 32)), facts)
    made = [make().fingerprint for make in orders.sets_of(facts, plan, Card.read(tmp_path / "m"))[:2]]
    assert data.fingerprint in made, "its fields are known again"


def test_crops_are_as_dense_as_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = noise(64, 64)
    assert len(orders.complete_crops(picture, 32)) == 9 * 9
    monkeypatch.setattr(orders, "CROP_BYTES", 4 * 32 * 32 * 30)
    assert len(orders.complete_crops(picture, 32)) == 5 * 5  # a stride of 8
    monkeypatch.setattr(orders, "CROP_BYTES", 4 * 32 * 32 * 9)
    crops = orders.complete_crops(picture, 32)
    assert len(crops) == 9 and (crops[-1] == picture[32:, 32:]).all()
    assert orders.complete_crops(picture[:16], 32).shape == (0, 32, 32)


def test_the_region_in_other_slices() -> None:
    stack = noise(22, 40, 40)
    stack[3, 10, 10] = np.nan
    stack[4, 0, 0] = np.nan  # outside
    region = Region(4, 4, 34, 33)
    facts = Facts(Field(stack[0], "x"), stack)
    assert orders.usable_slices(facts, region) == 21 and orders.usable_slices(Facts(facts.field), region) == 0
    data = order(stack[0], size=0, stack=stack, region=region).data()
    assert data.fields.shape == (17, 32, 32) and data.held_out.shape == (4, 32, 32)
    assert np.array_equal(data.held_out[-1], stack[-1, 4:36, 4:36])
    assert data.split == "one region in 21 other slices; the last 4 held out"
    assert orders.enough_slices(10) and not orders.enough_slices(9)
    with pytest.raises(UserError, match="no other slices"):
        order(stack[0], size=0, region=region).data()
    with pytest.raises(UserError, match="fields to train on"):
        order(stack[0], size=0, stack=stack[:6], region=region).data()


def test_a_training_begins_as_it_is_ordered(tmp_path: Path) -> None:
    asked = order(
        noise(64, 100), tmp_path / "m", loss="plain", density="edm", minutes=2.0, batch=6, width=8, turned=True
    )
    data = asked.data()
    trainer = asked.trainer(data, "cpu")
    settings = trainer.settings
    assert (settings.loss, settings.density, settings.minutes, settings.batch) == ("plain", "edm", 2.0, 6)
    assert settings.flips and settings.rotations and settings.steps == orders.ENDLESS and settings.schedule == LINEAR
    assert trainer.net.config.width == 8 and trainer.net.config.sigma_data == pytest.approx(float(data.fields.std()))
    wide = order(
        noise(64, 100), tmp_path / "w", turned=True, size=0, stack=noise(12, 64, 100), region=Region(0, 0, 32, 64)
    )
    assert wide.trainer(wide.data(), "cpu").settings.rotations is False, "fields that are not square are not turned"


def test_a_kept_training_is_gone_on_with_for_so_many_minutes_more(tmp_path: Path) -> None:
    asked = order(noise(64, 100), tmp_path / "m", minutes=2.0, batch=4, width=8)
    data = asked.data()
    trainer = asked.trainer(data, "cpu")
    trainer.advance()
    trainer.seconds = 90.0
    save(trainer, tmp_path / "m")
    again = replace(asked, again=True, minutes=5.0, batch=16, width=64, loss="plain").trainer(data, "cpu")
    assert again.step == 1 and again.settings.minutes == pytest.approx(6.5)
    assert (again.settings.loss, again.settings.batch, again.net.config.width) == ("edm", 4, 8), "as it was begun"
    with pytest.raises(UserError, match="holds a model already"):
        asked.trainer(data, "cpu")


def test_a_training_can_begin_with_the_weights_of_a_model(tmp_path: Path) -> None:
    card = small_model(tmp_path, "twin")
    asked = order(noise(64, 100), tmp_path / "m", size=32, batch=4, width=64, origin=card)
    trainer = asked.trainer(asked.data(), "cpu")
    assert trainer.origin["name"] == card.name and trainer.net.config.width == card.network["width"]


def test_models_to_begin_with_are_unconditional_networks_of_ours(tmp_path: Path) -> None:
    plain = small_model(tmp_path, "plain")
    others = {
        "coarse": replace(plain, coarsen=4), "jumps": replace(plain, kind="consistency"),
        "sea": replace(plain, network={**plain.network, "mask": True}),
        "theirs": replace(plain, network={"diffusers": "x"}),
    }  # fmt: skip
    assert list(orders.origins({"plain": plain, **others})) == ["plain"]


def test_names_and_places(models: Path) -> None:
    assert orders.clean_name("  sea surface/°C ") == "sea-surface-C" and orders.clean_name("a/b") == "a-b"
    assert orders.clean_name("../..") == "model" and len(orders.clean_name("x" * 500)) == 60
    (models / "a").mkdir(parents=True)
    (models / "a-2").mkdir()
    assert orders.free_name("a") == "a-3" and orders.free_name("b") == "b"
    assert not orders.is_kept("a")
    (models / "a" / "training.safetensors").write_bytes(b"")
    assert orders.is_kept("a")
    assert orders.is_own(models / "a") and not orders.is_own(models / ".." / "other") and not orders.is_own(Path("/x"))


def test_the_sets_that_a_model_may_have_been_trained_on(tmp_path: Path) -> None:
    """Crops of the open slice, the region in other slices, the slices of the file; the newest order comes first."""
    field, stack = Field(noise(64, 100), "sst", "K"), noise(12, 64, 100)
    facts = Facts(field, stack)
    plan = resolve(Recipe.of(model="gaussian", region=Region(0, 0, 32, 32)), facts)
    card = replace(find_card("rain64"), shape=(1, 32, 32), transform=plan.transform, file=tmp_path / "m" / "model.json")
    crops, _, slices = (make() for make in orders.sets_of(facts, plan, card))
    assert crops.shape == slices.shape == (32, 32) and len(slices.fields) + len(slices.held_out) == 12
    newest = order(noise(64, 100), card.file.parent)
    assert orders.sets_of(facts, plan, card, newest)[0] == newest.data
    assert len(orders.sets_of(facts, plan, card, order(noise(64, 100), tmp_path / "another"))) == 3
    named = Facts(replace(field, provenance={"path": str(tmp_path / "a.h5"), "dataset": "/sst"}), stack)
    assert len(orders.sets_of(named, plan, card)) == 4
