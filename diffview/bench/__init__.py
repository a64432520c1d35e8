"""`diffview bench`: the budgets of this program, measured on this machine, as a table or as JSON.

A measurement that fails is a row that says why.
"""

import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict

from diffview import __version__
from diffview.bench.row import Row
from diffview.bench.rows import ROWS
from diffview.errors import UserError


def main(
    as_json: bool = False,
    quick: bool = False,
    only: Sequence[str] = tuple(ROWS),
    progress: Callable[[float], None] = lambda share: None,
    soak_minutes: float | None = None,
) -> str:
    """Measure; the text of what was measured. `only` names some of ROWS; `soak` takes the minutes that it is given.

    The children find their modules compiled, as those of an installed wheel are.
    """
    with tempfile.TemporaryDirectory() as compiled:
        os.environ["PYTHONPYCACHEPREFIX"] = compiled
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        rows = []
        for i, name in enumerate(only):
            progress(i / len(only))
            more = {"minutes": soak_minutes} if name == "soak" and soak_minutes else {}
            rows.extend(measure(name, quick, **more))
    if not as_json:
        return f"{machine()}\n\n{table(rows)}\n"
    plain = [{**asdict(row), "verdict": row.verdict} for row in rows]
    return json.dumps({"machine": machine(), "rows": plain}, indent=2) + "\n"


def chosen(names: str | None) -> list[str]:
    """The measurements named in "ROW,ROW", each once and in that order; all of them for None.

    Raises:
        UserError: if there is none of that name.
    """
    if names is None:
        return list(ROWS)
    asked = list(dict.fromkeys(name.strip() for name in names.split(",")))
    unknown = [name for name in asked if name not in ROWS]
    if unknown:
        raise UserError(f"There is no measurement called {unknown[0]!r}.", f"Choose of {', '.join(ROWS)}.")
    return asked


def measure(name: str, quick: bool, **more: float | None) -> list[Row]:
    """The rows of one measurement, or one that says why there are none."""
    try:
        return ROWS[name](quick, **more)
    except Exception as error:  # noqa: BLE001 - one measurement that cannot be made must not hide the others
        return [Row(name, "", error=f"{type(error).__name__}: {error}")]


def machine() -> str:
    """The machine that the numbers were measured on."""
    from diffview.bench.core import child_environment
    from diffview.machine import cores

    screen = child_environment().get("QT_QPA_PLATFORM") or "its own screen"
    load = f", load {os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else ""
    return (
        f"diffview {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{cores()} cores{load}, {screen}"
    )


def table(rows: Iterable[Row]) -> str:
    """The rows as text: what, value, budget, verdict, repetitions, detail and clock."""
    lines = [("what", "value", "budget", "", "n", "detail", "clock")]
    for row in rows:
        value = "-" if row.value is None else f"{row.value:.3g} {row.unit}".strip()
        budget = "" if row.budget is None else f"<= {row.budget:.3g}"
        lines.append((row.what, value, budget, row.verdict, str(row.count or ""), row.error or row.detail, row.clock))
    widths = [max(len(line[i]) for line in lines) for i in range(6)]
    widths.append(0)
    return "\n".join("  ".join(cell.ljust(n) for cell, n in zip(line, widths, strict=True)).rstrip() for line in lines)
