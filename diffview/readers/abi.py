"""GOES-R ABI: radiance as brightness temperature or reflectance, and the data quality flags (DQF).

GOES-R Product Definition and Users' Guide, volume 3, sections 5.1.3.6.1 and 5.1.3.6.2; every constant is the file's.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from diffview.readers.attributes import number_attributes, text_attribute
from diffview.readers.base import Decoded
from diffview.readers.cf import CFVariable
from diffview.readers.opening import dataset_in, find_nearby

PLANCK = ("planck_fk1", "planck_fk2", "planck_bc1", "planck_bc2")
_NO_MEASUREMENT = ("no_value", "out_of_range", "invalid")  # parts of flag_meanings; "conditionally usable" stays


def claims(file: h5py.File) -> bool:
    """Level 1b radiances and level 2 products of the Advanced Baseline Imager."""
    titled = text_attribute(file, "title").startswith("ABI ")
    return titled or all(dataset_in(file, name) is not None for name in ("Rad", *PLANCK, "kappa0"))


def variable(dataset: h5py.Dataset) -> "ABIVariable":
    """The dataset; `Rad` is converted to the quantity of its band."""
    return ABIVariable(dataset)


@dataclass(frozen=True, eq=False)
class ABIVariable(CFVariable):
    """A CF variable on the fixed grid, masked where its DQF says that there is no measurement."""

    @property
    def _is_radiance(self) -> bool:
        return bool(self.dataset.name == "/Rad")

    @cached_property
    def _planck(self) -> tuple[float, ...]:
        """(fk1, fk2, bc1, bc2) of an emissive band, () of another."""
        values = tuple(_constant(self.dataset, name) for name in PLANCK) if self._is_radiance else (np.nan,)
        return values if np.isfinite(values).all() else ()

    @cached_property
    def _kappa(self) -> float:
        """kappa0 of a reflective band, NaN of another."""
        return _constant(self.dataset, "kappa0") if self._is_radiance else float("nan")

    @property
    def name(self) -> str:
        """The quantity with the band; else the dataset's own name."""
        quantity = "brightness temperature" if self._planck else "" if np.isnan(self._kappa) else "reflectance"
        band = _constant(self.dataset, "band_id")
        return f"{quantity}, band {band:.0f}" if quantity and np.isfinite(band) else quantity or super().name

    @property
    def units(self) -> str:
        """K of an emissive band, 1 of a reflective one, else as written."""
        return "K" if self._planck else super().units if np.isnan(self._kappa) else "1"

    @cached_property
    def _quality(self) -> h5py.Dataset | None:
        names = text_attribute(self.dataset, "ancillary_variables").split()
        flags = next((find_nearby(self.dataset, name) for name in names if "DQF" in name), None)
        return flags if flags is not None and flags.shape == self.dataset.shape else None

    @cached_property
    def _no_measurement(self) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """The flag values that are masked, and their meanings."""
        if self._quality is None:
            return (), ()
        meanings = text_attribute(self._quality, "flag_meanings").split()
        values = [int(value) for value in number_attributes(self._quality, "flag_values")]
        pairs = [(v, m) for v, m in zip(values, meanings, strict=False) if any(word in m for word in _NO_MEASUREMENT)]
        return tuple(v for v, _ in pairs), tuple(m for _, m in pairs)

    @property
    def remarks(self) -> tuple[str, ...]:
        """The conversion and the flags that are masked, then attributes that could not be honoured."""
        said = []
        if self._planck:
            said.append("Radiance was turned into brightness temperature by the Planck constants of the file.")
        elif not np.isnan(self._kappa):
            said.append("Radiance was turned into reflectance by kappa0 of the file.")
        words = [m.removesuffix("_qf").removesuffix("_pixel").replace("_", " ") for m in self._no_measurement[1]]
        if words:
            said.append(f"Pixels that DQF marks as {' or '.join(words)} are masked.")
        return (*said, *super().remarks)

    def read(self, part: tuple[int | slice, ...]) -> Decoded:
        """Physical values of one part, NaN where the flags say that there is no measurement."""
        decoded = super().read(part)
        values = self._converted(decoded.values.astype(np.float64))
        flagged = np.zeros(values.shape, bool)
        if self._quality is not None:
            flagged = np.isin(self._quality[part], self._no_measurement[0]) & ~np.isnan(values)
            values[flagged] = np.nan
        return replace(decoded, values=values, flagged=int(np.count_nonzero(flagged)))

    def _converted(self, radiance: NDArray[np.float64]) -> NDArray[np.float64]:
        """T = (fk2 / ln(fk1 / L + 1) - bc1) / bc2, or kappa0 L; no temperature has a radiance of 0 or less."""
        if self._planck:
            fk1, fk2, bc1, bc2 = self._planck
            light = np.where(radiance > 0, radiance, np.nan)
            return (fk2 / np.log(fk1 / light + 1) - bc1) / bc2
        return radiance if np.isnan(self._kappa) else radiance * self._kappa


def _constant(dataset: h5py.Dataset, name: str) -> float:
    """A number beside `dataset` in its group, NaN where it is absent or its fill value."""
    constant = dataset_in(dataset.parent, name)
    if constant is None or constant.size != 1 or constant.dtype.kind not in "iuf":
        return float("nan")
    value: Any = CFVariable(constant).read(()).values
    return float(np.reshape(value, -1)[0])
