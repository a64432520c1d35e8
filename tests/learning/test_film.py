"""The film of a learning: small, whole, what its cards say, and what it is meant to show."""

import numpy as np
import pytest
import torch

from diffview.forward.noise import START, Noise
from diffview.forward.schedules import Linear
from diffview.learning.film import CUT, MADE, SIZE, STEPS, FilmRun, LearningFilm, film_crops, film_folder, learned_from
from diffview.models.cards import cards, find_card
from diffview.models.checkpoints import load_model
from diffview.models.data import Data
from diffview.readers.packaged import packaged_field
from diffview.reverse.grids import make_levels
from diffview.reverse.samplers import SAMPLERS


@pytest.fixture(scope="module")
def film():
    return LearningFilm.load()


@pytest.fixture(scope="module")
def run(film):
    torch.set_num_threads(1)
    made = FilmRun(film, seed=0, first=2)
    made.run()
    assert made.error is None and made.state == "finished"
    return made


def test_six_small_networks_in_the_order_of_their_steps(film):
    assert len(film.cards) == 6 and list(film.steps) == sorted(film.steps)
    for card in film.cards:
        net, _ = load_model(card)
        assert sum(p.numel() for p in net.parameters()) == card.weights["parameters"] <= 300_000
        assert card.training["loss"] == "plain"
    assert sum(path.stat().st_size for path in film_folder().iterdir()) < 2.5 * 2**20
    assert not {card.file.name for card in film.cards} & set(cards()), "they are no models to choose"


def test_the_cards_say_what_they_were_trained_on(film):
    data = film_crops()
    for card in film.cards:
        assert card.data["sha256"] == data.fingerprint and card.data["licence"]


def places_of(crops, field):
    """Where each crop lies in a field, by its pixels, mirrored or not."""
    windows = np.lib.stride_tricks.sliding_window_view(field, crops.shape[1:])
    for crop in crops:
        ways = (crop[::down, ::across] for down in (1, -1) for across in (1, -1))
        found = [np.argwhere((windows == way).all(axis=(2, 3))) for way in ways]
        (place,) = np.concatenate(found)
        yield tuple(int(side) for side in place)


def test_fields_that_a_network_learnt_from_are_nine_places_of_its_half_as_far_apart_as_there_is_room(film):
    field = packaged_field().values
    for card, most in ((film.cards[0], 0.0), (find_card("bt64"), 0.48)):
        crops = learned_from(card)
        side, places = crops.shape[1], list(places_of(crops, field))
        assert crops.shape == (9, side, side) and len(set(places)) == 9
        assert all(column + side <= CUT for _, column in places), "nothing of what was held out"
        gaps = (np.abs(np.subtract(a, b)) for i, a in enumerate(places) for b in places[:i])
        assert max(np.clip(1 - gap / side, 0, None).prod() for gap in gaps) <= most


def test_the_curve_falls_and_ends_where_the_last_network_was_kept(film):
    steps, losses = film.curve
    assert steps[-1] == film.steps[-1] and set(film.steps) <= set(steps)
    assert losses[-20:].mean() < 0.6 * losses[:3].mean()


def test_later_networks_make_fields_more_like_the_crops(run):
    power = np.abs(np.fft.rfft2(run.data.fields[::20])) ** 2
    rough = power[:, 8:24, 8:].mean()

    def roughness(name):
        return float((np.abs(np.fft.rfft2(run.found[name].made)) ** 2)[:, 8:24, 8:].mean() / rough)

    assert roughness(0) > 10 and 0.2 < roughness(5) < 3


def test_data_memorises_and_the_others_do_not(run):
    np.testing.assert_allclose(run.found["data"].distance, 0, atol=1e-4)
    assert run.found[5].distance.min() > 0.3 and run.found["local"].distance.min() > 0.05
    np.testing.assert_array_equal(run.found["data"].made.shape, (MADE, SIZE, SIZE))


def test_all_of_them_come_from_the_same_noise(run):
    levels = make_levels(Linear(), "karras", STEPS, top=run.film.cards[0].noise_range[1])
    noise = Noise(0, (MADE, 1, SIZE, SIZE))
    *_, last = SAMPLERS["heun"].run(Data(run.data.fields), noise(START, 0) * np.float32(levels[0]), levels, noise)
    np.testing.assert_array_equal(last.y[:, 0], run.found["data"].made)


def test_the_network_that_is_looked_at_is_run_first(run):
    assert list(run.found)[:2] == ["data", 2] and list(run.found)[-1] == "local"
