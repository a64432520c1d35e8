"""Exported files, read by xarray, netCDF4 and this program: values, coordinates, units, masks, provenance."""

import hashlib
import json
import resource
import subprocess
import sys
import warnings
from pathlib import Path
from unittest.mock import ANY

import netCDF4
import numpy as np
import pytest
import xarray as xr
from readers_twins import real_files

from diffview.cli import main
from diffview.errors import UserError
from diffview.fields.earth_map import Projection
from diffview.fields.field import Region
from diffview.fields.radar import Site
from diffview.forward.schedules import Cosine
from diffview.forward.state import Forward
from diffview.models.cards import find_card
from diffview.paths import resource as packaged
from diffview.readers.slices import read_slice
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run
from diffview.scores.gap import way_of
from diffview.writers.exports import PIXELS, Content, Values
from diffview.writers.grid import earth_grid
from diffview.writers.quantity import clean
from diffview.writers.saving import save_netcdf

LATITUDE, LONGITUDE = np.linspace(60, 40, 48), np.linspace(-10, 20, 64)
WAVES = 280 + 10 * np.sin(np.arange(48) / 9)[:, None] + 5 * np.cos(np.arange(64) / 7)
TEMPERATURE = np.float32(WAVES + np.random.default_rng(0).normal(size=(48, 64)))
TEMPERATURE[5:8, 10:14] = np.nan
CORNER = ("--region", "0,0,32,32")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def source(tmp_path):
    """A file of two days, stored south first and packed, as products are."""
    path = tmp_path / "source.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.Conventions, file.license = "CF-1.8", "public domain"
        for name, values, units in (("lat", LATITUDE[::-1], "degrees_north"), ("lon", LONGITUDE, "degrees_east")):
            file.createDimension(name, len(values))
            file.createVariable(name, "f8", (name,))[:] = values
            file[name].units = units
        file.createDimension("day", 2)
        t = file.createVariable("ts", "i2", ("day", "lat", "lon"), fill_value=-32768)
        t.scale_factor, t.add_offset, t.units, t.standard_name = 0.01, 280.0, "K", "surface_temperature"
        t.long_name = "temperature of the surface"
        missing = np.isnan(TEMPERATURE[::-1])
        for day in (0, 1):
            t[day] = np.ma.masked_array(np.where(missing, 280, TEMPERATURE[::-1] + 3 * day), missing)
    return path


@pytest.fixture
def command(capsys):
    def do(*words):
        status = main([str(word) for word in words])
        return status, capsys.readouterr().err

    return do


