"""Code lines of diffview and of its tests, by room: a table, or with --json one object.

Blank lines, comments and the docstrings of modules, classes and functions do not count; the strings under attributes
do. A room is a folder of diffview/, and the files beside the folders together are the ground; tests/<room>/ belong to
their room, all other tests to the ground.
"""

import argparse
import ast
import io
import json
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
QT_ROOMS = {"gui"}
QT_FREE = "gui/show"
"""The one folder of those rooms without Qt; a test holds it to that."""
GROUND = "ground"
NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}
Table = dict[str, dict[str, int]]
"""{room: {"code": lines, "tests": lines}}"""


def docstring_lines(tree: ast.AST) -> Iterator[int]:
    """The lines of the docstrings of modules, classes and functions."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            yield from range(first.lineno, (first.end_lineno or first.lineno) + 1)


def code_lines(source: str) -> int:
    """How many lines of a file hold code."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines.difference(docstring_lines(ast.parse(source))))


def counted(path: Path) -> int:
    """The code lines of a file, or of all Python files below a folder."""
    files = [path] if path.is_file() else path.rglob("*.py")
    return sum(code_lines(file.read_text(encoding="utf-8")) for file in files)


def by_room(root: Path) -> Table:
    """The rooms of a repository by name, the ground first."""
    package, tests = root / "diffview", root / "tests"
    names = sorted(folder.name for folder in package.iterdir() if any(folder.rglob("*.py")))
    rooms = {name: {"code": counted(package / name), "tests": counted(tests / name)} for name in names}
    ground = {
        "code": sum(counted(file) for file in package.glob("*.py")),
        "tests": counted(tests) - sum(row["tests"] for row in rooms.values()),
    }
    return {GROUND: ground, **rooms}


def as_text(table: Table) -> str:
    """The rows in columns, with the lines of tests per line of code."""
    lines = [f"{'room':<10} {'code':>7} {'tests':>7} {'tests/code':>10}"]
    for room, row in table.items():
        share = f"{row['tests'] / row['code']:.2f}" if row["code"] else "-"
        lines.append(f"{room:<10} {row['code']:>7,} {row['tests']:>7,} {share:>10}")
    return "\n".join(lines)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="code lines of diffview and of its tests, by room")
    parser.add_argument("root", nargs="?", type=Path, default=ROOT, help="the repository (this one unless told)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    arguments = parser.parse_args()
    rooms = by_room(arguments.root)
    total = {kind: sum(row[kind] for row in rooms.values()) for kind in ("code", "tests")}
    shown = counted(arguments.root / "diffview" / QT_FREE)
    qt = sum(row["code"] for room, row in rooms.items() if room in QT_ROOMS) - shown
    qt_free = 1 - qt / total["code"]
    if arguments.json:
        print(json.dumps({"rooms": rooms, "total": total, "qt_free": round(qt_free, 4)}, indent=1))
    else:
        print(as_text({**rooms, "total": total}))
        print(f"free of Qt: {qt_free:.1%} of the code")
    return 0


if __name__ == "__main__":
    sys.exit(main())
