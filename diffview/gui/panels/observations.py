"""The part of the inspector in which instruments are added, set and taken away."""

from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtWidgets import QWidget

from diffview.fields.units import written
from diffview.gui.session import Session
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

DRAW_FIRST = "Paint it with the gap tool (G) first: what is painted becomes {}, and is hidden no longer"

USUAL_ERROR = 0.1
"""Of the standard deviation of the region: the error that an instrument begins with."""


class ObservationsPart(QWidget):
    """The form, and what it does to the recipe."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        tips = {key: DRAW_FIRST.format("the area" if key == "area" else "the swath") for key in DRAWN}
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
        """One more instrument; an area or a swath takes what is painted, which is hidden no longer."""
        session, asked = self._session, self._session.recipe
        values = session.facts.field.values[session.plan.region.slices]
        known = values[~np.isnan(values)]
        spread = float(known.std()) if known.size else 1.0
        error = tidied(USUAL_ERROR * spread, spread) or 1.0
        where, changes = (asked.guidance.hidden, {"hidden": ()}) if key in DRAWN else ((), {})
        one = Instrument(key, float(error), (), where)
        session.edit(instruments=(*asked.operators.instruments, one), **changes)

    def _remove(self, place: int) -> None:
        instruments = self._session.recipe.operators.instruments
        self._session.edit(instruments=(*instruments[:place], *instruments[place + 1 :]))

    def _change(self, place: int, values: dict[str, Any]) -> None:
        """Another error, or other settings, of one of them."""
        instruments = self._session.recipe.operators.instruments
        new = {"error": values["error"]} if "error" in values else {"params": tuple(values.items())}
        changed = replace(instruments[place], **new)
        made = (*instruments[:place], changed, *instruments[place + 1 :])
        self._session.edit(merge=("instruments", place, *new), instruments=made)

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
                bool(session.recipe.guidance.hidden), told,
            )
        )  # fmt: skip
