"""Two-dimensional turbulence at two resolutions, unpaired: python tools/make_turbulence.py OUT.h5 [--fields 2000].

    d omega/dt + u . grad omega = nu laplace omega - mu omega + f,   u = (-d psi/dy, d psi/dx),   laplace psi = omega

for the vorticity omega on a square of side 2 pi whose edges meet: pseudo-spectral, the third of the wavenumbers that
products alias is 0, the linear terms are exact, the others by Runge and Kutta's fourth order; f is white in time, of
the wavenumbers 3 to 5. The coarse run has the same law of forcing, another seed and fewer wavenumbers of its own: its
fields and the fine ones are no pairs, as a model of the climate and the weather are none [as in Bischoff & Deck 2024,
arXiv 2305.01822]. Both lie in OUT.h5 as omega_fine and omega_coarse [time, y, x], in units of the simulation's time.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Spectrum = NDArray[np.complex128]


@dataclass
class Flow:
    """A flow in a square of side 2 pi.

    Attributes:
        size: grid points a side.
        viscosity, drag: nu and mu.
        forcing: standard deviation of the vorticity that f adds in one unit of time.
        seed: of f and of the beginning.
        omega: rfft2 of the vorticity [size, size // 2 + 1].
    """

    size: int
    viscosity: float = 1e-3
    drag: float = 0.05
    forcing: float = 1.0
    seed: int = 0
    omega: Spectrum = field(init=False)

    def __post_init__(self) -> None:
        rows = np.fft.fftfreq(self.size, 1 / self.size)[:, None]
        columns = np.fft.rfftfreq(self.size, 1 / self.size)[None]
        self._grad = 1j * columns, 1j * rows
        self._square = rows**2 + columns**2
        self._inverse = np.divide(-1.0, self._square, out=np.zeros_like(self._square), where=self._square > 0)
        self._kept = (abs(rows) < self.size / 3) & (columns < self.size / 3)
        self._ring = (self._square >= 9) & (self._square <= 25)
        self._random = np.random.default_rng(self.seed)
        self.omega = self._noise()

    def _noise(self) -> Spectrum:
        """White in the ring of wavenumbers, of standard deviation 1."""
        ring = np.fft.rfft2(self._random.standard_normal((self.size, self.size))) * self._ring
        return np.asarray(ring / np.fft.irfft2(ring, s=(self.size, self.size)).std())

    def _real(self, spectrum: Spectrum) -> Array:
        return np.asarray(np.fft.irfft2(spectrum, s=(self.size, self.size)))

    def _carried(self, omega: Spectrum) -> Spectrum:
        """-u . grad omega."""
        (along, across), psi = self._grad, self._inverse * omega
        u, v = self._real(-across * psi), self._real(along * psi)
        product = u * self._real(along * omega) + v * self._real(across * omega)
        return np.asarray(-np.fft.rfft2(product) * self._kept)

    def step(self, dt: float) -> None:
        """A step in time; without forcing its error is of the fifth order."""
        half = np.exp(-(self.viscosity * self._square + self.drag) * dt / 2)
        w, f = self.omega, self._carried
        a = f(w)
        b = f(half * (w + dt / 2 * a))
        c = f(half * w + dt / 2 * b)
        d = f(half * (half * w + dt * c))
        self.omega = half * (half * (w + dt / 6 * a) + dt / 3 * (b + c)) + dt / 6 * d
        if self.forcing:
            self.omega = self.omega + self.forcing * np.sqrt(dt) * self._noise()

    @property
    def vorticity(self) -> Array:
        """Omega [size, size]."""
        return self._real(self.omega)

    @property
    def energy(self) -> float:
        """Mean of |u|^2/2."""
        (along, across), psi = self._grad, self._inverse * self.omega
        return float((self._real(across * psi) ** 2 + self._real(along * psi) ** 2).mean() / 2)

    @property
    def enstrophy(self) -> float:
        """Mean of omega^2/2."""
        return float((self.vorticity**2).mean() / 2)


def fields_of(flow: Flow, count: int, dt: float, apart: float = 1.0, spin_up: float = 40.0) -> Iterator[Array]:
    """Fields of the vorticity, a time `apart`, after the beginning is forgotten."""
    for _ in range(round(spin_up / dt)):
        flow.step(dt)
    for _ in range(count):
        for _ in range(round(apart / dt)):
            flow.step(dt)
        yield flow.vorticity


def main() -> None:
    """Write both runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--fields", type=int, default=2000)
    parser.add_argument("--fine", type=int, default=64)
    parser.add_argument("--coarse", type=int, default=32)
    parser.add_argument("--dt", type=float, default=0.02)
    options = parser.parse_args()
    with h5py.File(options.out, "w") as file:
        for seed, (name, size) in enumerate((("fine", options.fine), ("coarse", options.coarse))):
            made = np.stack(list(fields_of(Flow(size, seed=seed), options.fields, options.dt))).astype(np.float32)
            variable = file.create_dataset(f"omega_{name}", data=made, compression="gzip")
            variable.attrs.update({"units": "1", "long_name": f"vorticity of a simulation of {size} x {size} points"})


if __name__ == "__main__":
    main()