def both(path):
    """The file by xarray, after netCDF4 has found the same; any warning fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        seen = xr.load_dataset(path, engine="h5netcdf")
        again = xr.load_dataset(path, engine="netcdf4")
    xr.testing.assert_identical(seen, again)
    with netCDF4.Dataset(path) as file:
        file.set_auto_mask(False)
        for name, variable in seen.variables.items():
            if variable.dtype.kind in "MO":  # dates: decoded by either library, and compared above
                continue
            np.testing.assert_array_equal(file[name][...], variable.values, err_msg=str(name))
    return seen


def check_cf(path):
    """What the CF conventions ask of a file like ours (1.11: 2.3, 2.6.1, 3.1, 4, 5, 7.3)."""
    with netCDF4.Dataset(path) as file:
        assert file.Conventions == "CF-1.11" and file.title and file.history and file.source
        for name, variable in file.variables.items():
            assert name.isidentifier() and (name == "crs" or {"units", "long_name"} <= set(variable.ncattrs())), name
            for other in getattr(variable, "coordinates", "").split():
                assert set(file[other].dimensions) <= set(variable.dimensions)
            if "grid_mapping" in variable.ncattrs():
                assert file[variable.grid_mapping].grid_mapping_name
            if "cell_methods" in variable.ncattrs():
                assert variable.cell_methods.split(":")[0] == "realization"
            if name in file.dimensions:
                assert variable.dimensions == (name,) and np.isfinite(variable[:]).all()
                assert (np.diff(variable[:]) > 0).all() or (np.diff(variable[:]) < 0).all()
            elif variable.dtype == np.float32:
                assert np.isnan(variable.getncattr("_FillValue"))


# -- the forward state


def test_noise_is_written_as_it_is_defined(source, tmp_path, command):
    out = tmp_path / "out.nc"
    words = ("--s", "0.7", "--schedule", "cosine", "--seed", "5", "--index", "1", "--region", "2,4,32,40")
    status, told = command("noise", source, "/ts", *words, "-o", out)
    assert status == 0 and "s = 0.7" in told
    check_cf(out)
    seen = both(out)
    picture = read_slice(str(source), "/ts", (1,))
    recipe = Recipe.from_json(seen.attrs["diffview_recipe"])
    facts = Facts(picture.field)
    plan_transform = facts.fitted(recipe)
    z = facts.through(plan_transform)
    forward = Forward(z[2:34, 4:44], Cosine(), 5, noise=recipe.course.noise)
    frame = forward.at(float(Cosine().t_of(0.7)))
    for name, values in (("ts", z[2:34, 4:44]), ("x_t", frame.x_t)):
        expected = plan_transform.inverse(values).astype(np.float32)
        np.testing.assert_array_equal(seen[name].values, expected)
        assert seen[name].attrs["units"] == "K" and seen[name].dims == ("latitude", "longitude")
    np.testing.assert_allclose(seen.eps.values, np.where(np.isnan(frame.x_t), np.nan, forward.eps(0.7)), atol=1e-6)
    np.testing.assert_allclose(seen.s, 0.7, rtol=1e-9)
    np.testing.assert_allclose(seen.latitude, LATITUDE[2:34])
    np.testing.assert_allclose(seen.longitude, LONGITUDE[4:44])
    assert (np.isnan(seen.x_t) == np.isnan(TEMPERATURE[2:34, 4:44])).all() and np.isnan(seen.x_t).any()
    assert seen.ts.attrs["standard_name"] == "surface_temperature" and "standard_name" not in seen.x_t.attrs
    assert recipe.course.seed == 5 and recipe.source.index == (1,) and recipe.source.fitted == plan_transform
    assert seen.attrs["diffview_source_sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert seen.attrs["license"] == "public domain" and seen.attrs["diffview_source_index"] == "day = 1"


def test_our_own_file_opens_the_right_way_up(source, tmp_path, command):
    out = tmp_path / "out.nc"
    assert command("noise", source, "/ts", "--t", "0.3", "-o", out)[0] == 0
    before, after = read_slice(str(source), "/ts", (0,)).field, read_slice(str(out), "/ts").field
    np.testing.assert_allclose(after.values, before.values, rtol=1e-6)
    assert after.units == "K" and after.pixel_km == pytest.approx(before.pixel_km, rel=0.02)
    np.testing.assert_allclose(after.coords["latitude"], before.coords["latitude"])
    assert read_slice(str(out), "/x_t").field.mask.sum() == 12


def test_the_chain_is_another_path_of_the_same_law(source, tmp_path, command):
    for name, more in (("closed", ()), ("chain", ("--chain",))):
        assert command("noise", source, "/ts", "--t", "0.5", *more, "-o", tmp_path / f"{name}.nc")[0] == 0
    closed, chain = both(tmp_path / "closed.nc"), both(tmp_path / "chain.nc")
    assert float(np.abs(closed.x_t - chain.x_t).max()) > 1
    assert float(chain.eps.std()) == pytest.approx(float(closed.eps.std()), rel=0.1)


def test_a_projection_travels_with_the_field(tmp_path, command):
    """The packaged field lies on a projection: y and x in metres lead to its latitude and longitude."""
    import pyproj

    out = tmp_path / "out.nc"
    path = packaged("toa_brightness_temperature.nc")
    assert command("noise", path, "/data", "--t", "0.2", "--region", "10,20,64,80", "-o", out)[0] == 0
    check_cf(out)
    seen = both(out)
    assert seen.x_t.attrs["grid_mapping"] == "crs" or seen.x_t.encoding["grid_mapping"] == "crs"
    crs = pyproj.CRS.from_cf(seen.crs.attrs)
    lon, lat = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True).transform(
        *np.meshgrid(seen.x, seen.y)
    )
    np.testing.assert_allclose(seen.latitude, lat, atol=2e-5)  # the file has them in float32
    np.testing.assert_allclose(seen.longitude, lon, atol=2e-5)
    before, after = read_slice(str(path), "/data").field, read_slice(str(out), "/x_t").field
    assert after.pixel_km == pytest.approx(before.pixel_km, rel=1e-3)
    assert seen.attrs["pixel_height_km"] == pytest.approx(before.pixel_km[0])
    field = [name for name in seen.data_vars if name not in ("x_t", "eps", "alpha", "sigma", "crs")]
    np.testing.assert_allclose(seen[field[0]].values, before.values[10:74, 20:100], rtol=1e-5)


def test_a_curvilinear_grid_keeps_its_two_dimensional_coordinates(tmp_path, command):
    rows, columns = np.meshgrid(np.arange(30.0), np.arange(40.0), indexing="ij")
    latitude, longitude = 50 - 0.2 * rows + 0.05 * columns, 5 + 0.3 * columns + 0.04 * rows
    path, out = tmp_path / "swath.nc", tmp_path / "out.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("line", 30)
        file.createDimension("pixel", 40)
        for name, values, units in (
            ("lat", latitude, "degrees_north"), ("lon", longitude, "degrees_east"), ("tb", 250 + rows + columns, "K"),
        ):  # fmt: skip
            file.createVariable(name, "f4", ("line", "pixel"))[:] = values
            file[name].units = units
        file["tb"].coordinates = "lat lon"
    assert command("noise", path, "/tb", "--t", "0.2", "--region", "4,8,20,24", "-o", out)[0] == 0
    check_cf(out)
    seen = both(out)
    np.testing.assert_allclose(seen.latitude, latitude[4:24, 8:32], atol=1e-5)
    assert {"latitude", "longitude"} <= set(seen.x_t.coords)


# -- what models make


def test_an_ensemble_from_noise_has_no_place_on_earth(source, tmp_path, command):
    out = tmp_path / "out.nc"
    words = ("--fit", source, "/ts", "--index", "0", "--region", "16,16,24,32", "--members", "3", "--steps", "4")
    status, told = command("sample", "--model", "gaussian", *words, "-o", out)
    assert status == 0 and "3 fields" in told
    check_cf(out)
    seen = both(out)
    assert not {"latitude", "longitude", "crs"} & set(seen.variables) and seen.y.attrs["units"] == "km"
    recipe = Recipe.from_json(seen.attrs["diffview_recipe"])
    picture = read_slice(str(source), "/ts", (0,))
    with_others = Facts(picture.field, read_slice(str(source), "/ts", (1,)).field.values[None])
    plan = resolve(recipe, with_others)
    last = list(run(plan))[-1]
    physical = plan.transform.inverse(last.y[:, 0])
    np.testing.assert_array_equal(seen.ts.values, physical.astype(np.float32))
    np.testing.assert_allclose(seen.ts_mean, physical.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(seen.ts_spread, physical.std(axis=0, ddof=1), rtol=1e-5)
    assert seen.ts.attrs["units_metadata"] == "temperature: on_scale"
    assert seen.ts_spread.attrs["units_metadata"] == "temperature: difference"
    assert seen.member.attrs["standard_name"] == "realization"
    again = read_slice(str(out), "/ts_mean").field
    assert "latitude" not in again.coords and again.pixel_km == pytest.approx(picture.field.pixel_km)
    np.testing.assert_array_equal(again.values, seen.ts_mean.values)
    assert "no place on Earth" in seen.attrs["comment"]


def test_statistics_of_an_ensemble_are_those_of_the_members_it_would_have_written(source, tmp_path, command):
    members, out = tmp_path / "members.nc", tmp_path / "statistics.nc"
    words = ("--fit", source, "/ts", "--index", "0", "--region", "16,16,24,32", "--members", "40", "--steps", "3")
    words = ("sample", "--model", "gaussian", *words, "--block", "8")
    assert command(*words, "-o", members)[0] == 0
    status, told = command(*words, "--statistics", "mean,spread,p>280,p>-1.5,q0.9", "-o", out)
    assert status == 0 and "mean,spread,p>280,p>-1.5,q0.9 of 40 fields" in told
    assert "Every member is above -1.5 K anywhere" in told
    check_cf(out)
    seen, whole = both(out), xr.load_dataset(members).ts.astype("f8")
    assert "member" not in seen.dims and seen.ts_mean.attrs["units"] == "K"
    assert seen.ts_mean.attrs["units_metadata"] == "temperature: on_scale"
    assert seen.ts_spread.attrs["units_metadata"] == "temperature: difference"
    np.testing.assert_allclose(seen.ts_mean, whole.mean("member"), rtol=1e-6)
    np.testing.assert_allclose(seen.ts_spread, whole.std("member", ddof=1), rtol=1e-5)
    np.testing.assert_array_equal(seen.ts_above_280, (whole > 280).mean("member").astype("f4"))
    assert seen.ts_above_280.attrs["units"] == "1" and seen.ts_above_280.attrs["threshold"] == 280
    assert (seen.ts_above_minus_1_5 == 1).all()
    np.testing.assert_allclose(seen.ts_quantile_0_9, whole.quantile(0.9, "member"), atol=1.0)
    assert "Members 0 to 39 were made in blocks of 8" in seen.attrs["comment"]
    recipe = tmp_path / "r.json"
    recipe.write_text(seen.attrs["diffview_recipe"])
    again = tmp_path / "again.nc"
    assert command("sample", "--recipe", recipe, "-o", again)[0] == 0
    for name in seen.data_vars:
        np.testing.assert_array_equal(seen[name], xr.load_dataset(again)[name])


def test_parts_of_an_ensemble_fit_together_to_the_bit(source, tmp_path, command):
    words = ("--fit", source, "/ts", "--index", "0", "--region", "16,16,24,32", "--steps", "3", "--block", "8")
    files = {}
    for first, count in ((0, 24), (0, 16), (16, 8)):
        files[first, count] = tmp_path / f"{first}_{count}.nc"
        part = ("--first-member", str(first), "--members", str(count), "-o", files[first, count])
        assert command("sample", "--model", "gaussian", *words, *part)[0] == 0
    whole, *parts = (xr.load_dataset(path)[["ts"]] for path in files.values())
    xr.testing.assert_equal(whole, xr.concat(parts, "member", data_vars="minimal"))
    assert whole.member.values.tolist() == [*range(24)]


def test_a_crps_is_of_the_field_that_a_run_came_from(source, tmp_path, command):
    out = tmp_path / "crps.nc"
    words = ("--start", source, "/ts", "--s", "0.3", "--region", "16,16,24,32", "--steps", "3", "--members", "20")
    assert command("sample", "--model", "gaussian", *words, "--statistics", "crps,mean", "-o", out)[0] == 0
    seen = both(out)
    assert seen.ts_crps.attrs["units"] == "K" and seen.ts_crps.attrs["units_metadata"] == "temperature: difference"
    assert 0 < float(seen.ts_crps.mean()) < float(np.abs(seen.ts_mean - seen.ts_truth).mean())


def test_a_recorded_run_from_the_field_keeps_its_place(source, tmp_path, command):
    out = tmp_path / "out.nc"
    words = ("--start", source, "/ts", "--s", "0.8", "--region", "16,16,24,32", "--steps", "5", "--sampler", "ddim")
    status, _ = command("sample", "--model", "gaussian", *words, "--sampler-param", "eta=1", "--record", "-o", out)
    assert status == 0
    check_cf(out)
    seen = both(out)
    assert seen.x_t.dims == ("step", "member", "latitude", "longitude") and seen.sizes["step"] == 6
    assert np.isnan(seen.x0_hat[0]).all() and np.isfinite(seen.x0_hat[1:]).all()
    np.testing.assert_allclose(seen.latitude, LATITUDE[16:40])
    assert float(seen.s[0]) == pytest.approx(0.8) and float(seen.s[-1]) == 0
    recipe = Recipe.from_json(seen.attrs["diffview_recipe"])
    assert dict(recipe.course.sampler_params) == {"eta": 1.0} and recipe.start.origin == "field"
    assert "noised to s = 0.8" in seen.attrs["comment"]


def test_a_recipe_gives_the_same_file_again(source, tmp_path, command):
    one, two = tmp_path / "one.nc", tmp_path / "two.nc"
    words = ("--fit", source, "/ts", "--region", "16,16,24,32", "--steps", "4", "--sampler", "ddpm", "--members", "2")
    assert command("sample", "--model", "gaussian", *words, "-o", one)[0] == 0
    (tmp_path / "r.json").write_text(both(one).attrs["diffview_recipe"])
    assert command("sample", "--recipe", tmp_path / "r.json", "-o", two)[0] == 0
    xr.testing.assert_equal(both(one), both(two))
    assert both(one).attrs["diffview_recipe"] == both(two).attrs["diffview_recipe"]


def test_a_formula_fitted_to_another_file(source, tmp_path, command):
    """The start is the field's, the law is that of the other file, through the other file's transform."""
    other = tmp_path / "other.nc"
    with netCDF4.Dataset(source) as old, netCDF4.Dataset(other, "w") as new:
        for name in ("day", "lat", "lon"):
            new.createDimension(name, old.dimensions[name].size)
        new.createVariable("ts", "f4", ("day", "lat", "lon"))[:] = np.random.default_rng(1).normal(290, 2, (2, 48, 64))
        new["ts"].units = "K"
    out = tmp_path / "out.nc"
    words = ("--start", source, "/ts", "--s", "5", "--region", "16,16,24,32", "--steps", "6")
    assert command("sample", "--model", "gaussian", "--fit", other, "/ts", *words, "-o", out)[0] == 0
    seen = both(out)
    assert json.loads(seen.attrs["diffview_transform"])["mean"] == pytest.approx(290, abs=0.3)
    assert float(seen.ts.std()) == pytest.approx(2, rel=0.5) and "latitude" in seen.coords
    assert seen.attrs["diffview_fit_file"] == "other.nc" and seen.attrs["diffview_fit_dataset"] == "/ts"
    assert seen.attrs["diffview_fit_sha256"] == hashlib.sha256(other.read_bytes()).hexdigest()
    assert seen.attrs["diffview_source_sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert "of /ts in other.nc" in seen.attrs["diffview_fit"] and "--fit" in seen.attrs["comment"]
    (tmp_path / "r.json").write_text(seen.attrs["diffview_recipe"])
    two = tmp_path / "two.nc"
    words = ("--recipe", tmp_path / "r.json", "--fit", other, "/ts")
    assert command("sample", *words, "-o", two)[0] == 0
    xr.testing.assert_equal(both(two), seen)


def test_crops_with_gaps_and_columns_that_are_held_out(source, tmp_path, command):
    """The same fit set as the window's Gaps row gives; the recipe in the file has it, and --recipe takes it again."""
    fit = ("--fit", source, "/ts", "--fit-set", "crops", "--missing-limit", "0.1", "--held-out", "0.3")
    words = ("--model", "gaussian", *fit, "--region", "24,20,16,16", "--steps", "2", "--members", "2")
    out = tmp_path / "out.nc"
    status, told = command("sample", *words, "-o", out)
    assert status == 0
    picture = read_slice(str(source), "/ts")
    recipe = Recipe.from_json(both(out).attrs["diffview_recipe"])
    assert (recipe.denoiser.fit_set, recipe.denoiser.missing_limit, recipe.denoiser.held_out) == ("crops", 0.1, 0.3)
    corners = [(row, column) for row in range(0, 33, 4) for column in range(0, 49, 4)]
    gaps = {at: np.isnan(picture.field.values[at[0] : at[0] + 16, at[1] : at[1] + 16]).mean() for at in corners}
    fitted = [at for at, share in gaps.items() if share <= 0.1 and at[1] + 16 <= 64 - 19]
    held = [at for at, share in gaps.items() if share == 0 and at[1] >= 64 - 19]
    assert max(gaps[at] for at in fitted) > 0 and held
    sentence = both(out).attrs["diffview_fit"]
    assert sentence in told and f"Fitted to {len(fitted)} crops of 16 × 16" in sentence
    assert "Up to 10 % of a crop may be missing." in sentence and f"{len(held)} others are held out." in sentence
    (tmp_path / "r.json").write_text(recipe.to_json())
    again = tmp_path / "again.nc"
    assert command("sample", "--recipe", tmp_path / "r.json", "-o", again)[0] == 0
    xr.testing.assert_equal(both(again), both(out))


