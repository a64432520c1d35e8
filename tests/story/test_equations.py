"""The equations: their table, how they are set, and the numbers that stand in them."""

import importlib
import importlib.util
import math
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from diffview.forward import ddpm
from diffview.forward.schedules import PRESETS
from diffview.gui.show.palette import DARK, LIGHT
from diffview.paths import resource
from diffview.story import typeset
from diffview.story.equation_table import EQUATIONS
from diffview.story.equations import NAMED, ROLES, SYMBOLS
from diffview.story.live_numbers import NUMBERS, UNKNOWN, numbers_at, texts

ROOT = Path(__file__).parents[2]
SCHEDULES = [PRESETS[key]() for key in ("linear", "cosine")]


def test_every_function_of_the_theory_has_its_equation() -> None:
    theory = set(re.findall(r"\[`([\w.]+)`\]", (ROOT / "docs" / "theory.md").read_text(encoding="utf-8")))
    named = {source for equation in EQUATIONS.values() for source in equation.sources}
    assert theory - named == {"forward.ddpm"}  # the page that has them all
    for source in named:
        module, _, attribute = source.rpartition(".")
        try:
            found = importlib.import_module(f"diffview.{module}")
        except ModuleNotFoundError:  # a method of a class
            module, _, kind = module.rpartition(".")
            found = getattr(importlib.import_module(f"diffview.{module}"), kind)
        assert hasattr(found, attribute), source


@pytest.mark.parametrize("key", EQUATIONS)
def test_an_equation_is_a_finished_sentence_of_symbols_in_colours_that_there_are(key: str) -> None:
    equation = EQUATIONS[key]
    assert equation.meaning[0].isupper() and equation.meaning.endswith(".") and len(equation.meaning) <= 110
    for number, name in NAMED.findall(equation.latex + equation.live):
        assert name in (NUMBERS if number else SYMBOLS)
    assert not NAMED.search(equation.plain)
    assert not equation.live or equation.numbers
    for symbol in equation.symbols:
        assert symbol.meaning and {ROLES[symbol.role]} <= set(DARK) & set(LIGHT)


def test_what_is_set_is_what_the_table_says() -> None:
    import json

    stored = json.loads(resource("equations.json").read_text(encoding="utf-8"))["formulas"]
    forms = {key: equation.latex for key, equation in EQUATIONS.items()}
    forms |= {f"{key}.live": equation.live for key, equation in EQUATIONS.items() if equation.live}
    forms |= {f"symbol.{name}": f"<{name}>" for name in SYMBOLS}
    assert {key: row["latex"] for key, row in stored.items()} == forms, "run tools/make_equations.py"


