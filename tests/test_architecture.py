"""The layering, read from the imports of whatever files there are."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[1] / "diffview"
FILES = sorted(PACKAGE.rglob("*.py"))
QT = {"PySide6", "shiboken6", "pyqtgraph", "superqt", "qtawesome", "qtpy", "pytestqt"}


class Import(NamedTuple):
    """One imported name: `name` is the dotted module, with the name taken from it; `top`: it runs at import."""

    name: str
    top: bool


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def imports(path: Path) -> list[Import]:
    package = ["diffview", *path.relative_to(PACKAGE).parent.parts]

    def walk(node: ast.AST, top: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from (Import(alias.name, top) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = package[: len(package) - child.level + 1] if child.level else []
                module = ".".join([*base, *([child.module] if child.module else [])])
                yield from (Import(f"{module}.{alias.name}", top) for alias in child.names)
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                yield from (Import(found.name, False) for found in walk(child, False))
            else:
                inside = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
                yield from walk(child, top and not inside)

    return list(walk(ast.parse(path.read_text(encoding="utf-8")), True))


def comes_from(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def inside(path: Path, *places: str) -> bool:
    """Whether a file lies in one of the folders "name/" or is, or lies in the package of, one of the modules "name"."""
    at = name_of(path)
    return any(at.startswith(place.rstrip("/") + "/") or at == place.rstrip("/") + ".py" for place in places)


@pytest.fixture(params=FILES, ids=name_of)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_there_is_something_to_scan() -> None:
    assert len(FILES) > 15 and len({f.name for f in FILES} & {"samplers.py", "recipe.py", "schedules.py"}) == 3


def test_qt_only_inside_gui(path: Path) -> None:
    if not inside(path, "gui/"):
        assert [i.name for i in imports(path) if comes_from(i.name, *QT)] == []


LAYERS = (
    "errors", "params", "arrays", "paths", "machine", "about", "record", "fields", "forward", "reverse", "models",
    "runs", "readers", "writers", "learning", "scores", "bench", "cluster", "story", "gui", "commands", "cli",
)  # fmt: skip
"""The rooms, lowest first: each imports only those before it, from inside functions too."""


def test_no_room_imports_one_above_it() -> None:
    def room(name: str) -> str:
        return name.split(".")[1]

    upwards = [
        f"{name_of(path)} imports {found.name}"
        for path in FILES
        if path.parent != PACKAGE or path.stem not in ("__init__", "__main__")
        for found in imports(path)
        if comes_from(found.name, "diffview")
        for own in [path.relative_to(PACKAGE).with_suffix("").parts[0]]
        if room(found.name) != own and LAYERS.index(room(found.name)) > LAYERS.index(own)
    ]
    assert upwards == []


def test_torch_is_a_guest(path: Path) -> None:
    if not inside(path, "models/nets/", "models/checkpoints", "learning/"):
        assert [i.name for i in imports(path) if i.top and comes_from(i.name, "torch", "diffusers")] == []


def test_h5py_only_in_readers_and_writers(path: Path) -> None:
    if not inside(path, "readers/", "writers"):
        libraries = ("h5py", "h5netcdf", "netCDF4", "xarray", "hdf5plugin")
        assert [i.name for i in imports(path) if comes_from(i.name, *libraries)] == []


def test_widgets_know_no_session(path: Path) -> None:
    if inside(path, "gui/widgets/"):
        above = [f"diffview.gui.{name}" for name in ("session", "panels", "window", "app", "jobs", "actions")]
        assert [i.name for i in imports(path) if comes_from(i.name, *above)] == []


def test_panels_never_import_each_other(path: Path) -> None:
    if inside(path, "gui/panels/") and path.name != "__init__.py":
        others = [
            f"diffview.gui.panels.{f.stem}" for f in path.parent.glob("*.py") if f.stem not in ("__init__", "base")
        ]
        assert [i.name for i in imports(path) if comes_from(i.name, *others)] == []


def test_only_jobs_names_qthread(path: Path) -> None:
    if name_of(path) != "gui/jobs.py":
        names = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names |= {getattr(node, "id", None), getattr(node, "attr", None), getattr(node, "name", None)}
        assert "QThread" not in names


def test_importing_the_core_loads_no_guest() -> None:
    code = (
        "import sys, diffview.reverse.samplers, diffview.runs.recipe, diffview.learning.settings\n"
        "guests = {'torch', 'PySide6', 'shiboken6', 'pyqtgraph', 'scipy', 'h5py', 'xarray', 'pandas'}\n"
        "print(sorted(guests & {name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert done.stdout.strip() == "[]"


def test_the_scan_sees_what_it_must(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    (tmp_path / "gui").mkdir()
    file = tmp_path / "gui" / "x.py"
    file.write_text(
        "import torch.nn as nn\nfrom . import session\nfrom .panels import data\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import h5py\nclass A:\n    import os\n"
        "    def f(self):\n        from PySide6 import QtCore\n"
    )
    assert imports(file) == [
        Import("torch.nn", True),
        Import("diffview.gui.session", True),
        Import("diffview.gui.panels.data", True),
        Import("typing.TYPE_CHECKING", True),
        Import("h5py", False),
        Import("os", True),
        Import("PySide6.QtCore", False),
    ]
