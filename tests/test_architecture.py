"""What the house keeps to, read from all its files at once: each test lists whatever offends."""

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[1] / "diffview"
LAYERS = (
    "errors", "params", "arrays", "paths", "machine", "record", "fields", "forward", "reverse", "models", "runs",
    "readers", "writers", "learning", "scores", "bench", "cluster", "story", "gui", "library", "commands", "cli",
)  # fmt: skip
"""The rooms, lowest first: each imports only those before it, from inside functions too."""
MOST_ROOMS, MOST_FLOORS = 22, 13


class Import(NamedTuple):
    """One imported name: `name` is the dotted module, with the name taken from it; `top`: it runs at import."""

    name: str
    top: bool


class Guests(NamedTuple):
    """Libraries and the places that may import them: folders "name/" and modules "name.py"."""

    libraries: tuple[str, ...]
    homes: tuple[str, ...]
    inside_functions: bool
    """Whether all other places may import them inside functions."""


GUESTS = (
    Guests(("PySide6", "shiboken6", "pyqtgraph", "superqt", "qtawesome", "qtpy", "pytestqt"), ("gui/",), False),
    Guests(("torch", "diffusers"), ("models/nets/", "models/checkpoints.py", "learning/"), True),
    Guests(("h5py", "h5netcdf", "netCDF4", "hdf5plugin"), ("readers/", "writers/", "record.py"), False),
    Guests(("xarray",), ("readers/", "writers/", "library/"), False),
    Guests(("PIL", "imageio_ffmpeg"), ("writers/films/",), False),
    Guests(("distributed", "dask", "dask_jobqueue"), ("cluster/",), False),
    Guests(("distributed", "dask", "dask_jobqueue", "zarr"), (), True),
    Guests(("zarr",), ("cluster/", "readers/"), False),
)
ABOVE_WIDGETS = tuple(f"diffview.gui.{name}" for name in ("session", "panels", "window", "app", "jobs", "actions"))
SHOW = "diffview.gui.show"
PARTS_OF_PANELS = (
    "__init__", "base", "data_conditions", "data_slice", "data_tree", "ensemble", "led_band", "observations",
    "pixel_series", "place", "schedule_editor", "schedule_list", "schedule_points", "train_form",
)  # fmt: skip
"""Modules beside the panels that panels are made of."""

OWN = ("self", "cls")
NAMED_TUPLE = {"_replace", "_asdict", "_fields", "_make"}  # public, underscored lest a field be called so
LIMITS = {"methods": 20, "lines of a function": 40, "lines of a file": 400, "parameters": 7}


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def files(*places: str) -> list[Path]:
    """All files of the package, or those in the folders "name/" and the modules "name.py"."""
    every = sorted(PACKAGE.rglob("*.py"))
    return [path for path in every if inside(path, *places)] if places else every


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def inside(path: Path, *places: str) -> bool:
    return any(name_of(path).startswith(place) if place.endswith("/") else name_of(path) == place for place in places)


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
                function = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
                yield from walk(child, top and not function)

    return list(walk(parsed(path), True))