def test_another_spelling_of_the_same_variable_is_no_other_file(source, tmp_path, command):
    """A fit to the very slice of the start leaves out what shares a pixel with it, whatever the path looks like."""
    told = []
    (tmp_path / "link.nc").symlink_to(source)
    for fit in ((source, "/ts"), (tmp_path / "link.nc", "ts")):
        out = tmp_path / f"{len(told)}.nc"
        words = ("--start", source, "/ts", "--s", "2", "--region", "16,16,16,16", "--steps", "3", "--seed", "1")
        assert command("sample", "--model", "data", "--fit", *fit, *words, "-o", out)[0] == 0
        told.append(both(out))
    assert told[0].attrs["diffview_fit"] == told[1].attrs["diffview_fit"] and "link" not in told[1].attrs["comment"]
    xr.testing.assert_equal(*told)


def test_a_network_from_noise_says_nothing_of_the_open_field(tmp_path, command):
    pytest.importorskip("torch")
    out = tmp_path / "out.nc"
    assert command("sample", "--model", "rain64", "--steps", "2", "--members", "2", "-o", out)[0] == 0
    check_cf(out)
    seen = both(out)
    assert seen.precipitation_rate.shape == (2, 64, 64) and seen.precipitation_rate.attrs["units"] == "mm h-1"
    assert json.loads(seen.attrs["diffview_model_card"])["name"] == "rain64"
    assert "diffview_source_file" not in seen.attrs and "pixel_height_km" not in seen.attrs


