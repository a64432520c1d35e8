"""Words of forms, files and cards, colours, and pieces to draw: all that needs no Qt."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from diffview.gui.show import outlines
from diffview.gui.show.elided import last_fields, with_unit
from diffview.gui.show.file_rows import details_of, first_folder, hint_of, order, row_of, shape_text, tip_of
from diffview.gui.show.fit_choices import HELD_OUT, LIMITS
from diffview.gui.show.palette import DARK, LIGHT, Tokens
from diffview.gui.show.param_words import label_for, spoken, tip_for
from diffview.params import Parameter, Range
from diffview.readers.base import Node

SST = Node(
    "/ocean/sst", "sst", "dataset", shape=(2, 160, 256), dims=("t", "y", "x"), dtype="int16", units="kelvin",
    long_name="temperature", plottable=True, fill="-999", chunks=(1, 160, 256), filters=("gzip 4",),
    attributes={"scale": "0.01"},
)  # fmt: skip


def test_a_member_of_a_file_is_a_row() -> None:
    assert shape_text(SST.shape) == "2 × 160 × 256"
    assert row_of(SST, False) == ["sst", "2 × 160 × 256", "K", "t, y, x", "int16", "1 × 160 × 256", "gzip 4"]
    assert row_of(SST, True)[0] == "ocean/sst"
    assert tip_of(SST) == "temperature\nint16 (t, y, x)\nscale = 0.01"
    group = Node("/ocean", "ocean", "group")
    assert sorted([group, SST, Node("/a", "a", "dataset")], key=order)[0] is SST and order(group)[1]


@pytest.mark.parametrize(("plottable", "shown"), [(True, False), (True, True), (False, False)])
def test_a_second_click_is_explained_where_it_does_something(plottable: bool, shown: bool) -> None:
    said = hint_of(Node("/a", "a", "dataset", plottable=plottable), shown)
    assert said == ("Double-click it to show its picture" if plottable and not shown else "")


def test_files_are_looked_for_where_the_last_one_was(tmp_path: Path) -> None:
    here, gone = str(tmp_path / "a.nc"), str(tmp_path / "gone" / "b.nc")
    assert first_folder(here, []) == first_folder(None, [here]) == first_folder(gone, [here]) == tmp_path
    assert first_folder(None, []) == first_folder(None, [gone]) == Path.home()


def test_details_stand_side_by_side() -> None:
    preview = SimpleNamespace(every=3, stored=(-5.0, 7.5), physical=None, units="K", missing=0.125)
    rows = {name: rest for name, *rest in details_of(SST, preview)}
    assert rows["range"] == ["−5 … 7.5", "no value K", "By every 3th pixel of the middle slice."]
    assert rows["missing"] == ["-999", "12.5 %", "By every 3th pixel of the middle slice."]
    assert rows["type"] == ["int16", "K", ""] and rows["chunks"] == ["1 × 160 × 256", "gzip 4", ""]
    assert dict.fromkeys(name for name, *_ in details_of(Node("/g", "g", "group", why="broken"), None)) == {
        "name": None,
        "": None,
    }


def test_parameters_have_greek_names_and_say_their_range() -> None:
    assert label_for("beta_start") == "β start" and label_for("low.sigma_max") == "\u2003σ max"
    assert spoken("low.sigma_max").split() == ["low", "σ", "max"]
    eta = Parameter("eta", float, 0.0, Range(0.0, 1.0), "0 is deterministic")
    assert tip_for(eta) == "0 is deterministic\nFrom 0 to 1. Default 0; double-click the name to return to it."


def test_shares_are_written_in_per_cent() -> None:
    assert list(LIMITS) == [0.0, 0.05, 0.1, 0.2, 0.5] and LIMITS[0.05][0] == "≤ 5 %"
    assert HELD_OUT[0.3][0] == "hold 30 %" and "right 30 % of" in HELD_OUT[0.3][1]


@pytest.mark.parametrize(("room", "shown"), [(99, "a · bb · ccc"), (11, "… bb · ccc"), (6, "… ccc"), (4, "")])
def test_fields_are_left_out_from_the_left(room: int, shown: str) -> None:
    assert last_fields("a · bb · ccc", room, len) == shown


@pytest.mark.parametrize(("room", "shown"), [(99, "temperature · K"), (9, "tempe · K"), (5, "K"), (0, "")])
def test_the_unit_stays_whole(room: int, shown: str) -> None:
    assert with_unit("temperature · K", room, len, lambda name, left: name[: max(int(left), 0)]) == shown


def test_both_palettes_have_every_colour_and_mix_them() -> None:
    dark, light = Tokens("dark", **DARK), Tokens("light", **LIGHT)
    assert DARK.keys() == LIGHT.keys() and dark.channels("bg") == b"\x14\x17\x1c"
    assert dark.mixed("text", "bg", 1.0) == dark.text and light.mixed("panel", "text", 0.0) == light.text
    assert Tokens("", **{**DARK, "bg": "#000000", "text": "#ff8001"}).mixed("text", "bg", 0.5) == "#804000"


def test_the_border_of_a_mask_is_drawn_in_long_pieces() -> None:
    mask = np.zeros((3, 4), bool)
    mask[1, 1:3] = True
    assert outlines.runs(mask) == [(1, 1, 3)]
    assert set(outlines.border(mask)) == {((1, 1), (3, 1)), ((1, 2), (3, 2)), ((1, 1), (1, 2)), ((3, 1), (3, 2))}
    assert outlines.border(np.zeros((3, 4), bool)) == []


def test_lines_are_cut_into_pieces_at_their_ends() -> None:
    points = np.array([[0.0, 1.0], [2.0, 3.0], [np.nan, np.nan], [4.0, 5.0], [6.0, 7.0]])
    assert outlines.pieces(points) == [[1.0, 0.0, 3.0, 2.0], [5.0, 4.0, 7.0, 6.0]]