def test_the_tool_makes_what_ships() -> None:
    pytest.importorskip("ziamath")
    spec = importlib.util.spec_from_file_location("make_equations", ROOT / "tools" / "make_equations.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.made() == resource("equations.json").read_text(encoding="utf-8"), "run tools/make_equations.py"


@pytest.mark.parametrize("key", EQUATIONS)
def test_an_equation_lies_in_its_box_in_the_colours_of_its_symbols(key: str) -> None:
    whole = typeset.formula(key)
    shown = {glyph.role for glyph in whole.glyphs}
    assert {symbol.role for symbol in EQUATIONS[key].symbols} <= shown
    for glyph in whole.glyphs:
        numbers = [float(word) for word in re.findall(r"-?\d+", typeset.outline(glyph.glyph))]
        left, right = (glyph.x + glyph.size * end for end in (min(numbers[::2]), max(numbers[::2])))
        high, low = (glyph.y + glyph.size * end for end in (min(numbers[1::2]), max(numbers[1::2])))
        assert whole.box.left - 30 <= left <= right <= whole.box.left + whole.box.width + 30
        assert -whole.box.ascent - 30 <= high <= low <= whole.box.depth + 30


def test_numbers_stand_in_the_middle_of_their_slots_and_never_leave_them() -> None:
    whole = typeset.formula("closed_form", live=True)
    assert [slot.name for slot in whole.slots] == ["signal", "noise"]
    bare = len(whole.with_numbers({}))
    set_ = whole.with_numbers({"signal": "0.68", "noise": "0.73"})[bare:]
    digits = {text: typeset.formula("closed_form", True).with_numbers({"signal": text})[bare].glyph for text in "06"}
    assert [glyph.glyph for glyph in set_[:1]] == [digits["0"]] and set_[2].glyph == digits["6"]
    slot = whole.slots[0]
    assert set_[0].x == pytest.approx(slot.x, abs=60) and set_[0].y == slot.y and set_[0].size == slot.size
    wide = whole.with_numbers({"signal": "1000000.00"})[bare:]
    assert wide[0].x >= slot.x and wide[-1].x < slot.x + slot.width and wide[0].size < slot.size


def test_an_svg_has_each_role_as_its_class_in_the_colours_asked_for() -> None:
    numbers = {"signal": "0.68", "noise": "0.73"}
    tree = ElementTree.fromstring(typeset.svg("closed_form", DARK, numbers, size=40))
    fills = {(part.attrib["class"], part.attrib["fill"]) for part in tree}
    assert fills == {
        ("plain", DARK["text"]),
        ("data", DARK["text"]),
        ("forward", DARK["forward"]),
        ("noise", DARK["dim"]),
    }
    whole = typeset.formula("closed_form", live=True)
    assert len(tree) == len(whole.with_numbers(numbers)) + len(whole.bars)
    assert float(tree.attrib["height"]) == pytest.approx((whole.box.ascent + whole.box.depth) * 0.04, rel=1e-4)
    assert tree.attrib["aria-label"] == EQUATIONS["closed_form"].plain


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("t", [0.001, 0.3, 0.999])
def test_the_numbers_are_those_of_the_chain_and_obey_the_equations(schedule, t) -> None:
    at = numbers_at(schedule, t, 1000)
    assert at["signal"] ** 2 + at["noise"] ** 2 == pytest.approx(1)
    assert at["keep"] ** 2 + at["beta"] == pytest.approx(1) and at["add"] ** 2 == pytest.approx(at["beta"])
    chain = schedule.discrete(1000)
    row = round(1000 * t)
    assert at["beta"] == pytest.approx(float(chain.beta[row - 1]), rel=1e-9)
    assert at["alpha_bar"] == pytest.approx(float(ddpm.alpha_bar(chain.beta)[row - 1]), rel=1e-9)
    x_0, eps = 1.7, -0.4
    x_t = at["signal"] * x_0 + at["noise"] * eps
    mean = at["to_x0"] * x_0 + at["to_xt"] * x_t  # mu~ of the true noise is mu_theta of it
    assert (x_t - at["take"] * eps) / at["keep"] == pytest.approx(mean)
    assert at["s2"] == pytest.approx((at["noise"] / at["signal"]) ** 2) and at["two_s2"] == 2 * at["s2"]
    assert at["log_snr"] == pytest.approx(-math.log(at["s2"]))
    assert at.keys() == NUMBERS.keys()


def test_a_number_that_there_is_not_is_a_dash_and_none_is_dropped() -> None:
    start = texts(numbers_at(SCHEDULES[1], 0.0, 1000))
    assert start["beta"] == start["take"] == start["loss"] == UNKNOWN
    assert (start["signal"], start["noise"], start["s"], start["log_snr"]) == ("1.00", "0.00", "0.00", "∞")
    end = texts(numbers_at(SCHEDULES[0], 1.0, 1000))
    assert (end["signal"], end["noise"], end["s"]) == ("0.01", "1.00", "157")
    assert NUMBERS["signal"].text(5.8e-4) == "0.00" and NUMBERS["log_snr"].text(-9.81) == "−9.8"
    assert NUMBERS["log_snr"].text(-0.01) == "0.0"
