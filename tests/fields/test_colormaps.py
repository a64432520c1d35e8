"""The shipped colour maps."""

import subprocess
import sys

import numpy as np
import pytest

from diffview.fields.colormaps import COLORMAPS, DIVERGING, NAMES, default_for


def lightness(rgb):
    """CIE L* of sRGB colours, [n]."""
    c = rgb / 255.0
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    y = linear @ [0.2126, 0.7152, 0.0722]
    return np.where(y > 0.008856, 116 * np.cbrt(y) - 16, 903.3 * y)


@pytest.mark.parametrize("name", NAMES)
def test_a_map_is_256_colours_that_nobody_can_change(name):
    rgb = COLORMAPS[name]
    assert rgb.shape == (256, 3)
    assert rgb.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        rgb[0] = 0


@pytest.mark.parametrize("name", [n for n in NAMES if n not in DIVERGING])
def test_sequential_maps_go_one_way_in_lightness(name):
    step = np.diff(lightness(COLORMAPS[name])[::8])
    assert (step > -0.6).all() or (step < 0.6).all()


@pytest.mark.parametrize("name", DIVERGING)
def test_diverging_maps_are_lightest_in_the_middle(name):
    light = lightness(COLORMAPS[name])
    assert 118 <= light.argmax() <= 138
    assert light[0] < 45 > light[-1]


def test_cold_clouds_are_bright_and_no_rain_is_pale():
    assert lightness(COLORMAPS["ice_r"])[0] > 95
    assert lightness(COLORMAPS["ice_r"])[-1] < 5
    assert lightness(COLORMAPS["rain"])[0] > 90


@pytest.mark.parametrize(
    ("units", "name"),
    [("K", "roma_r"), ("kelvin", "roma_r"), ("degrees_Celsius", "roma_r"), ("°C", "roma_r"), ("mm/h", "rain"),
     (" mm h-1", "rain"), ("mm/hr", "rain"), ("", "batlow"), ("m", "batlow"), ("W m-2 sr-1 um-1", "batlow")],
)  # fmt: skip
def test_the_map_follows_from_the_units(units, name):
    assert default_for(units) == name


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("toa_brightness_temperature", "ice_r"), ("brightness temperature, channel 9", "ice_r"), ("Tb", "ice_r"),
        ("S8_BT_in", "ice_r"), ("IR_108 tbb", "ice_r"), ("cloud_top_temperature", "ice_r"), ("t2m", "roma_r"),
        ("analysed_sst sea surface temperature", "roma_r"), ("toast", "roma_r"), ("debt", "roma_r"),
    ],
)  # fmt: skip
def test_brightness_temperatures_are_told_from_those_of_air_and_sea(what, name):
    assert default_for("K", what) == name
    assert default_for("mm/h", what) == "rain"


def test_air_and_sea_go_from_blue_to_red():
    low, high = COLORMAPS["roma_r"][[0, -1]].astype(int)
    assert low[2] > 2 * low[0] and high[0] > 2 * high[2]


def test_the_table_behaves_like_a_dict_and_loads_no_qt():
    assert set(COLORMAPS) == set(NAMES)
    assert "nonsense" not in COLORMAPS
    code = (
        "import sys, diffview.fields.colormaps as c; c.COLORMAPS['rain']; "
        "sys.exit(any('PySide' in m for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