def test_a_network_draws_as_it_was_scored_where_nothing_else_is_asked(tmp_path, command):
    pytest.importorskip("torch")
    settings = find_card("rain64").scores["settings"]
    for words, steps, sampler, kept in (
        (("--steps", "2"), 2, "churn", settings["params"]),
        (("--sampler", "ddim", "--steps", "3"), 3, "ddim", {}),
    ):
        assert command("sample", "--model", "rain64", *words, "-o", tmp_path / "out.nc")[0] == 0
        course = json.loads(both(tmp_path / "out.nc").attrs["diffview_recipe"])["course"]
        assert (course["sampler"], course["steps"], course["sampler_params"]) == (sampler, steps, kept)
        assert (course["grid"], course["schedule"]["key"]) == ("karras", "edm")
    recipe = Recipe.of(model="rain64", steps=2)
    (tmp_path / "r.json").write_text(recipe.to_json())
    assert command("sample", "--recipe", tmp_path / "r.json", "-o", tmp_path / "again.nc")[0] == 0
    course = json.loads(both(tmp_path / "again.nc").attrs["diffview_recipe"])["course"]
    assert (course["sampler"], course["grid"]) == ("ddim", "uniform"), "a recipe keeps its own"


def test_a_conditional_network_takes_its_condition(tmp_path, command):
    pytest.importorskip("torch")
    rain, out = tmp_path / "rain.nc", tmp_path / "out.nc"
    rng = np.random.default_rng(3)
    amount = np.maximum(np.repeat(np.repeat(rng.gamma(0.4, 4.0, (8, 8)) - 0.5, 8, 0), 8, 1), 0).astype(np.float32)
    with netCDF4.Dataset(rain, "w") as file:
        for name, units in (("lat", "degrees_north"), ("lon", "degrees_east")):
            file.createDimension(name, 64)
            file.createVariable(name, "f8", (name,))[:] = np.arange(64)
            file[name].units = units
        file.createVariable("precipitation_rate", "f4", ("lat", "lon"))[:] = amount
        file["precipitation_rate"].units = "mm h-1"
    words = ("sample", "--model", "rain64-from-coarse", "--steps", "2")
    assert command(*words, "--condition", rain, "/precipitation_rate", "-o", out)[0] == 0
    seen = both(out)
    mean = seen.precipitation_rate[0].values.reshape(8, 8, 8, 8).mean(axis=(1, 3))
    told = amount[::-1].reshape(8, 8, 8, 8).mean(axis=(1, 3))
    np.testing.assert_allclose(mean, told, rtol=1e-3, atol=1e-4)
    assert "latitude" in seen.coords and "conditioned on coarse means" in seen.attrs["comment"]
    status, error = command(*words, "-o", out)
    assert status == 2 and "Its condition needs a field" in error


