"""The recipe's group of operators: which instruments see the region, how well, and what is made of it on the way."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from diffview.fields.field import Region
from diffview.params import Choice, Range, ValueType, plain_of, value_of
from diffview.reverse.operators import OPERATORS
from diffview.reverse.solvers import SOLVERS
from diffview.runs.groups import Group
from diffview.runs.values import LEVEL, REGIONS, SETTINGS, Settings


@dataclass(frozen=True)
class Instrument(Group):
    """One operator, where it looks, and its error."""

    operator: Annotated[str, Choice(tuple(OPERATORS)), "What it sees of the field."]
    error: Annotated[float, Range(1e-30, 1e30, log=True), "Standard deviation of its error, in the field's unit."]
    params: Annotated[Settings, SETTINGS, "Settings of the operator."] = ()
    where: Annotated[
        tuple[Region, ...], REGIONS, "Rectangles of the slice that it sees; none: all that the operator can."
    ] = ()

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Instrument":
        """The instrument of which `plain_of` made `plain`.

        Raises:
            UserError: if a key is unknown, or a value not allowed.
        """
        return value_of(cls, plain, "The recipe's instrument")


INSTRUMENTS = ValueType(
    "Each has an operator and an error.", lambda value: all(isinstance(one, Instrument) for one in value),
    lambda value: [plain_of(one) for one in value], lambda plain: tuple(map(Instrument.of, plain)),
)  # fmt: skip


@dataclass(frozen=True)
class Operators(Group):
    """What a run is led by: observations of the region, and how they are met."""

    instruments: Annotated[tuple[Instrument, ...], INSTRUMENTS, "What sees the region, several at once."] = ()
    solver: Annotated[str, Choice(tuple(SOLVERS)), "What is made of the observations at every step."] = "mmps"
    solver_params: Annotated[Settings, SETTINGS, "Settings of the solver."] = ()
    strength: Annotated[float, Range(0.0, 100.0), "Factor of what the solver adds to x0_hat; 1: its own."] = 1.0
    led_from: Annotated[float | None, LEVEL, "Noise level below which a run is led; none: from the start."] = None
    led_to: Annotated[float | None, LEVEL, "Noise level down to which a run is led; none: to the end."] = None
    disturbed: Annotated[
        bool, "Whether errors of that size are drawn and added to what is seen of the field: a twin experiment."
    ] = False
