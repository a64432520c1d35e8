"""tools/count.py on a tree whose lines can be counted by hand."""

import json
import subprocess
import sys
from pathlib import Path

COUNT = Path(__file__).parents[1] / "tools" / "count.py"

SOURCE = '''"""A module.

Two lines of it.
"""

# a comment
TEXT = """
not a docstring
"""


class A:
    """A class."""

    x: int = 0
    """An attribute."""

    def f(self) -> int:  # a comment
        """A function."""
        return (
            1
        )
'''


def test_code_lines_are_counted_by_room(tmp_path: Path) -> None:
    for name, source in {
        "diffview/__init__.py": "",
        "diffview/errors.py": "x = 1\n",
        "diffview/gui/plot.py": "x = 1\ny = 2\n",
        "diffview/forward/ddpm.py": SOURCE,
        "tests/test_errors.py": "x = 1\n\n\ny = 2\n",
        "tests/forward/test_ddpm.py": "# nothing\nx = 1\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source)
    (tmp_path / "diffview" / "__pycache__").mkdir()
    command = [sys.executable, str(COUNT), str(tmp_path)]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {
        "rooms": {
            "ground": {"code": 1, "tests": 2},
            "forward": {"code": 10, "tests": 1},
            "gui": {"code": 2, "tests": 0},
        },
        "total": {"code": 13, "tests": 3},
        "qt_free": 0.8462,
    }
    table = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert table[2].split() == ["forward", "10", "1", "0.10"]
    assert table[-2:] == ["total           13       3       0.23", "free of Qt: 84.6% of the code"]
