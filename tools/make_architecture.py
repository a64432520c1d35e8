"""Draw docs/architecture.svg: the rooms of diffview, what is in them, and which of them import which.

    python tools/make_architecture.py

Arrows are read from the imports. Only those are drawn that no longer way through other rooms replaces.
"""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "diffview"
FLOORS = (
    ("commands",),
    ("gui",),
    ("bench", "story"),
    ("scores", "writers"),
    ("learning", "runs"),
    ("models", "readers"),
    ("reverse",),
    ("forward", "fields"),
    ("errors", "params", "arrays", "paths", "machine", "about"),
)
"""The rooms as they are drawn, the highest first."""

WORDS = {
    "commands": "the command line",
    "gui": "the window: Qt only here",
    "bench": "budgets, measured",
    "story": "the lecture: chapters as data",
    "scores": "how good",
    "writers": "files out",
    "learning": "what is learnt: the noise-prediction loss",
    "runs": "recipe, plan, run",
    "models": "x0_hat(y, s): formulas and networks",
    "readers": "files in, in a process of their own",
    "reverse": "noise taken out: samplers",
    "forward": "noise put in: schedules, chain, closed form",
    "fields": "data in physical units",
}
IDEAS = {"forward": "#f2a93b", "reverse": "#4cc2e6", "models": "#7ee0a6", "learning": "#c9a5f2"}
"""The four ideas of the theory, and their colours."""

WIDTH, HEIGHT, GAP, TOP = 340, 46, 30, 24
PAGE = 2 * WIDTH + 3 * GAP


def imported_by(room: str) -> set[str]:
    """The rooms that a room imports."""
    files = [*(PACKAGE / room).rglob("*.py"), *PACKAGE.glob(f"{room}.py")]
    names = {
        node.module.split(".")[1]
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("diffview.")
    }
    return names - {room}


def arrows() -> list[tuple[str, str]]:
    """The pairs (room, imported room) that no longer way replaces; the ground, which all import, left out."""
    drawn = [room for floor in FLOORS[:-1] for room in floor]
    direct = {room: imported_by(room) & set(drawn) for room in drawn}
    below: dict[str, set[str]] = {}
    for room in reversed(drawn):
        below[room] = direct[room].union(*(below.get(other, set()) for other in direct[room]))
    return [
        (room, other)
        for room in drawn
        for other in sorted(direct[room])
        if not any(other in below[between] for between in direct[room] - {other})
    ]


def boxes() -> dict[str, tuple[float, float, float]]:
    """Left, top and width of every box."""
    found = {}
    for level, floor in enumerate(FLOORS):
        wide = (PAGE - 2 * GAP - (len(floor) - 1) * 8) / len(floor) if len(floor) > 2 else WIDTH
        space = 8 if len(floor) > 2 else GAP
        left = (PAGE - len(floor) * wide - (len(floor) - 1) * space) / 2
        for i, room in enumerate(floor):
            found[room] = (left + i * (wide + space), TOP + level * (HEIGHT + GAP), wide)
    return found


def drawing() -> str:
    """The picture as SVG."""
    places = boxes()
    parts = []
    for room, other in arrows():
        (x, y, w), (u, v, z) = places[room], places[other]
        side = 0.5 * (w - 40) * max(-1.0, min(1.0, ((u + z / 2) - (x + w / 2)) / WIDTH))
        skips = v - y > HEIGHT + GAP + 1 and abs((u + z / 2) - (x + w / 2)) < 1
        bend = f"C {x + w + 32} {y + HEIGHT} {u + z + 32} {v}" if skips else ""
        start = f"{x + w - 20} {y + HEIGHT}" if skips else f"{x + w / 2 + side} {y + HEIGHT}"
        end = f"{u + z - 20} {v - 3}" if skips else f"{u + z / 2 - side} {v - 3}"
        parts.append(f'<path d="M {start} {bend or "L"} {end}" fill="none" stroke="#8b94a3" marker-end="url(#tip)"/>')
    for room, (x, y, w) in places.items():
        edge, text = IDEAS.get(room, "#2b313b"), WORDS.get(room)
        parts.append(
            f'<rect x="{x}" y="{y}" width="{w}" height="{HEIGHT}" rx="8" fill="#1b1f26" stroke="{edge}" '
            f'stroke-width="{2 if room in IDEAS else 1}"/>'
        )
        name = y + (20 if text else 28)
        parts.append(f'<text x="{x + w / 2}" y="{name}" fill="#e6e9ef" font-weight="600">{room}</text>')
        if text:
            parts.append(f'<text x="{x + w / 2}" y="{y + 36}" fill="#8b94a3" font-size="12">{text}</text>')
    tall = TOP + len(FLOORS) * (HEIGHT + GAP)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {PAGE} {tall}" width="{PAGE}" height="{tall}" '
        'font-family="Inter, sans-serif" font-size="13" text-anchor="middle">\n'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M 0 0 L 8 4 L 0 8 z" fill="#8b94a3"/></marker></defs>\n'
        f'<rect width="{PAGE}" height="{tall}" fill="#14171c"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


if __name__ == "__main__":
    (ROOT / "docs" / "architecture.svg").write_text(drawing(), encoding="utf-8")
