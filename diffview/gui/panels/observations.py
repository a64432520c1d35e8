"""The part of the inspector in which instruments are added, set and taken away."""

from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from diffview.fields.field import Region
from diffview.fields.units import written
from diffview.gui.session import Session
from diffview.gui.show.drawing import Drawing
from diffview.gui.show.footprint_words import ShownFootprint, footprint_of
from diffview.gui.show.looks import tidied
from diffview.gui.widgets.forms.observations_form import InstrumentState, ObservationsForm, ObservationsState
from diffview.gui.widgets.small.parts import column_of
from diffview.params import parameters
from diffview.reverse.operators import DRAWN, OPERATORS
from diffview.reverse.solvers import SOLVERS
from diffview.runs.guiding import GuidedModel
from diffview.runs.instruments import Instrument

MOST = 6
"""Instruments that the window has rows for; a recipe may have more."""

DRAW = "Drag {} over Forward or Field; gaps that are painted already become it, and are hidden no longer"

USUAL_ERROR = 0.1
"""Of the standard deviation of the region: the error that an instrument begins with."""


def _named(key: str) -> str:
    """What is drawn for an operator."""
    return "the area" if key == "area" else "the swath"


class ObservationsPart(QWidget):
    """The form, and what it does to the recipe.

    Signals:
        drawAsked: a Drawing: what an instrument sees is to be dragged over the pictures.
    """

    drawAsked = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        tips = {key: DRAW.format(_named(key)) for key in DRAWN}
        operators = {key: (kind.title, tips.get(key, kind.__doc__ or "")) for key, kind in OPERATORS.items()}
        self.form = ObservationsForm(operators, {key: (kind.title, kind.source) for key, kind in SOLVERS.items()}, MOST)
        column_of(self).addWidget(self.form)
        form = self.form
        form.added.connect(self._add)
        form.removed.connect(self._remove)
        form.changed.connect(self._change)
        form.edited.connect(lambda changes: session.edit(merge=("operators", *changes), **changes))
        form.committed.connect(session.end_merge)
        session.shows(self._show, "operators", "guidance.hidden", "plan.model", "plan.levels", "facts.field")

    def _add(self, key: str) -> None:
        """One more instrument; an area or a swath takes what is painted, or is drawn now."""
        hidden = self._session.recipe.guidance.hidden
        if key in DRAWN and not hidden:
            self._draw(key)
        elif key in DRAWN:
            self._take(key, hidden, hidden=())
        else:
            self._take(key, ())

    def _draw(self, key: str) -> None:
        """Have the area or the swath of one more instrument drawn: it is there with the first rectangle."""
        place = len(self._session.recipe.operators.instruments)

        def own() -> Instrument | None:
            there = self._session.recipe.operators.instruments
            return there[place] if place < len(there) and there[place].operator == key else None

        def parts() -> tuple[Region, ...]:
            one = own()
            return () if one is None else one.where

        def take(where: tuple[Region, ...]) -> None:
            if (one := own()) is None and where:
                self._take(key, where)
            elif one is not None and not where:
                self._remove(place)
            elif one is not None:
                self._put(place, replace(one, where=where))

        self.drawAsked.emit(Drawing(_named(key), parts, take))

    def _take(self, key: str, where: tuple[Region, ...], **changes: Any) -> None:
        """One more instrument, which sees what lies there."""
        session, asked = self._session, self._session.recipe
        values = session.facts.field.values[session.plan.region.slices]
        known = values[~np.isnan(values)]
        spread = float(known.std()) if known.size else 1.0
        error = tidied(USUAL_ERROR * spread, spread) or 1.0
        one = Instrument(key, float(error), (), where)
        session.edit(instruments=(*asked.operators.instruments, one), **changes)

    def _remove(self, place: int) -> None:
        instruments = self._session.recipe.operators.instruments
        self._session.edit(instruments=(*instruments[:place], *instruments[place + 1 :]))

    def _change(self, place: int, values: dict[str, Any]) -> None:
        """Another error, or other settings, of one of them."""
        instruments = self._session.recipe.operators.instruments
        new = {"error": values["error"]} if "error" in values else {"params": tuple(values.items())}
        self._put(place, replace(instruments[place], **new), merge=("instruments", place, *new))

    def _put(self, place: int, one: Instrument, merge: object = None) -> None:
        instruments = self._session.recipe.operators.instruments
        self._session.edit(merge=merge, instruments=(*instruments[:place], one, *instruments[place + 1 :]))

    def _footprints(self) -> dict[int, ShownFootprint]:
        """What one observation of each instrument sees, by its place; none where nothing is observed."""
        plan, km = self._session.plan, self._session.facts.field.pixel_km
        if not isinstance(plan.model, GuidedModel) or plan.model.led is None:
            return {}
        seen, count = plan.model.led.seen, len(self._session.recipe.operators.instruments[:MOST])
        return {place: footprint_of(one, seen.field, km) for place, one in enumerate(seen.parts[:count])}

    def _show(self) -> None:
        session = self._session
        plan, asked = session.plan, session.recipe.operators
        footprints = self._footprints()
        rows = tuple(
            InstrumentState(kind.title, one.error, parameters(kind), dict(one.params), footprints.get(place))
            for place, one in enumerate(asked.instruments[:MOST])
            for kind in (OPERATORS[one.operator],)
        )
        told = ""
        if asked.instruments and isinstance(plan.model, GuidedModel) and plan.model.led is not None:
            told = f"{len(plan.model.led.seen)} values are observed."
        elif asked.instruments and plan.refusal is not None:
            told = str(plan.refusal)
        if (more := len(asked.instruments) - MOST) > 0:
            told = f"{told} {more} more of the recipe's instruments have no row here.".strip()
        self.form.show_observations(
            ObservationsState(
                rows, written(session.facts.field.units), asked.solver, parameters(SOLVERS[asked.solver]),
                dict(asked.solver_params), asked.strength, asked.led_from, asked.led_to, float(f"{plan.levels[0]:.3g}"),
                told,
            )
        )  # fmt: skip
