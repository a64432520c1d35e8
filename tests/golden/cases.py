"""What the golden data are made of: samplers, forward states, schedule tables, and what `sample` makes of recipes.

`make` writes down what these functions give, `test_golden` computes it again; neither knows how it is computed. An
array is kept as its hash, its shape and dtype, its mean and std and 16 of its values: the hash is compared where the
machine is like the one that made it, the rest anywhere.
"""

import ctypes
import hashlib
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import h5netcdf
import numpy as np
import scipy
import torch

from diffview.cli import main
from diffview.forward.noise import Noise
from diffview.forward.schedules import SCHEDULES, make_schedule
from diffview.forward.state import Forward
from diffview.library.opened import open_field
from diffview.models.cards import find_card
from diffview.models.gaussian import Gaussian
from diffview.reverse.samplers import SAMPLERS
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "golden.json"
RECIPES = {path.stem: path for path in sorted((HERE / "recipes").glob("*.json"))}

PICKED = 16
"""Values of an array that are kept."""

CPU = ("vendor_id", "cpu family", "model", "stepping")
"""Lines of /proc/cpuinfo that say which processor it is."""

RTOL = 2e-4
"""How far values may be from the kept ones on another machine, in standard deviations of their array."""

Arrays = dict[str, np.ndarray]


# -- one array, one machine


def digest(values: np.ndarray) -> dict[str, object]:
    """What is kept of an array; None stands for what is not finite."""
    values = np.ascontiguousarray(values)
    flat = values.ravel().astype(np.float64)
    known = flat[np.isfinite(flat)]
    picked = flat[np.linspace(0, flat.size - 1, min(PICKED, flat.size)).round().astype(int)]
    return {
        "sha256": hashlib.sha256(values.tobytes()).hexdigest(),
        "shape": list(values.shape),
        "dtype": str(values.dtype),
        "mean": float(known.mean()) if known.size else None,
        "std": float(known.std()) if known.size else None,
        "values": [float(f"{v:.9g}") if math.isfinite(v) else None for v in picked.tolist()],
    }


def differs(kept: dict[str, object], found: dict[str, object], exact: bool) -> str:
    """In what an array differs from the kept one: "" if in nothing that counts."""
    for name in ("shape", "dtype", *(["sha256"] if exact else [])):
        if kept[name] != found[name]:
            return f"{name} is {found[name]}, was {kept[name]}"
    if exact:
        return ""
    was, now = (np.array([d["mean"], d["std"], *d["values"]], np.float64) for d in (kept, found))
    near = RTOL * np.nan_to_num(was[1]) + 1e-6 * abs(np.nan_to_num(was[0]))
    return "" if np.allclose(now, was, rtol=0, atol=near, equal_nan=True) else f"values are {now}, were {was}"


def fingerprint() -> dict[str, object]:
    """What the last bits of a result depend on: libraries, and the instructions and kernels that they choose."""
    found = np.show_config(mode="dicts")["SIMD Extensions"]
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    return {
        "numpy": np.__version__,
        "torch": torch.__version__,
        "scipy": scipy.__version__,
        "one_blas_thread": blas() is not None,
        "simd": [*found["baseline"], *found.get("found", [])],
        "torch_cpu": torch.backends.cpu.get_cpu_capability(),
        "cpu": {line.split(":")[0].strip(): line.split(":", 1)[1].strip() for line in lines if line.startswith(CPU)},
    }


