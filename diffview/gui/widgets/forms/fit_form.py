"""Forms of what a formula is fitted to (crops or slices, how complete, how much held out), and a network laid over."""

from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFormLayout, QWidget

from diffview.fields.numbers import percent
from diffview.gui.show.fit_choices import FIT_SETS, HELD_OUT, LAID, LIMITS, OVERLAPS, Choices
from diffview.gui.widgets.forms.combo import Combo
from diffview.gui.widgets.small.parts import add_choices, combo, line, words
from diffview.gui.widgets.small.text import set_tip
from diffview.models.choice import TrainingCrops
from diffview.models.formulas import FORMULAS, GAUSSIANS
from diffview.runs.recipe import Recipe
from diffview.runs.training_crops import COMPLETE_ONLY


class FitForm(QObject):
    """Rows of a form; knows no session.

    Attributes:
        text: what the choices came to, in a sentence, for the notes below the form.

    Signals:
        edited: fields of the recipe that change, as a dict.
    """

    edited = Signal(dict)

    def __init__(self, form: QFormLayout) -> None:
        super().__init__(form)
        self.fit_set = self._choice("fit_set", "fitSetCombo", "Training crops of formula models", FIT_SETS)
        self.limit = self._choice("missing_limit", "missingLimitCombo", "How much of a crop may be missing", LIMITS)
        self.held = self._choice("held_out", "heldOutCombo", "How much is held out from the fit", HELD_OUT)
        self.text = words(name="fitSetText")
        pair = self.limit, self.held
        form.addRow("Crops", self.fit_set)
        form.addRow("Gaps", line(*pair, wide=pair, spacing=4))

    def _choice(self, of: str, name: str, said: str, choices: Choices) -> Combo:
        """The list of what a part of the recipe may be."""
        box = choice_box(name, said, choices)
        box.activated.connect(lambda i: self.edited.emit({of: box.itemData(i)}))
        return box

    def show_fit(self, recipe: Recipe, fitted: TrainingCrops | None) -> None:
        """Show the choices of the recipe; the tooltips say what they came to."""
        chosen = recipe.denoiser
        formula = chosen.model in FORMULAS
        why = "" if formula else f"{chosen.model} is not fitted to this file"
        for box, value, choices in (
            (self.fit_set, chosen.fit_set, FIT_SETS), (self.limit, chosen.missing_limit, LIMITS),
            (self.held, chosen.held_out, HELD_OUT),
        ):  # fmt: skip
            show_value(box, value)
            only = COMPLETE_ONLY if box is self.limit and formula and recipe.denoiser.model not in GAUSSIANS else why
            box.setEnabled(not only)
            set_tip(box, only or choices.get(value, ("", ""))[1])
        self.text.setText("" if fitted is None else fitted.sentence)
        self.text.setVisible(fitted is not None)


class OverlapRow(QWidget):
    """How the windows of a network cover a region larger than its fields; hidden where there is no network.

    Signals:
        edited: the share that they have in common; 0: the region has the network's size.
    """

    edited = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.box = choice_box("overlapCombo", "How a network covers a larger region", OVERLAPS)
        self.box.activated.connect(lambda i: self.edited.emit(self.box.itemData(i)))
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Larger region", self.box)

    def show_overlap(self, overlap: float | None) -> None:
        """Show the share that is in force; None: there is no network."""
        self.setVisible(overlap is not None)
        if overlap is not None:
            show_value(self.box, overlap)
            set_tip(self.box, OVERLAPS.get(overlap, ("", LAID.format(percent(overlap))))[1])


def choice_box(name: str, said: str, choices: Choices) -> Combo:
    """A list of choices with their tooltips."""
    box = combo(name, said)
    add_choices(box, ((key, text, tip) for key, (text, tip) in choices.items()))
    return box


def show_value(box: Combo, value: Any) -> None:
    """Show a value, added as a number where it is none of the choices, as in a recipe that was edited by hand."""
    if box.findData(value) < 0:
        box.addItem(f"{value:.3g}", value)
    box.setCurrentIndex(box.findData(value))
