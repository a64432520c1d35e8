"""Daily fields of a known law: an AR(1) of red fields on a seasonal cycle, with land; and files of them."""

from pathlib import Path

import netCDF4
import numpy as np

from diffview.fields.daily import FieldSeries, date_text
from diffview.fields.field import Field, Region
from diffview.fields.picture import Picture
from diffview.models.gaussian import Gaussian

RHO = 0.8
SHAPE = 16, 20
LAND = np.zeros(SHAPE, bool)
LAND[:4, :5] = True


def daily_values(n: int, seed: int = 0, year: float = 365.25) -> np.ndarray:
    """[n, ny, nx] of 15 + 4 cos(year) + 1.5 z, z an AR(1) of red fields of unit variance; NaN over LAND."""
    rng = np.random.default_rng(seed)
    law = Gaussian.power_law(*SHAPE, 3.0, 1.5)
    z = law.sample(rng.standard_normal((n, *SHAPE)))
    for day in range(1, n):
        z[day] = RHO * z[day - 1] + np.sqrt(1 - RHO**2) * z[day]
    season = 4 * np.cos(2 * np.pi * np.arange(n) / year)
    return np.where(LAND, np.nan, 15 + season[:, None, None] + 1.5 * z).astype(np.float32)


def daily_series(n: int, calendar: str = "standard", days: np.ndarray | None = None, seed: int = 0) -> FieldSeries:
    """Such fields as a series from 1970 on."""
    values = daily_values(n, seed)
    field = Field(values[0], "sst", "degC", ("lat", "lon"))
    picture = Picture(field, "sst", values.shape, (1, 2), (0,), (("time", n),))
    return FieldSeries(values, np.arange(n) if days is None else days, calendar, picture, Region(0, 0, *SHAPE))


def write_daily(path: Path, n: int, start: str, calendar: str = "standard", monthly: bool = False) -> np.ndarray:
    """A file with such fields, or with their monthly means; the values of the file."""
    values, days = daily_values(n), np.arange(n)
    if monthly:
        months = [date_text(int(day + _offset(start, calendar)), calendar)[:7] for day in days]
        first = [months.index(month) for month in dict.fromkeys(months)]
        values = np.stack([values[a:b].mean(0) for a, b in zip(first, [*first[1:], n], strict=True)])
        days = np.array(first) + 14
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (("time", len(values)), ("lat", SHAPE[0]), ("lon", SHAPE[1])):
            file.createDimension(name, size)
            file.createVariable(name, "f8", (name,))
        file["time"].units, file["time"].calendar = f"days since {start} 12:00:00", calendar
        file["time"][:], file["lat"][:], file["lon"][:] = (
            days,
            np.linspace(-45, -37, SHAPE[0]),
            np.linspace(147, 156, SHAPE[1]),
        )
        file["lat"].units, file["lon"].units = "degrees_north", "degrees_east"
        sst = file.createVariable("sst", "f4", ("time", "lat", "lon"), fill_value=np.float32(-999))
        sst.units, sst.standard_name = "degree_Celsius", "sea_surface_temperature"
        sst[:] = np.where(np.isnan(values), -999, values)
    return values


def write_pair(path: Path, n: int = 60, gone: int | None = 40, slope: float = -2.0) -> np.ndarray:
    """A file with such fields and `ice`, exactly slope (sst - 15) in %, in the calendar noleap; [n, 2, ny, nx].

    One day is gone from its time; `ice` has no land. Returns what the file holds, north up.
    """
    write_daily(path, n, "2001-01-01", "noleap")
    with netCDF4.Dataset(path, "a") as file:
        rng = np.random.default_rng(5)
        sst = file["sst"][:].filled(np.nan)
        sst = np.where(np.isnan(sst), 15 + rng.standard_normal(sst.shape), sst).astype(np.float32)
        if gone is not None:
            file["time"][gone:] = np.arange(gone, n) + 1
        ice = file.createVariable("ice", "f4", ("time", "lat", "lon"), fill_value=np.float32(-999))
        ice.units, ice[:] = "%", slope * (sst - 15)
        file.createDimension("wide", 10)
        file.createVariable("coarse", "f4", ("time", "lat", "wide"))[:] = rng.standard_normal((n, SHAPE[0], 10))
        return np.stack([file["sst"][:].filled(np.nan), file["ice"][:].filled(np.nan)], 1)[:, :, ::-1]


def _offset(start: str, calendar: str) -> int:
    import cftime

    when = cftime.datetime(*(int(part) for part in start.split("-")), calendar=calendar)
    return round(float(cftime.date2num(when, "days since 1970-01-01", calendar)))
