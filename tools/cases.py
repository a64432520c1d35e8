"""Read files whose right answers are known, and say of each whether it is read so: values, places, times, an export.

    python tools/cases.py FOLDER --only wrf

FOLDER holds `cases.json`, a list of rows with `name`, `file` and `dataset`, and what is right of them, each if it is
there:

    expected           {shape, min, max, mean, missing, units} of the whole dataset as `diffview info` tells them, or
                       a sentence that begins with "refuse" and may name a word in brackets that has to be said
    geo                {a, b, land}: datasets whose values are 300 + latitude and 500 + longitude of their own pixels;
                       "map": false for a file that does not say where it lies
    expected_pixel_km  [height, width]
    radar              {lat, lon, rule}: where the gate of azimuth 90.5 at 100 km lies, as its rule says in numbers
    labels             the first labels of the time axis, separated by commas
    tol                relative, of min, max and mean

Every row is read in one reader process, as the window would do it; the export is what `diffview noise` writes. Exit
status 1 if one is not as it should be.
"""

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from diffview.errors import UserError
from diffview.fields.earth_map import EarthMap
from diffview.fields.field import Region
from diffview.fields.picture import Picture
from diffview.forward.state import Forward
from diffview.readers.process import ReaderProcess
from diffview.runs.facts import Facts
from diffview.runs.recipe import AUTO, Recipe
from diffview.writers.exports import forward_content

NEAR = 0.02  # degrees between a place that is told and the true one
PIXEL = 0.03  # of a pixel's size, relative
TOLERANCE = 1e-6
REGION = 96  # pixels a side that are exported
Row = Mapping[str, Any]