def blas() -> ctypes.CDLL | None:
    """The OpenBLAS that numpy brought, already loaded; None where numpy takes another."""
    found = sorted((Path(np.__file__).parents[1] / "numpy.libs").glob("*openblas64*"))
    library = ctypes.CDLL(str(found[0])) if found else None
    return library if hasattr(library, "scipy_openblas_set_num_threads64_") else None


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch and numpy's matrix products on one thread, as on more they add up in another order.

    Without it the formula `local` gives other last bits by OPENBLAS_NUM_THREADS, or by the number of cores.
    """
    library, before = blas(), torch.get_num_threads()
    threads = 1 if library is None else library.scipy_openblas_get_num_threads64_()
    torch.set_num_threads(1)
    if library is not None:
        library.scipy_openblas_set_num_threads64_(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        if library is not None:
            library.scipy_openblas_set_num_threads64_(threads)


# -- samplers

SHAPE = (2, 1, 16, 16)
LEVELS = [80 / 2**i for i in range(11)] + [0.0]

VARIANTS: dict[str, tuple[str, dict[str, object]]] = {
    **{name: (name, {}) for name in SAMPLERS},
    "ddpm-large": ("ddpm", {"variance": "large"}),
    "ddpm-learned": ("ddpm", {"variance": "learned"}),
    "ddim-eta0.5": ("ddim", {"eta": 0.5}),
    "ancestral-eta1.5": ("ancestral", {"eta": 1.5}),
    "churn-6": ("churn", {"S_churn": 6.0, "S_min": 0.1, "S_max": 60.0, "S_noise": 1.1}),
    "dpmpp_2m_sde-eta0.5": ("dpmpp_2m_sde", {"eta": 0.5}),
    "repaint-1-2": ("repaint", {"jump": 1, "resamplings": 2}),
    "repaint-3-3": ("repaint", {"jump": 3, "resamplings": 3}),
}
"""Every sampler as it comes, and with settings that it does not come with."""

TENSORS = ("ddpm-learned", "ddim-eta0.5", "heun", "churn-6", "dpmpp_2m", "unipc", "consistency", "repaint-1-2")
"""Variants that are walked on torch tensors as well."""


class Plain:
    """y/(1 + s^2), the posterior mean of white noise of variance 1, with all that a sampler may ask for."""

    kind = "posterior mean"
    noise_range = (0.0, math.inf)
    shape = None

    def __call__(self, y: object, s: float) -> object:
        return y / (1 + s * s)

    def variance_fraction(self, y: object, s: float) -> object:
        return 1 / (1 + y * y / (1 + s * s))


class Jump(Plain):
    """The map of the same field along its probability-flow ODE, down to s = 0.02."""

    kind = "consistency"
    noise_range = (0.02, math.inf)

    def __call__(self, y: object, s: float) -> object:
        return y * math.sqrt((1 + 0.02**2) / (1 + s * s))


class Red(Gaussian):
    """A formula of the project that gives a variance fraction as well."""

    def variance_fraction(self, y: object, s: float) -> object:
        return 1 / (1 + y * y / (1 + s * s))


def denoiser_of(name: str, formula: bool) -> object:
    """What a sampler is walked with: plain arithmetic, or a Gaussian field through FFTs."""
    if name == "consistency":
        return Jump()
    return Red.power_law(*SHAPE[-2:], beta=8 / 3, k0=2.0, mean=0.2) if formula else Plain()


def walked(variant: str, y: object, seed: int, formula: bool, split: int | None = None) -> list[object]:
    """The steps of a run; with `split`, those of two runs, the second from that step of the first on."""
    name, params = VARIANTS[variant]
    noise, denoise = Noise(seed, SHAPE, like=y), denoiser_of(name, formula)
    if name == "repaint":
        mask = np.zeros(SHAPE[-2:], bool)
        mask[:, :8] = mask[5] = True
        values = ((np.arange(256).reshape(16, 16) * 37 % 64 - 32) / 32).astype("f8")
        tensor = isinstance(y, torch.Tensor)
        known = (torch.from_numpy(mask), torch.from_numpy(values).to(y.dtype)) if tensor else (mask, values)
        params = {**params, "known": known if tensor else (mask, values.astype(y.dtype))}
    walk = SAMPLERS[name].run
    steps = list(walk(denoise, y, LEVELS, noise, **params))
    if split is None:
        return steps
    at = steps[split]
    return [
        *steps[: split + 1],
        *list(walk(denoise, at.y, LEVELS, noise, start=split, history=at.history, **params))[1:],
    ]


def start(dtype: str, seed: int) -> np.ndarray:
    """Noise at the highest level."""
    return (80 * np.random.default_rng(seed).standard_normal(SHAPE)).astype(dtype)


def arrays_of(steps: list[object]) -> Arrays:
    """y and x0_hat at the last step, and over all of them."""
    y = np.stack([np.asarray(step.y) for step in steps])
    x0_hat = np.stack([np.asarray(step.x0_hat) for step in steps[1:]])
    return {"y": y[-1], "x0_hat": x0_hat[-1], "all y": y, "all x0_hat": x0_hat}


def sampled(variant: str, split: int | None = None) -> Arrays:
    """Runs of one variant: plain arithmetic in both dtypes and two seeds, a formula, and tensors for some."""
    made: Arrays = {}
    for kind, dtype, seed in [(k, d, n) for k in ("plain", "formula") for d in ("float32", "float64") for n in (0, 1)]:
        steps = walked(variant, start(dtype, seed), seed, kind == "formula", split)
        made |= {f"{kind} {dtype} seed {seed}: {name}": values for name, values in arrays_of(steps).items()}
    if variant in TENSORS:
        for kind in ("plain", "formula"):
            steps = walked(variant, torch.from_numpy(start("float32", 0)), 0, kind == "formula", split)
            made |= {f"{kind} torch seed 0: {name}": values for name, values in arrays_of(steps).items()}
    return made


# -- schedules and forward states

TIMES = (0.0, 0.1, 0.37, 0.5, 0.9, 1.0)


def field() -> np.ndarray:
    """A small field without noise: waves that do not repeat, with a step in them."""
    row, column = np.mgrid[:24, :20]
    return ((row * row * 3 + column * 17 + row * column * 5) % 97 / 48 - 1 + (column > 12)).astype(np.float32)


def forwarded(key: str) -> Arrays:
    """x_t along both kinds of path and two seeds, and the schedule's table of 1000 rows."""
    schedule = make_schedule(key)
    made: Arrays = {}
    for mode in ("closed", "chain"):
        for seed in (0, 1):
            forward = Forward(field(), schedule, seed=seed, mode=mode)
            made |= {f"{mode} seed {seed}: x_t at {t}": forward.at(t).x_t for t in TIMES}
    chain = schedule.discrete(1000)
    return made | {name: getattr(chain, name) for name in ("t", "beta", "alpha_bar", "alpha", "sigma", "log_snr")}


