"""Dataclasses with shared methods are those that Python makes, method by method; seen in processes of their own."""

import os
import subprocess
import sys

CLASSES = """
from dataclasses import dataclass, field
from typing import ClassVar

@dataclass(frozen=True)
class Empty:
    pass

@dataclass(frozen=True)
class One:
    a: int = 1

@dataclass(frozen=True)
class Two:
    a: int
    b: list = field(default_factory=list, compare=False)
    c: str = field(default="c", repr=False)
    d: object = field(default=None, hash=False)
    key: ClassVar[str] = "two"

@dataclass(frozen=True, kw_only=True)
class Heir(Two):
    e: float = float("nan")

@dataclass(frozen=True, eq=False)
class Itself:
    a: object = 1

@dataclass
class Open:
    a: int = 1
    b: object = None

@dataclass(frozen=True)
class Named:
    a: int = 1
    def __repr__(self): return "named"
    def __eq__(self, other): return True
    def __hash__(self): return 7

@dataclass(order=True)
class Ordered:
    a: int
    b: int = 2

class Beside(One):
    pass
"""

SEEN = """
def told(act):
    try:
        return act()
    except Exception as error:
        return f"{type(error).__name__}: {error}"

def seen():
    nan, same = float("nan"), Itself()
    ring = Open()
    ring.b = ring
    made = [Empty(), One(), One(2), Two(1), Two(1, [2]), Two(1, d=3), Two(2, c="x"), Heir(a=1), Heir(a=1, e=nan),
            Heir(a=1, e=2.0), Open(), Open(1, [One()]), ring, Named(), Named(3), Ordered(1), Ordered(1, 3), Beside(), 5]
    found = [repr(made), repr(same).split(" at ")[0], [told(lambda: hash(one) == hash(one)) for one in made]]
    found += [[[one == other if one is not ring else "ring" for other in made if other is not ring] for one in made]]
    found += [same == same, same == Itself(), One().__eq__(1), Two(nan) == Two(nan), Heir(a=1) == Heir(a=1)]
    found += [[hash(one) for one in (Empty(), One(), One(2), Two(1), Two(1, d=3), Heir(a=1, e=2.0), Named())]]
    found += [told(lambda: Ordered(1) < Ordered(1, 3)), told(lambda: One() < One(2)), told(lambda: hash(Open()))]
    for one in Empty(), One(), Heir(a=1), Itself(), Beside(), Open():
        for name in "a", "z", "e":
            found.append(told(lambda: setattr(one, name, 4)))
            found.append(told(lambda: delattr(one, name)))
            found.append(sorted(vars(one)))
    for kind in Empty, One, Two, Heir, Itself, Open, Ordered:
        found.append(sorted(name for name in vars(kind) if name.startswith("__")))
        own = [vars(kind).get(name) for name in ("__eq__", "__hash__", "__repr__")]
        found.append([getattr(method, "__qualname__", None) for method in own])
    return found
print(seen())
"""


def told(program: str) -> str:
    env = {**os.environ, "PYTHONHASHSEED": "1"}
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=env).stdout


def test_classes_with_shared_methods_are_those_that_python_makes() -> None:
    share = "from diffview.commands.lean_classes import share_methods\nshare_methods()\n"
    usual = told(CLASSES + SEEN)
    assert told(share + CLASSES + SEEN) == usual and "FrozenInstanceError: cannot assign to field 'a'" in usual


def test_the_program_shares_them_and_what_is_imported_by_another_does_not() -> None:
    begin = "import sys, contextlib\nfrom diffview.cli import main\nsys.argv[1:] = ['--version']\n"
    ask = "from diffview.runs.groups import Course\nprint(Course.__eq__.__code__.co_filename)"
    alone = told(f"{begin}with contextlib.suppress(SystemExit): main()\n{ask}")
    other = told(f"{begin}with contextlib.suppress(SystemExit): main(sys.argv[1:])\n{ask}")
    assert "lean_classes" not in other and ("lean_classes" in alone) == (sys.version_info < (3, 13))