def test_a_network_of_another_quantity_than_the_field_of_its_recipe_is_told(source, tmp_path, command):
    pytest.importorskip("torch")
    recipe, said = (
        Recipe.of(path=str(source), dataset="/ts", model="rain64", steps=1),
        "rain64 makes precipitation_rate",
    )
    (tmp_path / "r.json").write_text(recipe.to_json())
    status, error = command("sample", "--recipe", tmp_path / "r.json", "-o", tmp_path / "out.nc")
    assert status == 0 and said in error and "fields of its own, from noise" in error
    status, error = command("sample", "--model", "rain64", "--steps", "1", "-o", tmp_path / "free.nc")
    assert status == 0 and said not in error, "no field was named"


def test_a_network_makes_nothing_on_land(tmp_path, command):
    pytest.importorskip("torch")
    from diffview.models.checkpoints import load_model

    out = tmp_path / "out.nc"
    assert command("sample", "--model", "sst32", "--steps", "2", "-o", out)[0] == 0
    seen, land = both(out), load_model(find_card("sst32"))[1].numpy()
    name = next(name for name, values in seen.data_vars.items() if values.dims[-2:] == ("y", "x"))
    assert land.any() and (np.isnan(seen[name][0].values) == land).all()


def test_what_is_filled_is_flagged_as_generated(source, tmp_path, command):
    out, gap = tmp_path / "out.nc", Region(20, 20, 6, 8)
    recipe = Recipe.of(
        path=str(source), dataset="/ts", region=Region(16, 16, 24, 32), model="gaussian", sampler="repaint", steps=5,
        hidden=(gap,),
    )  # fmt: skip
    (tmp_path / "r.json").write_text(recipe.to_json())
    assert command("sample", "--recipe", tmp_path / "r.json", "-o", out)[0] == 0
    check_cf(out)
    seen = both(out)
    flags = np.zeros((24, 32), bool)
    flags[4:10, 4:12] = True
    assert (seen.generated.values.astype(bool) == flags).all() and seen.generated.attrs["flag_meanings"].split()
    assert "latitude" in seen.coords and "flagged as generated" in seen.attrs["comment"]
    known = np.abs(seen.ts[0].values - TEMPERATURE[16:40, 16:48])[~flags]
    assert known.max() < 0.02 < np.abs(seen.ts[0].values - TEMPERATURE[16:40, 16:48])[flags].max()