class Case:
    """One row, and the process that reads its file."""

    def __init__(self, row: Row, folder: Path, reader: ReaderProcess, scratch: Path) -> None:
        self.row, self.reader, self.scratch = row, reader, scratch
        self.path = str(folder / row["file"])

    def faults(self) -> Iterator[str]:
        """What is not as it should be, one phrase each."""
        expected = self.row.get("expected")
        if isinstance(expected, str):
            yield from self._refusal(expected)
            return
        if isinstance(expected, Mapping):
            yield from self._numbers(expected)
        if "geo" in self.row:
            yield from self._places(self.row["geo"])
        if "radar" in self.row:
            yield from self._gate(str(self.row["radar"]["rule"]))
        if "labels" in self.row:
            yield from self._times(self.row["labels"])
        if isinstance(expected, Mapping) and len(expected["shape"]) == 2:
            yield from self._export(self.row["dataset"])

    def ask(self, function: str, **arguments: Any) -> Any:
        """What the reader gives of the file."""
        return self.reader.call(function, path=self.path, **arguments)

    def _refusal(self, expected: str) -> Iterator[str]:
        """A sentence, with the cause if one has to be named; other texts leave open whether it is shown."""
        said = {"refuse with the cause: outside valid range": "valid range"}
        try:
            self.ask("read_slice", dataset=self.row["dataset"])
        except UserError as error:
            word = said.get(expected) or next(iter(re.findall(r"\((\w+)", expected)), "")
            if word not in str(error):
                yield f"refused without saying {word}: {error}"
            if "of its own" in str(error):
                yield str(error)
        else:
            if expected in ("refuse", *said) or "(" in expected:
                yield "it is shown"

    def _numbers(self, expected: Mapping[str, Any]) -> Iterator[str]:
        """`diffview info`; a fill value that no attribute declares counts where it is told and can be masked."""
        told = self.ask("describe", dataset=self.row["dataset"])
        if told.get("undeclared"):
            values = [found["value"] for found in told["undeclared"]]
            print(f"    told as undeclared: {values}; masked as asked")
            told = self.ask("describe", dataset=self.row["dataset"], mask=values)
        for key, value in expected.items():
            got, tolerance = told[key], float(self.row.get("tol", TOLERANCE))
            numbers = isinstance(value, float) and isinstance(got, (int, float))
            if not (abs(got - value) <= tolerance * max(abs(value), 1e-30) if numbers else got == value):
                yield f"{key} {got} instead of {value}"

    def _places(self, geo: Mapping[str, Any]) -> Iterator[str]:
        """The map and the export of the datasets that hold their own coordinates."""
        pictures: dict[str, Picture] = {role: self.ask("read_slice", dataset=geo[role]) for role in ("a", "b", "land")}
        land = pictures["land"]
        lat, lon = (pictures[role].field.values.astype(np.float64) - base for role, base in (("a", 300), ("b", 500)))
        yield from self._upright(lat, lon)
        yield from self._pixel(land)
        found: EarthMap | None = self.ask("read_map", dataset=geo["land"], axes=land.axes)
        if geo.get("map") is False:
            if found is not None:
                yield "a map where the file gives no place"
            return
        if found is None:
            yield "no map"
            return
        rows, columns = (slice(None, None, found.step),) * 2
        yield from _off("map", lat[rows, columns], lon[rows, columns], found.latitude, found.longitude)
        yield from self._exported_places(geo, pictures)

    def _exported_places(self, geo: Mapping[str, Any], pictures: Mapping[str, Picture]) -> Iterator[str]:
        written = {role: self._written(pictures[role]) for role in ("a", "b")}
        for role, export in written.items():
            yield from self._values(export, pictures[role])
        lat, lon = (written[role]["values"] - base for role, base in (("a", 300), ("b", 500)))
        names = ("latitude", "longitude")
        if any(name not in written["a"] for name in names):
            yield f"the export of {geo['a']} has no latitude and longitude"
            return
        told = [written["a"][name] for name in names]
        if told[0].ndim == 1:
            told = list(np.meshgrid(*told, indexing="ij"))
        yield from _off("export", lat, lon, *told)

    def _upright(self, lat: np.ndarray, lon: np.ndarray) -> Iterator[str]:
        down, across = np.nanmedian(np.diff(lat, axis=0)), np.nanmedian((np.diff(lon, axis=1) + 180) % 360 - 180)
        if down > 0:
            yield "south is up"
        if across < 0:
            yield "west is right"

    def _pixel(self, picture: Picture) -> Iterator[str]:
        if "expected_pixel_km" in self.row:
            right, got = self.row["expected_pixel_km"], picture.field.pixel_km
            if got is None or any(abs(g - r) > PIXEL * r for g, r in zip(got, right, strict=True)):
                yield f"pixels of {got} km instead of {right}"

    def _gate(self, rule: str) -> Iterator[str]:
        """Where the gate of 90.5 degrees at 100 km lies."""
        right = [float(number) for number in re.findall(r"(?:latitude|longitude) (-?\d+\.\d+)", rule)]
        picture: Picture = self.ask("read_slice", dataset=self.row["dataset"])
        found: EarthMap | None = self.ask("read_map", dataset=self.row["dataset"], axes=picture.axes)
        if found is None or found.y is None or found.x is None:
            yield "no map"
            return
        row = np.interp(90.5, found.y, np.arange(len(found.y)) + 0.5)
        got = found.at(float(row), float(np.interp(100.0, found.x, np.arange(len(found.x)) + 0.5)))
        if got is None or max(abs(g - r) for g, r in zip(got, right, strict=True)) > NEAR:
            yield f"the gate lies at {got} instead of {right}"

    def _times(self, text: str) -> Iterator[str]:
        """The labels of the time axis, and its time in the export."""
        labels = self.ask("read_labels", dataset=self.row["dataset"])
        got = labels["time"].texts if "time" in labels else ()
        if len(set(got)) < len(got) or not got:
            yield f"labels {list(got)}"
        parts = [part.strip(" .") for part in re.split(r",| or ", text)]
        right = [part for part in parts if part[:1].isdigit()]
        plain = "plain numbers" in text and not labels["time"].dates
        for own, wanted in zip(got, right, strict=False):
            if not plain and not own.replace("-", "").startswith(wanted.replace("-", "")):
                yield f"{own} instead of {wanted}"
        picture: Picture = self.ask("read_slice", dataset=self.row["dataset"], index=(1,))
        written = self._written(picture)
        if "time" not in written or abs(float(written["time"]) - labels["time"].values[1]) > 1e-6:
            yield f"the export has the time {written.get('time')} instead of {labels['time'].values[1]}"

    def _export(self, dataset: str) -> Iterator[str]:
        try:
            picture: Picture = self.ask("read_slice", dataset=dataset)
        except UserError as error:
            if "too close together for single precision" not in str(error):  # said by name: `info` has the numbers
                yield str(error)
            return
        yield from self._values(self._written(picture), picture)

    def _values(self, written: Mapping[str, Any], picture: Picture) -> Iterator[str]:
        right = picture.field.values[: written["values"].shape[0], : written["values"].shape[1]]
        scale = float(np.nanmax(np.abs(right)))
        if not np.allclose(written["values"], right, rtol=0, atol=1e-5 * scale, equal_nan=True):
            yield f"the export of {picture.dataset} has other values"

    def _written(self, picture: Picture) -> dict[str, Any]:
        """The coordinates of an export at no noise, and `values`: those of the field."""
        of, out = picture.field, self.scratch / "out.nc"
        region = Region(0, 0, *(min(n, REGION) for n in of.values.shape))
        recipe = Recipe.of(path=self.path, dataset=picture.dataset, index=picture.index, region=region, transform=AUTO)
        facts = Facts(of)
        transform = facts.fitted(recipe)
        forward = Forward(facts.through(transform)[region.slices], recipe.course.schedule, 0, "closed", of.pixel_km)
        content = forward_content(forward, 0.0, of, recipe.but(fitted=transform), transform)
        out.unlink(missing_ok=True)
        report = self.scratch / "percent"
        self.reader.call("diffview.writers.in_reader:save_netcdf", path=str(out), content=content, arrays={},
                         report=str(report))  # fmt: skip
        with h5py.File(out, "r") as file:
            found = {name: file[name][...] for name in ("latitude", "longitude", "time") if name in file}
            first = next(name for name, values in content.variables.items() if values.dims[-2:] == ("y", "x"))
            return {**found, "values": file[first][...].astype(np.float64)}


