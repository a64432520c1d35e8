"""A recorder for the sampling loop of any program: a few lines in the loop, and diffview opens what it did.

    with Recorder("run.h5", units="mm/h", std=3.7) as recorder:
        for s in levels:
            x0_hat = denoise(y, s)
            recorder.step(s, y, x0_hat=x0_hat)
            y = ...
        recorder.step(0.0, y)

It needs numpy and h5py only. The file is HDF5, whole after every step: a loop that is cut short leaves what it did.

Layout, version 1. Attributes of the file: diffview_record = 1; quantity, units, program, schedule (texts); mean, std
(x = mean + std y in physical units). Datasets: s [step], the noise levels sigma/alpha; y = x_t/alpha [step, member,
channel, ny, nx]; x0_hat, of that y and s, of the same shape, NaN where a step has none; truth [channel, ny, nx],
standardised as y is; alpha_bar [t], of the program's training steps; complete, 1 once the loop has ended.
"""

import contextlib
import errno
import os
import shutil
from os import PathLike, fspath
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError

VERSION = 1

ROOM = 2**16
"""Bytes that a step may take beside its arrays."""

Array = NDArray[np.floating[Any]]


class Recorder:
    """Writes the steps of a run as they are made; a context manager.

    Attributes:
        count: steps recorded so far.
    """

    def __init__(
        self, path: str | PathLike[str], *, units: str = "", quantity: str = "", mean: float = 0.0, std: float = 1.0,
        **about: Any,
    ) -> None:  # fmt: skip
        """A recorder of one run; its file is made by the first step, in the place of one that is there.

        Args:
            path: of the file.
            units: of the fields.
            quantity: their name.
            mean: of the fields; x = mean + std y is one in these units.
            std: their standard deviation.
            about: truth [ny, nx] or [channels, ny, nx], standardised; alpha_bar of the training steps; schedule, the
                name of one; program, that makes the run.

        Raises:
            TypeError: if there is another word.
            UserError: if a number may not be used.
        """
        if unknown := about.keys() - {"truth", "alpha_bar", "schedule", "program"}:
            raise TypeError(f"Recorder takes no {min(unknown)!r}")
        if not (np.isfinite(mean) and np.isfinite(std) and std > 0):
            raise UserError(f"A field of mean {mean} and std {std} is none.", "Give finite numbers, std above 0.")
        self.count, self._path, self._file = 0, fspath(path), None
        self._texts = {
            "quantity": quantity, "units": units, **{key: str(about.get(key, "")) for key in ("program", "schedule")}
        }  # fmt: skip
        self._numbers = {"mean": float(mean), "std": float(std)}
        truth, alpha_bar = about.get("truth"), about.get("alpha_bar")
        self._truth = None if truth is None else _pictures(truth, 3, "The truth")
        self._alpha_bar = None if alpha_bar is None else np.asarray(alpha_bar, np.float64)

    def step(self, s: float | None = None, y: Any = None, *, x0_hat: Any = None, **mixed: Any) -> None:
        """Record a state of the run, whose noise level is s; the estimate of x_0 is of that y and s.

        Args:
            s: sigma/alpha, the standard deviation of the noise in y; 0 at the end.
            y: x_t/alpha = x_0 + s eps: [ny, nx], [members, ny, nx] or [members, channels, ny, nx]; numbers of numpy, or
                a tensor.
            x0_hat: of the same shape.
            mixed: x_t, alpha and sigma in the place of s and y.

        Raises:
            TypeError: if there is another word, or neither is given.
            UserError: if the numbers are not those of a step of this run, or cannot be written.
        """
        if unknown := mixed.keys() - {"x_t", "alpha", "sigma"}:
            raise TypeError(f"step takes no {min(unknown)!r}")
        if mixed:
            s, y = _of_mixture(**mixed)
        if s is None or y is None:
            raise TypeError("step needs s and y, or x_t, alpha and sigma")
        if not (np.isfinite(s) and s >= 0):
            raise UserError(f"A step cannot be at the noise level s = {s}.", "Give sigma/alpha, at least 0.")
        values = {"y": _pictures(y, 4, "y")}
        if x0_hat is not None:
            values["x0_hat"] = _pictures(x0_hat, 4, "x0_hat")
        try:
            self._write(float(s), values)
        except (OSError, RuntimeError) as error:  # h5py raises the latter where a flush fails
            with contextlib.suppress(OSError, RuntimeError):
                self._release()
            raise _unwritable(self._path, error, self.count) from None

    def close(self) -> None:
        """End the run: it is complete."""
        if self._file is not None:
            self._file["complete"][()] = 1
            self._release()

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None:
            self.close()
        else:
            self._release()

    def _write(self, s: float, values: dict[str, Array]) -> None:
        folder, wanted = os.path.dirname(self._path) or ".", 2 * values["y"].nbytes + ROOM
        if os.path.isdir(folder) and shutil.disk_usage(folder).free < wanted:  # asked first: HDF5 would spoil the file
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        file = self._file if self._file is not None else self._begin(values["y"])
        for name, value in values.items():
            if value.shape != file[name].shape[1:]:
                raise UserError(
                    f"{name} of step {self.count} has the shape {_size(value.shape)}; that of the run is "
                    f"{_size(file[name].shape[1:])}.",
                    "A record holds one run: record another one in another file.",
                )
        for name in ("y", "x0_hat"):
            file[name].resize(self.count + 1, axis=0)
            file[name][self.count] = values.get(name, np.nan)
        file["s"].resize(self.count + 1, axis=0)
        file["s"][self.count] = s  # the last: a step is there once its level is
        file.flush()
        self.count += 1

    def _begin(self, y: Array) -> Any:
        import h5py

        shape = y.shape[1:]
        if self._truth is not None and self._truth.shape != shape:
            raise UserError(
                f"The truth has the shape {_size(self._truth.shape)}, a member {_size(shape)}.",
                "Give a truth of its shape.",
            )
        self._file = file = h5py.File(self._path, "w", libver="latest")
        file.attrs.update({"diffview_record": VERSION, **self._texts, **self._numbers})
        for name, fill in (("y", np.nan), ("x0_hat", np.nan)):
            many = {"maxshape": (None, *y.shape), "chunks": (1, *y.shape), "dtype": y.dtype, "fillvalue": fill}
            file.create_dataset(name, (0, *y.shape), **many)
        file.create_dataset("s", (0,), maxshape=(None,), chunks=(1024,), dtype=np.float64)
        file.create_dataset("complete", data=np.int8(0))
        for name, values in (("truth", self._truth), ("alpha_bar", self._alpha_bar)):
            if values is not None:
                file.create_dataset(name, data=values)
        file.swmr_mode = True  # from here on the file is whole after every flush
        return file

    def _release(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()


def _of_mixture(x_t: Any = None, alpha: float | None = None, sigma: float | None = None) -> tuple[float, Any]:
    """(s, y) of x_t = alpha x_0 + sigma eps.

    Raises:
        TypeError: if one is missing.
        UserError: if alpha is 0: y would be infinite.
    """
    if x_t is None or alpha is None or sigma is None:
        raise TypeError("x_t needs alpha and sigma")
    if not alpha > 0:
        raise UserError(
            f"With alpha = {alpha} nothing of the field is left in x_t, and y = x_t/alpha is infinite.",
            "Record from the first step whose alpha is above 0.",
        )
    return float(sigma) / float(alpha), _array(x_t) / float(alpha)


def _array(values: Any) -> Array:
    """Numbers of numpy, or of a tensor, as float32 or float64."""
    for step in ("detach", "cpu"):
        values = getattr(values, step)() if hasattr(values, step) else values
    if str(getattr(values, "dtype", "")) == "torch.bfloat16":  # which numpy does not have
        values = values.float()
    array = np.asarray(values)
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float32)


def _pictures(values: Any, dims: int, name: str) -> Array:
    """Numbers [..., ny, nx] with as many axes as `dims`; one that is missing has one entry, channels before members.

    Raises:
        UserError: if they are no pictures.
    """
    array = _array(values)
    if not 2 <= array.ndim <= dims or not array.size:
        raise UserError(
            f"{name} has the shape {_size(array.shape)}.",
            "Give [ny, nx], [members, ny, nx] or [members, channels, ny, nx].",
        )
    if array.ndim == 3 and dims == 4:
        return array[:, None]
    return array.reshape((1,) * (dims - array.ndim) + array.shape)


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "of a number"


def _unwritable(path: str, error: Exception, count: int) -> UserError:
    number = getattr(error, "errno", None)
    why = os.strerror(number) if number else str(error).partition("(")[0].strip()
    kept = f"The {count} steps before it are kept." if count else "Nothing is recorded."
    return UserError(f"{path} could not be written: {why}. {kept}", "Record into another folder.")