@pytest.mark.parametrize("way", ["repaint", "guidance"])
def test_a_gap_is_filled_by_command_and_judged(source, tmp_path, command, way):
    out = tmp_path / "out.nc"
    words = ("--region", "16,16,24,32", "--hide", "20,20,6,8", "--hide", "30,40,2,3", "--steps", 6, "--members", 3)
    gap = ("--fill", source, "/ts", "--fill-by", way)
    status, told = command("sample", "--model", "gaussian", *gap, *words, "-o", out)
    assert status == 0 and "54 pixels were filled." in told
    seen, truth = both(out), TEMPERATURE[16:40, 16:48]
    filled = seen.generated.values.astype(bool)
    assert filled.sum() == 54 and filled[4:10, 4:12].all() and filled[14:16, 24:27].all()
    rmse = np.sqrt(np.mean((seen.ts.values.mean(0) - truth)[filled] ** 2))
    lines = {line.split(":")[0]: line for line in told.splitlines() if "RMSE" in line}
    assert float(lines["model"].split("RMSE ")[1].split()[0]) == pytest.approx(rmse, rel=2e-3)
    check_cf(out)
    np.testing.assert_allclose(seen.ts_truth.values, truth, atol=0.0051)  # packed by 0.01
    for who, mean in (("model", seen.ts.values.mean(0)), ("kriging", seen.ts_kriging.values)):
        error = np.sqrt(np.mean((mean - seen.ts_truth.values)[filled] ** 2))
        assert float(seen[f"gap_rmse_{who}"]) == pytest.approx(error, rel=1e-4)
        assert seen[f"gap_rmse_{who}"].attrs["units"] == seen.ts.attrs["units"]
        for score, word in (("rmse", "RMSE "), ("crps", "CRPS "), ("spread_skill", "spread/skill ")):
            printed = lines[who].split(word)[1].split()[0].strip(",")
            assert float(printed) == pytest.approx(float(seen[f"gap_{score}_{who}"]), rel=6e-3)
    known = ~filled
    assert (
        np.abs(seen.ts_kriging.values - seen.ts_truth.values)[known].max() < 1e-3
        and (seen.ts_kriging_std.values[known] == 0).all()
    )
    assert 0.1 < seen.ts_kriging_std.values[filled].mean() / float(seen.gap_rmse_kriging) < 10
    assert "64 members" in lines["kriging"] and "spread/skill" in lines["model"] and "CRPS" in lines["kriging"]
    recipe = Recipe.from_json(seen.attrs["diffview_recipe"])
    assert recipe.guidance.hidden == (Region(20, 20, 6, 8), Region(30, 40, 2, 3)) and way_of(recipe) == way
    (tmp_path / "r.json").write_text(recipe.to_json())
    assert command("sample", "--recipe", tmp_path / "r.json", "-o", tmp_path / "again.nc")[0] == 0
    assert (both(tmp_path / "again.nc").ts.values == seen.ts.values).all()


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (("--hide", "1,2,3,4"), "for runs that fill"),
        (("--fill", "SOURCE", "/ts", "--start", "SOURCE", "/ts", "--s", "1"), "does not start from one"),
        (("--fill", "SOURCE", "/ts", "--sampler", "heun"), "RePaint is a sampler of its own"),
        (("--fill", "SOURCE", "/ts", "--hide", "1,2"), "hide cannot be '1,2'"),
        (("--fill", "SOURCE", "/ts", "--region", "16,16,24,32"), "here there are none"),
    ],
)
def test_what_cannot_be_filled_is_a_sentence(words, word, source, tmp_path, command):
    words = [source if w == "SOURCE" else w for w in words]
    status, told = command("sample", "--model", "gaussian", *words, "-o", tmp_path / "out.nc")
    assert status == 2 and word in told and "Traceback" not in told and not (tmp_path / "out.nc").exists()


def test_a_working_resolution_keeps_its_places(source, tmp_path, command):
    """Pixels of 2 x 2 lie in the middle of theirs, also where the writer asks the file for the coordinates."""
    for path, dataset, row, column in ((str(source), "/ts", 4, 8), (None, None, 30, 60)):
        recipe = Recipe.of(
            path=path, dataset=dataset, coarsen=2, region=Region(row, column, 16, 20), model="gaussian", steps=2,
            origin="field", level=1.0,
        )  # fmt: skip
        (tmp_path / "r.json").write_text(recipe.to_json())
        assert command("sample", "--recipe", tmp_path / "r.json", "-o", tmp_path / "out.nc") == (0, ANY)
        seen = both(tmp_path / "out.nc")
        file = path or str(packaged("toa_brightness_temperature.nc"))
        latitude = read_slice(file, dataset or "/data").field.coords["latitude"]
        rows, columns = slice(2 * row, 2 * row + 32), slice(2 * column, 2 * column + 40)
        fine = latitude[rows] if latitude.ndim == 1 else latitude[rows, columns]
        blocks = fine.reshape(16, 2) if fine.ndim == 1 else fine.reshape(16, 2, 20, 2)
        middle = blocks.mean(axis=1) if fine.ndim == 1 else blocks.mean(axis=(1, 3))
        np.testing.assert_allclose(seen.latitude, middle, atol=1e-3)