def comes_from(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def imported(paths: list[Path], *packages: str, top: bool = False) -> list[str]:
    """The imports of these packages in these files; `top`: only those that run at import."""
    return [
        f"{name_of(path)} imports {found.name}"
        for path in paths
        for found in imports(path)
        if comes_from(found.name, *packages) and (found.top or not top)
    ]


def drawn_by(paths: list[Path]) -> list[Path]:
    """The modules of gui/show/ that these files import, and those that they import in turn."""
    found: set[Path] = set()
    left = list(paths)
    while left:
        inner = [found.name.split(".")[3] for found in imports(left.pop()) if comes_from(found.name, SHOW)]
        new = {PACKAGE / "gui" / "show" / f"{name}.py" for name in inner} - found
        found |= new
        left += new
    return sorted(found)


def rooms() -> dict[str, set[str]]:
    """{room: the rooms it imports}."""
    uses: dict[str, set[str]] = defaultdict(set)
    for path in files():
        own = path.relative_to(PACKAGE).with_suffix("").parts[0]
        if not own.startswith("__"):
            inner = (found.name.split(".")[1] for found in imports(path) if comes_from(found.name, "diffview"))
            uses[own] |= {room for room in inner if room != own and not room.startswith("__")}
    return uses


def floor(room: str, uses: dict[str, set[str]]) -> int:
    return 1 + max((floor(used, uses) for used in uses[room]), default=0)


def names(node: ast.AST) -> set[str]:
    """Every name that is said below a node."""
    return {getattr(child, kind, "") for child in ast.walk(node) for kind in ("id", "attr", "name")}


def sizes(path: Path) -> Iterator[tuple[str, str, int]]:
    """(what is measured, of what, how much), for a file and all its classes and functions."""
    yield "lines of a file", name_of(path), len(path.read_text(encoding="utf-8").splitlines())

    def walk(node: ast.AST, place: str) -> Iterator[tuple[str, str, int]]:
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                yield from walk(child, place)
                continue
            own = f"{place}.{child.name}" if place else child.name
            full = f"{name_of(path)} {own}"
            if isinstance(child, ast.ClassDef):
                yield "methods", full, sum(isinstance(part, ast.FunctionDef) for part in child.body)
            else:
                arguments = child.args
                named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
                starred = [rest for rest in (arguments.vararg, arguments.kwarg) if rest]
                told = [argument for argument in (*named, *starred) if argument.arg not in OWN]
                yield "parameters", full, len(told)
                yield "lines of a function", full, (child.end_lineno or child.lineno) - child.lineno + 1
            yield from walk(child, own)

    yield from walk(parsed(path), "")


def too_large(paths: list[Path]) -> dict[str, int]:
    return {f"{what}: {of}": much for path in paths for what, of, much in sizes(path) if much > LIMITS[what]}


PATCHES = ("setattr", "getattr", "delattr", "hasattr", "object")
"""Functions that take the name of an attribute as a string, as monkeypatch.setattr and mock.patch.object."""


def private(name: object) -> bool:
    return isinstance(name, str) and name.startswith("_") and not name.startswith("__") and name not in NAMED_TUPLE


def privates(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, name) of each private name that is taken of another object or module."""
    for node in ast.walk(tree):
        names: list[object] = []
        if isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id in OWN):
            names = [node.attr]
        elif isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in PATCHES:
            words = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            names = [word.rpartition(".")[2] for word in words if isinstance(word, str)]
        yield from ((getattr(node, "lineno", 0), str(name)) for name in names if private(name))


def shared(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    """{name: places} of names that stand in more than one place."""
    places: dict[str, list[str]] = defaultdict(list)
    for name, place in pairs:
        places[name].append(place)
    return {name: where for name, where in places.items() if len(where) > 1}


def test_no_room_imports_one_above_it() -> None:
    upwards = [
        f"{room} imports {used}"
        for room, uses in rooms().items()
        for used in uses
        if LAYERS.index(used) > LAYERS.index(room)
    ]
    assert upwards == []


def test_the_rooms_and_their_floors_can_be_counted() -> None:
    uses = rooms()
    assert set(uses) <= set(LAYERS) and len(LAYERS) <= MOST_ROOMS
    assert max(floor(room, uses) for room in LAYERS) <= MOST_FLOORS


def test_guests_are_imported_where_they_live() -> None:
    astray = [
        found
        for guests in GUESTS
        for found in imported(
            [path for path in files() if not inside(path, *guests.homes)],
            *guests.libraries,
            top=guests.inside_functions,
        )
    ]
    assert astray == []


def test_importing_the_core_loads_no_guest() -> None:
    code = (
        "import sys, diffview.reverse.samplers, diffview.runs.recipe, diffview.learning.settings\n"
        "guests = {'torch', 'PySide6', 'shiboken6', 'pyqtgraph', 'scipy', 'h5py', 'xarray', 'pandas', 'PIL', 'yaml'}\n"
        "print(sorted(guests & {name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert done.stdout.strip() == "[]"


def test_the_window_knows_the_machinery_and_never_the_reverse() -> None:
    panels = [path for path in files("gui/panels/") if path.stem not in PARTS_OF_PANELS]
    others = [f"diffview.gui.panels.{path.stem}" for path in panels]
    widgets = files("gui/widgets/")
    assert imported([*widgets, *drawn_by(widgets)], *ABOVE_WIDGETS) == []
    assert imported(files("gui/show/"), "PySide6", "pyqtgraph") == []
    assert imported(panels, *others) == []
    assert [name_of(path) for path in files() if "QThread" in names(parsed(path))] == ["gui/jobs/worker.py"]


def test_no_two_things_have_one_name() -> None:
    classes = [
        (node.name, name_of(path))
        for path in files()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    modules = [(path.stem, name_of(path)) for path in files() if not inside(path, "gui/", "commands/")]
    assert shared(classes) == {}
    assert shared([(name, place) for name, place in modules if not name.startswith("__")]) == {}
    tests = sorted(Path(__file__).parent.rglob("test_*.py"))  # pytest imports them by their name alone
    assert shared([(path.stem, path.parent.name) for path in tests]) == {}


def test_nothing_is_too_large() -> None:
    assert too_large(files()) == {}


def test_no_test_looks_into_private_attributes() -> None:
    tests = Path(__file__).parent
    found = [
        f"{path.relative_to(tests).as_posix()}:{line} {name}"
        for path in sorted(tests.rglob("*.py"))
        for line, name in privates(parsed(path))
    ]
    assert found == []


def test_the_scan_sees_what_it_must(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    (tmp_path / "gui").mkdir()
    file = tmp_path / "gui" / "x.py"
    file.write_text(
        "import torch.nn as nn\nfrom . import session\nfrom .panels import data\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import h5py\nclass A:\n    import os\n"
        "    def f(self, a, /, b, *c, d, **e):\n        from PySide6 import QtCore\n        QtCore.QThread()\n"
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
    assert list(sizes(file)) == [
        ("lines of a file", "gui/x.py", 11),
        ("methods", "gui/x.py A", 1),
        ("parameters", "gui/x.py A.f", 5),
        ("lines of a function", "gui/x.py A.f", 3),
    ]
    assert "QThread" in names(parsed(file))
    looks = "from m import _a\nself._b\nx.y._c\nset.setattr(x, '_d', 1)\nset.setattr('m._e', 1)\nf('_f')\n"
    looks += "x.__g__\nx._replace(y=1)\n"
    assert sorted(name for _, name in privates(ast.parse(looks))) == ["_a", "_c", "_d", "_e"]
    assert imported(files(), "torch", "PySide6", top=True) == ["gui/x.py imports torch.nn"]
    assert shared([("A", "x.py"), ("B", "x.py"), ("A", "y.py")]) == {"A": ["x.py", "y.py"]}
