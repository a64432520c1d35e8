"""The members of a file as rows of a tree, and the details of one of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from diffview.fields.numbers import compact
from diffview.fields.units import written
from diffview.readers.base import Node

COLUMNS = ("Variable", "Shape", "Units", "Dimensions", "Type", "Chunks", "Filters")
MOST_ATTRIBUTES, LONGEST = 12, 120
"""Of a tooltip: attributes, and characters of each."""


def shape_text(shape: Sequence[int]) -> str:
    """A shape as text: 160 × 256."""
    return " × ".join(map(str, shape))


def order(node: Node) -> tuple[bool, bool, str]:
    """Plottable variables come first, groups last, each by name."""
    return not node.plottable, node.kind == "group", node.name


def row_of(node: Node, whole_path: bool) -> list[str]:
    """The text of every column."""
    name = node.path.lstrip("/") if whole_path else node.name
    chunks = shape_text(node.chunks) or ("one piece" if node.kind == "dataset" else "")
    dims, filters = ", ".join(node.dims), ", ".join(node.filters)
    return [name, shape_text(node.shape), written(node.units), dims, node.dtype, chunks, filters]


def first_folder(path: str | None, recent: Sequence[str]) -> Path:
    """Where the choice of a file begins: beside the open file or those opened last, or at home.

    The packaged field has no path: nobody looks for files in the program's own folder.
    """
    folders = (Path(file).absolute().parent for file in (path, *recent) if file is not None)
    return next((folder for folder in folders if folder.is_dir()), Path.home())


def hint_of(node: Node, shown: bool) -> str:
    """How the picture of a variable is shown; "" where there is none, or it is on screen."""
    return "Double-click it to show its picture" if node.plottable and not shown else ""


def tip_of(node: Node) -> str:
    """What is known of a member: its long name, type and dimensions, what is wrong with it, and its attributes."""
    facts = [node.long_name, f"{node.dtype} ({', '.join(node.dims)})" if node.dims else node.dtype, node.why]
    facts += [f"{key} = {value[:LONGEST]}" for key, value in list(node.attributes.items())[:MOST_ATTRIBUTES]]
    return "\n".join(filter(None, facts))


def details_of(node: Node, preview: Any) -> list[tuple[str, str, str, str]]:
    """Rows (what, as stored, physical, tooltip) of a variable, with the preview of its values or None."""
    rows = [("name", node.path, node.long_name, "")]
    if node.why:
        rows.append(("", node.why, "", ""))
    if node.shape:
        rows.append(("shape", shape_text(node.shape), ", ".join(node.dims), ""))
    if node.dtype:
        rows.append(("type", node.dtype, written(node.units) or "no units", ""))
    if preview is not None:
        every = f"every {preview.every}th pixel of the middle slice" if preview.every > 1 else "the middle slice"
        physical = f"{_range(preview.physical)} {written(preview.units)}".strip()
        rows.append(("range", _range(preview.stored), physical, f"By {every}."))
        rows.append(("missing", node.fill or "no fill value", f"{100 * preview.missing:.3g} %", f"By {every}."))
    elif node.fill:
        rows.append(("missing", node.fill, "", ""))
    if node.kind == "dataset":
        rows.append(("chunks", shape_text(node.chunks) or "one piece", ", ".join(node.filters) or "no filter", ""))
    return rows


def _range(ends: tuple[float, float] | None) -> str:
    return "no value" if ends is None else " … ".join(map(compact, ends))