def test_a_picture_with_its_axes_swapped_is_not_given_the_coordinates_of_the_other_way(source, tmp_path, command):
    recipe = Recipe.of(path=str(source), dataset="/ts", index=(0,), axes=(2, 1), region=Region(8, 8, 24, 16), steps=2,
                    model="gaussian", origin="field", level=1.0)  # fmt: skip
    (tmp_path / "r.json").write_text(recipe.to_json())
    out = tmp_path / "out.nc"
    assert command("sample", "--recipe", tmp_path / "r.json", "-o", out)[0] == 0
    seen = both(out)
    assert seen.ts.dims == ("member", "y", "x") and not {"latitude", "longitude"} & set(seen.variables)


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (("noise", "SOURCE", "/ts", "--t", "2"), "outside the schedule"),
        (("noise", "SOURCE", "/ts", "--s", "-1"), "outside the schedule"),
        (("noise", "SOURCE", "/none", "--t", "0.5"), "none"),
        (("noise", "SOURCE", "/ts", "--t", "0.5", "--region", "0,0,99,99"), "does not lie inside"),
        (("sample", "--model", "local", "--fit", "SOURCE", "/ts", "--region", "0,0,99,99"), "does not lie inside"),
        (("sample", "--model", "local", "--fit", "SOURCE", "/ts", "--region=-1,0,16,16"), "does not lie inside"),
        (("noise", "SOURCE", "/ts", "--t", "0.5", "--region", "a"), "region cannot be 'a'"),
        (("noise", "SOURCE", "/ts", "--t", "0.5", "--index", "7"), "no index 7"),
        (("noise", "SOURCE", "/ts", "--t", "0.5", "--transform", "sqrt"), "no transform"),
        (("noise", "SOURCE", "/ts", "--t", "0.5", "--schedule", "none"), "no schedule"),
        (("noise", "gone.nc", "/ts", "--t", "0.5"), "gone.nc"),
        (("sample", "--model", "gaussian"), "nothing to be fitted to"),
        (("sample", "--model", "nothing"), "no model called"),
        (("sample", "--model", "gaussian", "--fit", "SOURCE", "/ts", "--s", "1"), "no field is named"),
        (("sample", "--model", "gaussian", "--start", "SOURCE", "/ts"), "noise level"),
        (("sample", "--model", "gaussian", "--fit", "SOURCE", "/ts", "--grid", "none"), "no grid"),
        (("sample", "--model", "gaussian", "--fit", "SOURCE", "/ts", "--sampler", "none"), "no sampler"),
        (("sample", "--model", "gaussian", "--fit", "SOURCE", "/ts", "--members", "0"), "members"),
        (("sample", "--model", "gaussian", "--fit", "SOURCE", "/ts", "--statistics", "mode"), "no statistic 'mode'"),
        (("sample", "--model", "gaussian", "--fit", "SOURCE", "/ts", "--statistics", "spread"), "has no spread"),
        (("sample", "--model", "gaussian", "--fit", "SOURCE", "/ts", "--first-member", "3"), "blocks of 64"),
        (
            ("sample", "--model", "gaussian", "--start", "SOURCE", "/ts", "--s", "1", "--region", "0,0,32,32"),
            "missing pixels",
        ),
        (("sample", "--recipe", "gone.json"), "cannot be read"),
        (("sample", "--model", "gaussian", "--fit", "SOURCE", "/ts", "--held-out", "0.7"), "held_out = 0.7"),
        (("sample", "--model", "gaussian", "--fit", "SOURCE", "/ts", "--missing-limit", "nan"), "missing_limit = nan"),
        (("sample", "--model", "gaussian", "--fit", "SOURCE", "/ts", "--fit-set", "all"), "fit_set cannot be 'all'"),
        (("sample", "--model", "local", "--fit", "SOURCE", "/ts", "--missing-limit", "0.1"), "complete ones"),
        (("sample", "--model", "rain64", "--held-out", "0.1"), "--held-out has no effect"),
        (("sample", "--model", "rain64", "--fit", "SOURCE", "/ts"), "--fit has no effect"),
        (("sample", "--model", "rain64", "--condition", "SOURCE", "/ts"), "rain64 takes no condition: it was not"),
        (("sample", "--model", "gaussian", "--condition", "SOURCE", "/ts"), "gaussian takes no condition."),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_a_sentence(words, word, source, tmp_path, command):
    out = tmp_path / "out.nc"
    status, error = command(*(source if w == "SOURCE" else w for w in words), "-o", out)
    assert status == 2 and word in error and "Traceback" not in error and not out.exists()


def test_a_folder_that_is_not_there_is_said_at_once(source, tmp_path, command):
    for words in (("noise", source, "/ts", "--t", "0.1"), ("sample", "--model", "gaussian", "--fit", source, "/ts")):
        status, error = command(*words, "-o", tmp_path / "none" / "out.nc")
        assert status == 2 and "no such folder" in error


# -- writing


def content(ny=200, nx=200):
    values = np.random.default_rng(0).normal(size=(ny, nx)).astype(np.float32)
    return Content((ny, nx), {"z": Values(PIXELS, values, {"long_name": "noise", "units": "1"})}, {"title": "noise"})


def test_progress_is_told_and_ends_at_one(tmp_path):
    told = []
    save_netcdf(content(), tmp_path / "a.nc", told.append)
    assert told[-1] == 1 and told == sorted(told)
    assert [p.name for p in tmp_path.iterdir()] == ["a.nc"]