def _off(what: str, lat: np.ndarray, lon: np.ndarray, told_lat: np.ndarray, told_lon: np.ndarray) -> Iterator[str]:
    """Places that are told where the file has none, and those that lie elsewhere."""
    right = np.isfinite(lat) & np.isfinite(lon)
    if (np.abs(told_lat) > 90).any():
        yield f"{what}: {np.nanmin(told_lat)} as a latitude"
    known = right & np.isfinite(told_lat) & np.isfinite(told_lon)
    if known.sum() < 0.4 * right.sum():
        yield f"{what}: {known.sum()} of {right.sum()} pixels have a place"
        return
    apart = np.abs((told_lon - lon + 180) % 360 - 180)[known] * np.cos(np.radians(lat[known]))
    worst = float(max(apart.max(), np.abs(told_lat - lat)[known].max()))
    if worst > NEAR:
        yield f"{what}: up to {worst:.4g} degrees off"


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="with the files and cases.json")
    parser.add_argument("--only", default="", metavar="TEXT", help="rows whose name has this in it")
    given = parser.parse_args()
    rows = json.loads((given.folder / "cases.json").read_text(encoding="utf-8"))
    reader, bad = ReaderProcess(), 0
    rows = [row for row in rows if given.only in row["name"]]
    with tempfile.TemporaryDirectory() as scratch:
        for row in rows:
            case = Case(row, given.folder, reader, Path(scratch))
            try:
                faults = list(case.faults())
            except UserError as error:
                faults = [f"refused: {error}"]
            bad += bool(faults)
            print(f"{'FAIL' if faults else 'pass'}  {row['name']:34} {'; '.join(faults)}", flush=True)
    reader.close()
    print(f"{len(rows) - bad} of {len(rows)} cases are right")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
