"""A field that is coarse as it is, by the mouse: given to a network for finer fields, seen beside what it made."""

import h5py
import numpy as np
import pytest
from conftest import QUICK

from diffview.fields.coarse import block_mean

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")

VALUES = np.maximum(np.random.default_rng(1).gamma(0.6, 2.0, (8, 8)) - 0.5, 0).astype(np.float32)
NAME = "rain64-from-coarse"


@pytest.fixture
def opened(open_window, tmp_path):
    path = tmp_path / "coarse.h5"
    with h5py.File(path, "w") as file:
        file["rain"] = VALUES
        file["rain"].attrs.update({"units": "mm h-1", "standard_name": "rainfall_rate"})
        for name, units, values in (("latitude", "degrees_north", 50.0), ("longitude", "degrees_east", 4.0)):
            file[name] = values + 0.08 * np.arange(8)[:: -1 if name == "latitude" else 1]
            file[name].attrs["units"] = units
            file[name].make_scale(name)
        for axis, name in enumerate(("latitude", "longitude")):
            file["rain"].dims[axis].attach_scale(file[name])
    return open_window(QUICK.but(region=None, members=2, steps=2, sampler="heun"), path=str(path), dataset="rain")


def test_a_network_for_finer_fields_takes_the_values_as_means(opened, find, hand, settle):
    window = opened
    settle(window)
    assert window.session.facts.field.values.shape == (8, 8)
    combo = find(window, "modelCombo")
    assert combo.model().item(combo.findData(NAME)).isEnabled()
    hand.choose(combo, NAME)
    settle(window)
    assert window.session.plan.refusal is not None and "smaller than the 64 x 64" in window.message_bar.text()
    action = find(window, "messageAction")
    assert action.text() == "Each for 8 × 8 pixels"
    hand.click(action)
    settle(window)
    session, run = window.session, window.live.run
    assert session.plan.refusal is None and session.recipe.source.refine == 8 and run.state == "finished"
    assert find(window, "resolutionCombo").currentText() == "each for 8 × 8"
    made = session.plan.made_in.inverse(run.trajectory.last.y[:, 0])
    assert np.abs(block_mean(made.astype(float), 8) - VALUES).max() < 1e-4
    assert session.facts.earth.at(0.5, 0.5) == pytest.approx((50.56 + 0.035, 4 - 0.035), abs=1e-4)
    session.undo()
    assert session.facts.field.values.shape == (8, 8)
    settle(window)


def test_what_was_given_stands_beside_what_was_made_and_is_called_no_truth(opened, find, hand, settle):
    window = opened
    settle(window)
    hand.choose(find(window, "resolutionCombo"), "8 refine")
    hand.choose(find(window, "modelCombo"), NAME)
    settle(window)
    window.session.look(statistic="row")
    settle(window)
    assert [name for *_, name in find(window, "tileNames").names] == ["given", "made", "mean"]
