"""The quantity of what is written: its name, its units, and its attributes by the CF conventions."""

import re
from dataclasses import dataclass
from typing import Any

from diffview.fields.field import Field
from diffview.fields.units import written
from diffview.runs.plan import Plan

TEMPERATURES = ("K", "°C")
"""Units, as `written`, for which CF 1.11 asks whether they are of a temperature or of a difference of two."""


@dataclass(frozen=True)
class WrittenQuantity:
    """The quantity of the values: a name for the file and a long one, units and a CF standard name."""

    name: str
    long_name: str
    units: str
    standard_name: str = ""

    def cf(self, what: str = "", **more: Any) -> dict[str, Any]:
        """CF attributes; `what` says how it differs from the quantity itself, which alone has the standard name."""
        standard = {"standard_name": self.standard_name} if self.standard_name and not what else {}
        long_name = f"{self.long_name}, {what}" if what else self.long_name
        scale = {"units_metadata": "temperature: on_scale"} if written(self.units) in TEMPERATURES else {}
        return {"long_name": long_name, "units": self.units or "1", **standard, **scale, **more}


def quantity_of(of: Field, plan: Plan | None = None) -> WrittenQuantity:
    """The quantity of the field, or that of what a network makes where it is another."""
    card = None if plan is None else plan.card
    if card is not None and plan is not None and plan.transform != card.transform:
        return WrittenQuantity(clean(card.quantity), card.quantity.replace("_", " "), card.units)
    said = of.provenance
    long_name = said.get("long_name") or of.name.replace("_", " ") or "field"
    return WrittenQuantity(clean(of.name), long_name, of.units, said.get("standard_name", ""))


def clean(name: str) -> str:
    """A name that any program can read, and that is not one of our own dimensions."""
    word = re.sub(r"\W+", "_", name.rsplit("/", 1)[-1], flags=re.ASCII).strip("_") or "field"
    return f"field_{word}" if word[0].isdigit() or word in ("x", "y", "t", "s", "step", "member", "time") else word