# -- recipes

RECORDED = ("fork-of-fork", "network-sst32", "packaged-gaussian-heun", "repaint-hidden", "start-field-chain")
"""Recipes whose every step is written as well."""


def make_file(path: Path) -> Path:
    """A netCDF file of slices: rain with dry pixels, a sea surface with land in it, the same complete; integers only.

    Its values are of few bits, so that they are the same on every machine.
    """
    time, row, column = np.mgrid[:10, :80, :96]
    fold = lambda n, of: np.abs(n % (2 * of) - of)  # noqa: E731 - a triangle wave
    waves = fold(3 * row + 2 * column + 11 * time, 40) + fold(5 * row - 3 * column + 7 * time, 23)
    waves = waves + (row * 13 + column * 7 + time * 5 + row * column) % 11
    rain = np.maximum(waves - 30, 0) / 8
    sea = 8 + waves / 8
    gaps = np.where((fold(row + 2 * time, 20) < 2) & (fold(column + time, 15) < 4), np.nan, sea)
    told = {"rain": (rain, "mm h-1"), "sea": (sea, "degC"), "gaps": (gaps, "degC")}
    with h5netcdf.File(path, "w") as file:
        file.dimensions = dict(zip(("time", "y", "x"), rain.shape, strict=True))
        for name, (values, units) in told.items():
            made = file.create_variable(name, ("time", "y", "x"), np.float32, fillvalue=np.float32(np.nan))
            made[...] = values.astype(np.float32)
            made.attrs["units"] = units
    return path


def variables(path: Path) -> Arrays:
    """Every variable of a netCDF file with its raw values."""
    with h5netcdf.File(path, "r") as file:
        return {name: np.asarray(variable[...]) for name, variable in file.variables.items() if name != "crs"}


def mixed(recipe: Recipe) -> Arrays:
    """What a run makes of a recipe with a weight of the condition.

    Not through `sample`, which refuses it: it looks for no second network, and the transforms of these two differ in
    the last bit of their numbers, so that they are not taken for a pair. Here they have the same.
    """
    plain, told = find_card("rain64"), find_card("rain64-from-coarse")
    cards = {plain.name: plain, told.name: replace(told, transform=plain.transform)}
    opened = open_field(recipe)
    plan = resolve(opened.recipe, opened.facts.learn(torch=torch.__version__, cards=cards))
    last = list(run(plan))[-1]
    return {"members": plan.made_in.inverse(np.asarray(last.y)), "x0_hat": np.asarray(last.x0_hat)}


def made_of(name: str, folder: Path) -> Arrays:
    """What `diffview sample` writes of a recipe; its path, where it has one, stands for the file of `make_file`."""
    plain = json.loads(RECIPES[name].read_text(encoding="utf-8"))
    if plain.get("path") is not None:
        plain["path"] = str(make_file(folder / "made.nc"))
    if plain.get("guidance", 1) != 1:
        return mixed(Recipe.from_json(json.dumps(plain)))
    recipe, made = folder / "recipe.json", {}
    recipe.write_text(json.dumps(plain), encoding="utf-8")
    for words in ([], ["--record"]) if name in RECORDED else ([],):
        out = folder / "out.nc"
        assert main(["sample", "--recipe", str(recipe), *words, "-o", str(out)]) == 0, f"{name} was refused"
        made |= {" ".join([variable, *words]): values for variable, values in variables(out).items()}
    return made


# -- all of it


def cases() -> dict[str, Callable[[Path], Arrays]]:
    """Every case by its name: what it gives, as arrays by name; it may write into the folder that it is given."""
    made: dict[str, Callable[[Path], Arrays]] = {}
    made |= {f"sampler {name}": lambda folder, name=name: sampled(name) for name in VARIANTS}
    made |= {f"forward {key}": lambda folder, key=key: forwarded(key) for key in SCHEDULES}
    return made | {f"recipe {name}": lambda folder, name=name: made_of(name, folder) for name in RECIPES}


def computed(case: str, folder: Path) -> dict[str, dict[str, object]]:
    """The digests of one case."""
    with one_thread(), np.errstate(all="ignore"):
        return {name: digest(values) for name, values in cases()[case](folder).items()}
