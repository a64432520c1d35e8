"""Form of the training crops of formula models: crops or slices, how complete, and how much is held out."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFormLayout

from diffview.gui.show.fit_choices import FIT_SETS, HELD_OUT, LIMITS, Choices
from diffview.gui.widgets.forms.combo import Combo
from diffview.gui.widgets.small.parts import add_choices, combo, line, words
from diffview.gui.widgets.small.text import set_tip
from diffview.models.choice import TrainingCrops
from diffview.models.formulas import FORMULAS, GAUSSIANS
from diffview.runs.recipe import Recipe
from diffview.runs.training_crops import COMPLETE_ONLY


class FitForm(QObject):
    """Rows of a form; knows no session.

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
        form.addRow(self.text)

    def _choice(self, of: str, name: str, said: str, choices: Choices) -> Combo:
        """The list of what a part of the recipe may be."""
        box = combo(name, said)
        add_choices(box, ((key, text, tip) for key, (text, tip) in choices.items()))
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
            if box.findData(value) < 0:  # in a recipe that was edited by hand
                box.addItem(f"{value:.3g}", value)
            box.setCurrentIndex(box.findData(value))
            only = COMPLETE_ONLY if box is self.limit and formula and recipe.denoiser.model not in GAUSSIANS else why
            box.setEnabled(not only)
            set_tip(box, only or choices.get(value, ("", ""))[1])
        self.text.setText("" if fitted is None else fitted.sentence)
        self.text.setVisible(fitted is not None)