def test_a_writing_that_is_stopped_leaves_the_old_file(tmp_path):
    (tmp_path / "a.nc").write_bytes(b"old")

    def end(done: float) -> None:
        raise StopIteration

    with pytest.raises(StopIteration):
        save_netcdf(content(), tmp_path / "a.nc", end)
    assert (tmp_path / "a.nc").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("room", [1000, 170_000], ids=["before", "while the file is written"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, room):
    """A limit on the size of files stands for it, in this process and the one that writes: 160 kB wait, 150 kB come."""
    (tmp_path / "a.nc").write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    many = content(200, 200) if room < 10_000 else Content(
        (200, 200), {f"z{i}": v for i, v in enumerate([*content().variables.values()] * 3)}, {}
    )  # fmt: skip
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        with pytest.raises(UserError, match=r"a\.nc cannot be written") as error:
            save_netcdf(many, tmp_path / "a.nc")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert error.value.sentence.endswith(".") and ".part" not in error.value.sentence
    assert (tmp_path / "a.nc").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_names_that_any_program_reads():
    assert [clean(name) for name in ("precip rate", "2m temp", "/a/b", "", "x", "Käse")] == [
        "precip_rate", "field_2m_temp", "b", "field", "field_x", "K_se",
    ]  # fmt: skip


def test_the_commands_load_no_torch_for_formulas(source, tmp_path):
    code = (
        f"import sys; from diffview.cli import main\n"
        f"main(['sample', '--model', 'gaussian', '--fit', {str(source)!r}, '/ts', '--region', '16,16,16,16', "
        f"'--steps', '2', '-o', {str(tmp_path / 'o.nc')!r}])\n"
        "print(sorted({'torch', 'h5py', 'PySide6', 'xarray'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


# -- grids


@pytest.mark.parametrize(
    ("crs", "unit", "pole"),
    [
        ("+proj=stere +lat_0=90 +lon_0=0 +lat_ts=60 +a=6378.14 +b=6356.75", 1e3, 90.0),  # KNMI's: an Earth in km
        ("+proj=stere +lat_0=90 +lon_0=0 +lat_ts=60 +a=6378140 +b=6356750 +units=km +x_0=1e5", 1e3, 90.0),
        ("+proj=stere +lat_0=-90 +lon_0=0 +lat_ts=-71 +ellps=WGS84", 1.0, -90.0),
    ],
)
def test_a_polar_projection_is_written_in_metres_and_says_which_pole(crs, unit, pole):
    """The written attributes lead pyproj from the written y and x back to the latitude and longitude of the file's."""
    import pyproj

    y, x = np.linspace(-2, -3, 12) * 1e6 / unit, np.linspace(0, 1, 16) * 1e6 / unit
    grid = earth_grid({"y": y, "x": x}, (12, 16), {}, Projection(crs))
    assert grid.mapping["latitude_of_projection_origin"] == pole
    written = {name: grid.variables[name] for name in ("y", "x")}
    assert all(v.attributes["units"] == "m" for v in written.values())
    np.testing.assert_allclose(written["y"].values, y * unit)
    again = pyproj.CRS.from_cf(grid.mapping)
    turn = pyproj.Transformer.from_crs(again, again.geodetic_crs, always_xy=True)
    longitude, latitude = turn.transform(*np.meshgrid(written["x"].values, written["y"].values))
    np.testing.assert_allclose(grid.variables["latitude"].values, latitude, atol=1e-4)
    np.testing.assert_allclose(grid.variables["longitude"].values, longitude, atol=1e-4)
    assert (latitude * pole > 0).all()


def test_places_off_the_earth_are_missing():
    """Corners of a full disk seen from a geostationary satellite."""
    crs = {
        "grid_mapping_name": "geostationary", "perspective_point_height": 35786023.0, "sweep_angle_axis": "x",
        "longitude_of_projection_origin": -75.0, "latitude_of_projection_origin": 0.0, "semi_major_axis": 6378137.0,
        "semi_minor_axis": 6356752.31414,
    }  # fmt: skip
    angles = np.linspace(-0.151, 0.151, 21)
    projection = Projection(crs, metres=35786023.0)
    grid = earth_grid({"y": -angles, "x": angles}, (21, 21), {}, projection)
    latitude, longitude = (grid.variables[name].values for name in ("latitude", "longitude"))
    assert np.isnan(latitude[0, 0]) and np.isnan(longitude[0, 0])
    assert (latitude[10, 10], longitude[10, 10]) == (pytest.approx(0, abs=1e-6), pytest.approx(-75))


def test_a_radar_sweep_keeps_azimuth_and_range():
    grid = earth_grid({"azimuth": np.arange(36.0), "range": np.arange(50.0)}, (36, 50), {}, None)
    assert grid.dims == ("azimuth", "range") and grid.variables["range"].attributes["units"] == "m"


def test_coordinates_that_say_nothing_of_the_earth():
    assert earth_grid({}, (4, 5), {}, None) is None
    assert earth_grid({"latitude": np.arange(9.0)}, (4, 5), {}, None) is None


def test_a_sweep_of_a_known_site_has_latitude_and_longitude_of_every_gate():
    azimuth, ranges = np.array([0.0, 90.0]), np.array([1e3, 1e5, 2e5])
    grid = earth_grid({"azimuth": azimuth, "range": ranges}, (2, 3), {}, Site(50.0, 5.0))
    assert (grid.dims, grid.coordinates) == (("azimuth", "range"), ("latitude", "longitude"))
    lat, lon = (grid.variables[name].values for name in grid.coordinates)
    assert lat.shape == (2, 3) and np.all(np.diff(lat[0]) > 0) and np.all(np.diff(lon[1]) > 0)
    across = earth_grid({"azimuth": np.array([350.0, 359.0, 8.0]), "range": ranges}, (3, 3), {}, None)
    assert across.variables["azimuth"].values.tolist() == [350.0, 359.0, 368.0]
    np.testing.assert_allclose(lon[0], 5.0, atol=1e-9)  # the ray that goes north
    np.testing.assert_allclose((lat[0, 2] - 50) * 111.23, 199.9, atol=0.3)


KINDS = ("RAD_NL25", "T_PAAH21", "era5_", "MODIS_ARRAY", "nemo_1m", "rotated_pole", "2A.GPM.GMI", "sst_1998")


@pytest.mark.skipif(not real_files("h5"), reason="files of ../shared are absent")
@pytest.mark.parametrize("kind", KINDS)
def test_real_fields_come_back_as_they_were(kind, tmp_path, command):
    """Radar, composite, reanalysis, satellite, ocean model, rotated pole, swath, MATLAB: values, gaps, north, size."""
    path, out = next(p for p in real_files("h5") if p.name.startswith(kind)), tmp_path / "out.nc"
    before = read_slice(str(path))
    index = ",".join(map(str, before.index))
    assert command("noise", path, before.dataset, "--t", "0.2", "--index", index, "-o", out) == (0, ANY)
    check_cf(out)
    seen, after = both(out), read_slice(str(out), "/x_t").field
    clean_values = next(v for v in seen.data_vars.values() if v.ndim == 2).values
    size = float(np.nanmax(np.abs(before.field.values)))
    np.testing.assert_allclose(clean_values, before.field.values, rtol=1e-4, atol=1e-5 * size)
    assert (after.mask == before.field.mask).all()
    if before.field.pixel_km is not None:
        assert after.pixel_km == pytest.approx(before.field.pixel_km, rel=0.05)
