"""tools/mutate.py: what it changes, which it chooses, and that a fault which a test sees is noticed and no other."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[1] / "tools" / "mutate.py"
MUTATE = runpy.run_path(str(TOOL))

SOURCE = '''"""A module with 3 numbers: 1, 2."""

from typing import Annotated

Share = Annotated[float, Range(0.0, 1.0)]


def high(a: Literal[3], b, *, share: Annotated[float, 7] = 0.5):
    """Larger than 4."""
    if not a <= b and a is not None:
        return -min(a, b) * 2
    text = f"{a + 1}" + "x"
    text += "y"
    return None
'''


def test_everything_that_does_something_is_changed_and_nothing_that_says_something() -> None:
    source = SOURCE.encode()
    found = list(MUTATE["mutants_of"]("forward/x.py", source))
    assert {(m.function, m.line) for m in found} == {("high", 8), ("high", 10), ("high", 11)}
    assert sorted(f"{m.old} -> {m.new}" for m in found) == sorted([
        "0.5 -> 0.75",
        "not a <= b and a is not None -> (not a <= b or a is not None)",
        "not a <= b -> (a <= b)",
        "a <= b -> (a < b)",
        "a <= b -> (a > b)",
        "a is not None -> (a is None)",
        "return -min(a, b) * 2 -> return None",
        "-min(a, b) * 2 -> (-min(a, b) / 2)",
        "-min(a, b) -> min(a, b)",
        "min(a, b) -> max(a, b)",
        "2 -> 3",
    ])  # fmt: skip
    changed = [m.applied(source).decode() for m in found]
    assert len(set(changed)) == len(found)
    for text in changed:
        compile(text, "x.py", "exec")
    assert "        return -max(a, b) * 2\n" in "".join(changed)


def test_what_is_said_to_change_nothing_is_still_there() -> None:
    package = TOOL.parents[1] / "diffview"
    paths = {name.split(":")[0] for name in MUTATE["EQUIVALENT"]}
    found = [m for path in paths for m in MUTATE["mutants_of"](path, (package / path).read_bytes()) if m.equivalent]
    assert len(found) == len(MUTATE["EQUIVALENT"])


def tree(root: Path, test: str) -> Path:
    """A small repository: a module with two numbers, and its test."""
    for folder in ("diffview/forward", "diffview/reverse", "tests/forward", "tests/reverse", "tools"):
        (root / folder).mkdir(parents=True)
    (root / "diffview" / "__init__.py").write_text("")
    (root / "diffview" / "forward" / "__init__.py").write_text("")
    (root / "diffview" / "forward" / "sums.py").write_text("def double(a):\n    return a * 2\n")
    (root / "tests" / "forward" / "test_sums.py").write_text(f"from diffview.forward.sums import double\n{test}")
    (root / "tests" / "test_golden.py").write_text("def test_nothing():\n    pass\n")
    (root / "tools" / "mutate.py").write_text(TOOL.read_text(encoding="utf-8"), encoding="utf-8")
    return root


def told(root: Path, *words: str) -> tuple[int, str]:
    command = [sys.executable, "tools/mutate.py", "--rooms", "forward", *words]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("test", "status", "line"),
    [
        ("def test_double():\n    assert double(3) == 6\n", 0, "3 of 3 noticed: 100%."),
        ("def test_double():\n    assert double(1) > 1\n", 1, "2 of 3 noticed: 67%."),
        ("def test_double():\n    assert double(3) == 7\n", 2, "The tests of forward fail without any change:"),
    ],
)
def test_the_share_that_is_noticed(tmp_path: Path, test: str, status: int, line: str) -> None:
    code, text = told(tree(tmp_path, test))
    assert code == status and line in text
    assert "SURVIVED  forward/sums.py:2  double: 2 -> 3" in text or status != 1
    assert (tmp_path / "diffview" / "forward" / "sums.py").read_text() == "def double(a):\n    return a * 2\n"


def test_tests_that_hang_are_ended(tmp_path: Path) -> None:
    root = tree(tmp_path, "def test_double():\n    while double(3) != 7:\n        pass\n")
    assert MUTATE["passes"](root, ["tests/forward/test_sums.py"], 3.0) == (False, "out of time")


def test_tests_that_cannot_be_run_are_no_fault_of_the_code(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="pytest ended with 4"):
        MUTATE["passes"](tree(tmp_path, ""), ["tests/forward/test_gone.py"], 60.0)


def test_the_choice_stays_when_other_code_comes(tmp_path: Path) -> None:
    root = tree(tmp_path, "")
    before = told(root, "--list", "--mutants", "2")[1].splitlines()[1:]
    assert before != told(root, "--list", "--mutants", "2", "--seed", "1")[1].splitlines()[1:] and len(before) == 2
    (root / "diffview" / "forward" / "sums.py").write_text("# more\n\n\ndef double(a):\n    return a * 2\n")
    after = told(root, "--list", "--mutants", "2")[1].splitlines()[1:]
    assert [line.replace(":5 ", ":2 ") for line in after] == before
