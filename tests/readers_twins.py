"""Small files with known answers, written with h5py alone: an independent twin of what the readers must give."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def real_files(*folders: str) -> list[Path]:
    """Real files of the shared folder, nothing where it is absent."""
    return sorted(path for folder in folders for path in (SHARED / folder).glob("*") if path.is_file())


def write(path: Path, values: Any, attributes: Mapping[str, Any] | None = None, name: str = "v", **more: Any) -> str:
    """A file with one dataset `name`; `more` goes to create_dataset."""
    with h5py.File(path, "a") as file:
        dataset = file.create_dataset(name, data=values, **more)
        dataset.attrs.update(attributes or {})
    return str(path)


def attach(path: str, name: str, **scales: tuple[NDArray[Any], Mapping[str, Any]]) -> str:
    """Make dimension scales (values, attributes) and attach them to `name` in the order given."""
    with h5py.File(path, "a") as file:
        for axis, (dim, (values, attributes)) in enumerate(scales.items()):
            file[dim] = values
            file[dim].attrs.update(attributes)
            file[dim].make_scale(dim)
            file[name].dims[axis].attach_scale(file[dim])
    return path


def ramp(ny: int = 10, nx: int = 12, dtype: Any = np.float32) -> NDArray[Any]:
    """0, 1, 2 ... row by row."""
    return np.arange(ny * nx).reshape(ny, nx).astype(dtype)


def linked_tree(path: Path) -> str:
    """A group with every kind of link and of type that a tree has to survive."""
    with h5py.File(path, "w") as file:
        group = file.create_group("g")
        group["v"] = ramp()
        group["again"] = group
        file["cycle"] = file["/"]
        file["soft"] = h5py.SoftLink("/g/v")
        file["broken"] = h5py.SoftLink("/nowhere")
        file["loop"] = h5py.SoftLink("/loop")
        file["external"] = h5py.ExternalLink("other.h5", "/v")
        file["null"] = h5py.Empty("f4")
        file["scalar"] = 3.0
        file["line"] = np.arange(20.0)
        file["zero"] = np.zeros((0, 12))
        file["complex"] = ramp(dtype=np.complex64)
        file["compound"] = np.zeros((9, 9), [("a", "i4"), ("b", "f8")])
        file["opaque"] = np.zeros((9, 9), "V5")
        file["text"] = np.full((9, 9), b"abc")
        file["type"] = np.dtype("f4")
        file.create_dataset("lists", (9, 9), h5py.vlen_dtype(np.int32))
        file.create_dataset("enum", data=ramp(dtype=np.uint8), dtype=h5py.enum_dtype({"a": 0, "b": 1}, basetype="u1"))
        file.create_dataset("regions", (9, 9), h5py.regionref_dtype)
        file.create_dataset("elsewhere", (9, 9), "f4", external=[("raw.bin", 0, h5py.h5f.UNLIMITED)])
        source = h5py.VirtualSource("other.h5", "v", shape=(9, 9))
        virtual = h5py.VirtualLayout((9, 9), "f4")
        virtual[:] = source
        file.create_virtual_dataset("virtual", virtual)
        file.create_dataset("quad", data=ramp(dtype=np.longdouble))
    return str(path)
