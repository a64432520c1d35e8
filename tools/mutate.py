"""Do the tests notice a fault? Changes one place of the code at a time and runs the tests of its room.

    python tools/mutate.py --mutants 60 --seed 0 --least 0.9

A mutant is one change: another operator, another number, min for max, a `not` or a minus gone, None returned. Which
are tried is decided by seed, file, function and text, so that work elsewhere in the code leaves the choice alone. Each
is tried in a copy of the tree, two at a time, by tests/<room> and the golden test until one of them fails; one that
runs out of time is noticed too. Exits with 1 if too small a share was noticed, with 2 if the tests fail without any
change. What changes nothing that can be seen stands in EQUIVALENT and does not count.

Not mutmut or cosmic-ray: neither tries a stable choice of a few mutants of some rooms against some tests.
"""

import argparse
import ast
import copy
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("forward", "reverse", "scores")
LEFT_OUT = shutil.ignore_patterns(".git", "__pycache__", ".venv", ".*_cache", "dist")

EQUIVALENT: dict[str, str] = {
    "scores/race.py: self._done, self._work = 0, 1 with 1 -> 2": "run() sets it before it is read",
}
"""Mutants that no test can notice, by file, line and change, and why."""

ARITHMETIC = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
}
COMPARISONS = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
FAILED, NOT_IMPORTED = 1, 2
"""What pytest ends with if a test fails, or cannot be imported."""

