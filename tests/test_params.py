"""Parameters declared in signatures."""

import math
from dataclasses import dataclass
from typing import Annotated

import pytest

from diffview.errors import UserError
from diffview.forward.schedules import SCHEDULES, Schedule
from diffview.params import Choice, Parameter, Range, checked, parameters, whole_numbers
from diffview.reverse.grids import GRIDS
from diffview.reverse.samplers import SAMPLERS


def oven(
    bread: object,
    *,
    heat: Annotated[float, Range(0.5, 2.5), "of the oven"] = 1.0,
    loaves: Annotated[int, Range(1, 8, log=True)] = 3,
    kind: Annotated[str, Choice(("rye", "oat")), "of flour"] = "rye",
    plain: int = 0,
) -> None: ...


@dataclass(frozen=True)
class Oven:
    heat: Annotated[float, Range(0.5, 2.5), "of the oven"] = 1.0
    note: str = ""


def test_parameters_are_read_from_a_function() -> None:
    assert parameters(oven) == (
        Parameter("heat", float, 1.0, Range(0.5, 2.5), "of the oven"),
        Parameter("loaves", int, 3, Range(1, 8, log=True), ""),
        Parameter("kind", str, "rye", Choice(("rye", "oat")), "of flour"),
    )


def test_parameters_are_read_from_a_dataclass() -> None:
    assert [p.name for p in parameters(Oven)] == ["heat"]


def test_checked_fills_in_defaults_and_types() -> None:
    assert checked(oven, {}, "oven") == {"heat": 1.0, "loaves": 3, "kind": "rye"}
    given = checked(oven, {"heat": "2", "loaves": "8", "kind": "oat"}, "oven")
    assert given == {"heat": 2.0, "loaves": 8, "kind": "oat"}
    assert [type(v) for v in given.values()] == [float, int, str]
    assert checked(oven, {"loaves": 2.0}, "oven")["loaves"] == 2
    assert checked(oven, {"heat": 0.5}, "oven")["heat"] == 0.5, "the interval is closed"
    assert checked(oven, {"heat": 2.5}, "oven")["heat"] == 2.5


@pytest.mark.parametrize(("word", "value"), [("yes", True), ("False", False), ("0", False), (True, True), (1, True)])
def test_what_is_or_is_not(word: object, value: bool) -> None:
    assert Parameter("hot", bool, False).check(word, "oven") is value


@pytest.mark.parametrize("word", ["perhaps", "", 2, None])
def test_what_neither_is_nor_is_not(word: object) -> None:
    with pytest.raises(UserError, match="oven: hot cannot be") as refused:
        Parameter("hot", bool, False).check(word, "oven")
    assert refused.value.hint == "Choose true or false."


BAD = [
    {"heat": 0.49},
    {"heat": 2.51},
    {"heat": math.nan},
    {"heat": math.inf},
    {"heat": 10**400},
    {"heat": "warm"},
    {"heat": None},
    {"heat": [1.0]},
    {"loaves": 2.5},
    {"loaves": 0},
    {"loaves": 9},
    {"loaves": math.inf},
    {"loaves": math.nan},
    {"loaves": "many"},
    {"kind": "wheat"},
    {"kind": ["rye"]},
    {"kind": None},
    {"plain": 1},
    {"bread": 1},
]


@pytest.mark.parametrize("values", BAD, ids=str)
def test_what_is_not_allowed_is_a_user_error(values: dict[str, object]) -> None:
    with pytest.raises(UserError) as caught:
        checked(oven, values, "oven")
    assert caught.value.sentence.startswith("oven") and caught.value.sentence.endswith(".")
    assert caught.value.hint.endswith(".")


def test_an_owner_without_parameters_says_so() -> None:
    with pytest.raises(UserError, match=r"nothing has no parameter 'x'\. It has none\."):
        checked(lambda y: y, {"x": 1}, "nothing")


OWNERS = [*SCHEDULES.values(), *GRIDS.values(), *(info.step for info in SAMPLERS.values())]


@pytest.mark.parametrize("owner", OWNERS, ids=lambda owner: owner.__name__)
def test_every_declared_default_is_allowed(owner: object) -> None:
    for p in parameters(owner):
        assert p.doc, f"{p.name}: a form needs a sentence"
        assert p.check(p.default, "x") == p.default
        if p.type is Schedule:  # a form shows its key and its own parameters
            assert isinstance(p.default, Schedule)
        else:
            assert p.allowed is not None, f"{p.name}: a form needs its range"
            assert type(p.default) is p.type


def test_an_integer_too_long_for_a_float_is_outside() -> None:
    with pytest.raises(UserError, match="is outside"):
        checked(oven, {"loaves": 10**400}, "oven")


@pytest.mark.parametrize(("text", "numbers"), [("9, 18", (9, 18)), ("5", (5,)), (" 7 8,9 ", (7, 8, 9))])
def test_whole_numbers_are_read(text: str, numbers: tuple[int, ...]) -> None:
    assert whole_numbers(text, "steps") == numbers


@pytest.mark.parametrize("text", ["", "six", "9,x", "0, 4", "1.5"])
def test_what_is_no_list_of_whole_numbers_is_a_sentence(text: str) -> None:
    with pytest.raises(UserError, match="is no list of steps"):
        whole_numbers(text, "steps")