NAMES = {"min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    """One change: in which file, which function and line, the bytes from `start` to `end`, and what stands there."""

    path: str
    function: str
    line: int
    start: int
    end: int
    old: str
    new: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}  {self.function}: {self.old} -> {self.new}"

    @property
    def name(self) -> str:
        """What it is called, whatever the line."""
        return f"{self.path} {self.function}: {self.old} -> {self.new}"

    @property
    def equivalent(self) -> bool:
        """Whether it stands in EQUIVALENT."""
        return f"{self.path}: {self.text} with {self.old} -> {self.new}" in EQUIVALENT

    @property
    def room(self) -> str:
        """The room it is in."""
        return self.path.split("/")[0]

    def applied(self, source: bytes) -> bytes:
        """The file with the change made."""
        return source[: self.start] + self.new.encode() + source[self.end :]


# -- what can be changed


def is_text(node: ast.AST) -> bool:
    """Whether an expression is written as a string: adding to it is no arithmetic."""
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def with_other(node: ast.AST, **fields: object) -> ast.AST:
    """A node with other fields."""
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def other_operator(node: ast.BinOp | ast.AugAssign) -> Iterator[ast.AST]:
    """+ for -, * for / and so on; texts are not added up."""
    texts = (getattr(node, side, None) for side in ("left", "right", "value"))
    if type(node.op) in ARITHMETIC and not any(isinstance(text, ast.AST) and is_text(text) for text in texts):
        yield with_other(node, op=ARITHMETIC[type(node.op)]())


def other_comparison(node: ast.Compare) -> Iterator[ast.AST]:
    """The opposite, and < for <=."""
    for place, op in enumerate(node.ops):
        for other in COMPARISONS[type(op)]:
            yield with_other(node, ops=[*node.ops[:place], other(), *node.ops[place + 1 :]])


def other_connective(node: ast.BoolOp) -> Iterator[ast.AST]:
    """And for or."""
    yield with_other(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())


def without_sign(node: ast.UnaryOp) -> Iterator[ast.AST]:
    """No `not` and no minus."""
    if isinstance(node.op, (ast.Not, ast.USub)):
        yield node.operand


def other_function(node: ast.Call) -> Iterator[ast.AST]:
    """Min for max, any for all."""
    function = node.func
    if isinstance(function, ast.Name) and function.id in NAMES:
        yield with_other(node, func=with_other(function, id=NAMES[function.id]))
    if isinstance(function, ast.Attribute) and function.attr in NAMES:
        yield with_other(node, func=with_other(function, attr=NAMES[function.attr]))


def other_number(node: ast.Constant) -> Iterator[ast.AST]:
    """True for False, one more, half as much again."""
    value = node.value
    if isinstance(value, bool):
        yield with_other(node, value=not value)
    elif isinstance(value, (int, float)):
        yield with_other(node, value=value + 1 if isinstance(value, int) or not value else value * 1.5)


def no_result(node: ast.Return) -> Iterator[ast.AST]:
    """None returned."""
    if node.value is not None and ast.unparse(node.value) != "None":
        yield with_other(node, value=ast.Constant(None))


CHANGES: dict[type[ast.AST], Callable[[Any], Iterator[ast.AST]]] = {
    ast.BinOp: other_operator,
    ast.AugAssign: other_operator,
    ast.Compare: other_comparison,
    ast.BoolOp: other_connective,
    ast.UnaryOp: without_sign,
    ast.Call: other_function,
    ast.Constant: other_number,
    ast.Return: no_result,
}
"""What may stand in place of a node of a kind."""


def code(node: ast.AST, function: str = "") -> Iterator[tuple[ast.AST, str]]:
    """The nodes that do something, with their function: no annotations, no declared ranges, no texts, no `strict`."""
    yield node, function
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        function = f"{function}.{node.name}" if function else node.name
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            said = name in ("annotation", "returns") or isinstance(child, (ast.JoinedStr, ast.Import, ast.ImportFrom))
            said |= isinstance(child, ast.keyword) and child.arg == "strict"  # of zip: it holds anyhow
            declared = isinstance(child, ast.Subscript) and ast.unparse(child.value) == "Annotated"
            declared |= name == "decorator_list" and ast.unparse(child).startswith("dataclass")
            typed = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
            if isinstance(child, ast.AST) and not (said or declared or typed):
                yield from code(child, function)


def mutants_of(path: str, source: bytes) -> Iterator[Mutant]:
    """Every mutant of a file, `path` below the package."""
    lines, begins = source.decode().splitlines(), [0]
    for line in source.splitlines(keepends=True):
        begins.append(begins[-1] + len(line))
    for node, function in code(ast.parse(source)):
        for other in CHANGES.get(type(node), lambda node: ())(node):
            start = begins[node.lineno - 1] + node.col_offset
            end = begins[node.end_lineno - 1] + node.end_col_offset
            new = ast.unparse(other)
            bare = isinstance(other, (ast.Constant, ast.Call, ast.Name, ast.Attribute, ast.stmt))
            old, text = " ".join(source[start:end].decode().split()), lines[node.lineno - 1].strip()
            yield Mutant(path, function or "top", node.lineno, start, end, old, new if bare else f"({new})", text)


def chosen(root: Path, rooms: tuple[str, ...], count: int, seed: int) -> list[Mutant]:
    """`count` mutants of the rooms; which ones depends on nothing but seed, name and how often the name was there."""
    ranked, seen = [], Counter()
    for room in rooms:
        for file in sorted((root / "diffview" / room).rglob("*.py")):
            path = file.relative_to(root / "diffview").as_posix()
            for mutant in mutants_of(path, file.read_bytes()):
                seen[mutant.name] += 1
                key = f"{seed} {seen[mutant.name]} {mutant.name}"
                if not mutant.equivalent:
                    ranked.append((hashlib.sha256(key.encode()).hexdigest(), mutant))
    return [mutant for _, mutant in sorted(ranked, key=lambda pair: pair[0])[:count]]


# -- whether it is noticed


def tests_for(root: Path, room: str, path: str = "") -> list[str]:
    """The tests of a room, those that name the file's module first, and the golden test."""
    module = path.removesuffix(".py").replace("/", ".")
    files = sorted((root / "tests" / room).glob("test_*.py"))
    first = [file for file in files if module and f"diffview.{module} " in file.read_text(encoding="utf-8")]
    ordered = [*first, *(file for file in files if file not in first), root / "tests" / "test_golden.py"]
    return [file.relative_to(root).as_posix() for file in ordered]


def passes(root: Path, tests: list[str], limit: float) -> tuple[bool, str]:
    """Whether tests pass within `limit` seconds, and the last lines of what they say.

    Raises:
        RuntimeError: if they could not be run: that is no fault of the code.
    """
    settings = {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", "QT_QPA_PLATFORM": "offscreen"}
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests],
        cwd=root, env={**os.environ, **settings}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        said, _ = run.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        said, _ = run.communicate()
        return False, "out of time"
    last = "\n".join(said.splitlines()[-15:])
    if run.returncode not in (0, FAILED, NOT_IMPORTED):
        raise RuntimeError(f"pytest ended with {run.returncode} in {root}:\n{last}")
    return run.returncode == 0, last


def tried(mutant: Mutant, trees: "SimpleQueue[Path]", limit: float) -> bool:
    """Whether the tests notice a mutant; says so."""
    tree, began = trees.get(), time.monotonic()
    file = tree / "diffview" / mutant.path
    source = file.read_bytes()
    try:
        file.write_bytes(mutant.applied(source))
        passed, _ = passes(tree, tests_for(tree, mutant.room, mutant.path), limit)
    finally:
        file.write_bytes(source)
        trees.put(tree)
    verdict = "SURVIVED" if passed else "killed"
    seconds = time.monotonic() - began
    print(f"{verdict:8}  {mutant}  ({seconds:.0f} s)", flush=True)
    return not passed


def main() -> int:
    """Try mutants and tell what share was noticed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=60, help="how many are tried (60)")
    parser.add_argument("--seed", type=int, default=0, help="another seed tries others (0)")
    parser.add_argument("--rooms", nargs="+", default=ROOMS, choices=ROOMS, help="where (all three)")
    parser.add_argument("--least", type=float, default=0.9, help="share that must be noticed (0.9)")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (2)")
    parser.add_argument("--limit", type=float, default=1200.0, help="seconds for the tests of one mutant (1200)")
    parser.add_argument("--trust", action="store_true", help="that the tests pass without any change")
    parser.add_argument("--list", action="store_true", help="only say which would be tried")
    parser.add_argument("--only", default="", help="try only those with this text in their name")
    options = parser.parse_args()
    picked = chosen(ROOT, tuple(options.rooms), options.mutants, options.seed)
    mutants = [m for m in picked if options.only in m.name]
    print(f"{len(mutants)} mutants; {len(EQUIVALENT)} that change nothing are left out.")
    if options.list:
        print("\n".join(map(str, mutants)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        trees: SimpleQueue[Path] = SimpleQueue()
        for job in range(options.jobs):
            trees.put(Path(shutil.copytree(ROOT, Path(folder) / str(job), ignore=LEFT_OUT)))
        for room in sorted({m.room for m in mutants} if not options.trust else ()):
            passed, said = passes(Path(folder) / "0", tests_for(ROOT, room), options.limit)
            if not passed:
                print(f"The tests of {room} fail without any change:\n{said}")
                return 2
        with ThreadPoolExecutor(options.jobs) as pool:
            noticed = list(pool.map(lambda mutant: tried(mutant, trees, options.limit), mutants))
    share = sum(noticed) / max(1, len(noticed))
    print(f"{sum(noticed)} of {len(noticed)} noticed: {share:.0%}.")
    return 0 if share >= options.least else 1


if __name__ == "__main__":
    sys.exit(main())
