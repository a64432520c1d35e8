"""The form of a training: it offers what the open field allows, and makes an order of the choices."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QLineEdit, QWidget

from diffview.forward.schedules import Schedule
from diffview.gui.session import Session
from diffview.gui.show.training_words import DENSITIES, LOSSES, NO_TEACHER
from diffview.gui.widgets.forms.spin import NumberSpin, WholeSpin
from diffview.gui.widgets.small.parts import add_choices, combo, named, tool_button, words
from diffview.gui.widgets.small.text import plain, set_tip
from diffview.learning.objective import JUMP
from diffview.learning.orders import (
    PRESETS,
    SIZES,
    USUAL,
    Order,
    Preset,
    clean_name,
    enough_slices,
    origins,
    sizes_that_fit,
    usable_slices,
)
from diffview.learning.sets import MULTIPLE
from diffview.models.cards import Card, models_folder
from diffview.runs.rivals import schedule_words

WIDTHS = (8, 16, 32, 48, 64)
OF_RIVAL = "rival "
"""Before the name of a rival in the key of its choice."""

FIRST = ("For", "Data", "Minutes", "", "All")
"""Rows that are seen before more are asked for."""

CHARACTERS = 8
"""Of a choice that are seen at least."""


class TrainForm(QWidget):
    """Follows the open field; `changed` is emitted when another choice is made."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session, self._named = session, False
        self._build()
        for box in (self._data, self._size, self._loss_choice, self._density, self._origin):
            box.activated.connect(self._show_choices)
        self._preset.activated.connect(lambda _: self._take(PRESETS[self._preset.currentData()]))
        self._width.activated.connect(self._show_preset)
        for spin in (self._minutes, self._batch):
            spin.valueChanged.connect(self._show_preset)
        self._more.toggled.connect(self._show_rows)
        self._take(PRESETS[USUAL])
        self._show_rows(False)
        self._name.textEdited.connect(self._rename)
        session.shows(
            self._show_field,
            "facts.field",
            "facts.stack",
            "facts.cards",
            "facts.torch",
            "plan.region",
            "source.transform",
        )
        session.shows(self._offer_rivals, "rivals", at_once=bool(session.recipe.rivals.others))

    def _build(self) -> None:
        self._preset = combo("trainPresetCombo", "Settings for a lecture, or for a good model", characters=CHARACTERS)
        add_choices(self._preset, ((key, preset.name, preset.says) for key, preset in PRESETS.items()))
        self._preset.setPlaceholderText("own settings")
        self._more = tool_button("trainMoreButton", "Show all settings", text="More", checkable=True)
        self._data = combo("trainDataCombo", "What to train on", characters=CHARACTERS)
        self._size = combo("trainSizeCombo", "Size of the crops", characters=CHARACTERS)
        self._loss_choice = combo("trainLossCombo", "Training loss", characters=CHARACTERS)
        self._density = combo("trainDensityCombo", "Training density of noise levels", characters=CHARACTERS)
        for box, texts in ((self._loss_choice, LOSSES), (self._density, DENSITIES)):
            add_choices(box, ((key, key, text) for key, text in texts.items()))
        tip = "From a model of similar fields a training learns sooner what is new in yours"
        self._origin = combo("trainOriginCombo", "Weights to begin with", tip, CHARACTERS)
        self._width = combo("trainWidthCombo", "Width of the network", characters=CHARACTERS)
        for width in WIDTHS:
            self._width.addItem(f"{width} channels", width)
        tip = "The learning rate falls to 0 over this time"
        self._minutes = named(NumberSpin(0.05, 10_000, log=True), "trainMinutesSpin", "Minutes of training", tip)
        tip = "Fields a step; it is halved where memory does not suffice"
        self._batch = named(WholeSpin(1, 4096, log=True), "trainBatchSpin", "Fields a step", tip)
        self._name = named(QLineEdit(), "trainNameEdit", "Name of the model")
        self._name.setMaxLength(60)
        says = "Fields mirrored and turned as well"
        tip = "Eight times the fields, where directions do not matter, as for patches of rain"
        self._turned = named(QCheckBox("mirrored and turned"), "trainTurnedCheck", says, tip)
        self._facts, self._loss_text, self._density_text = words(), words(), words()
        self._rows = {
            "For": self._preset, "Data": self._data, "Minutes": self._minutes, "": self._facts, "All": self._more,
            "Loss": self._loss_choice, " ": self._loss_text,
            "Noise": self._density, "  ": self._density_text,
            "Size": self._size, "Also": self._turned, "Batch": self._batch,
            "Weights": self._origin, "Width": self._width, "Name": self._name,
        }  # fmt: skip
        self._lay_out()

    def _lay_out(self) -> None:
        form = QGridLayout(self)  # a QFormLayout cuts off sentences of several lines
        form.setContentsMargins(0, 0, 0, 0)
        form.setColumnStretch(1, 1)
        self._labels: dict[str, QLabel] = {}
        for row, (label, widget) in enumerate(self._rows.items()):
            if isinstance(widget, QLabel):
                form.addWidget(widget, row, 0, 1, 2)
            else:
                self._labels[label] = plain(QLabel(label))
                form.addWidget(self._labels[label], row, 0)
                form.addWidget(widget, row, 1)
        self._labels["All"].setText("")
        form.setAlignment(self._more, Qt.AlignmentFlag.AlignLeft)  # else no list is wider than it

    def _show_rows(self, more: bool) -> None:
        """Three fields and what is trained on, or all."""
        self._more.setText("Fewer settings" if more else "More settings")
        for label, widget in self._rows.items():
            shown = more or label in FIRST
            widget.setVisible(shown)
            if label in self._labels:
                self._labels[label].setVisible(shown)

    def _take(self, preset: Preset) -> None:
        """Take the settings of a preset; the width of a model to begin with stays."""
        self._minutes.setValue(preset.minutes)
        self._batch.setValue(preset.batch)
        if self._origin_card() is None:
            self._width.setCurrentIndex(self._width.findData(preset.width))
        self._show_preset()

    def _show_preset(self) -> None:
        """Which preset has the settings in force; none: they are one's own."""
        now = self._minutes.value(), self._batch.value(), self._width.currentData()
        found = (key for key, p in PRESETS.items() if (p.minutes, p.batch, p.width) == now)
        self._preset.setCurrentIndex(self._preset.findData(next(found, None)))

    def _show_field(self) -> None:
        """Offer what the open field allows."""
        facts, region = self._session.facts, self._session.plan.region
        slices = usable_slices(facts, region)
        sizes = sizes_that_fit(facts)
        wanted = self._data.currentData(), self._size.currentData()
        self._data.clear()
        if enough_slices(slices) and min(region.ny, region.nx) >= 4 * MULTIPLE:
            self._data.addItem(f"Region in {slices} slices", "slices")
        if sizes:
            self._data.addItem("Crops of the slice", "crops")
        self._size.clear()
        for size in SIZES:
            if size in sizes:
                self._size.addItem(f"{size} × {size} pixels", size)
        for box, key in zip((self._data, self._size), wanted, strict=True):
            box.setCurrentIndex(max(0, box.findData(key)))
        self._offer_origins()
        if not self._named:
            self._name.setText(clean_name((self._session.facts.field.name or "model")[:40]))
            self._name.setCursorPosition(0)
        self._show_choices()

    def _offer_origins(self) -> None:
        """Random weights, and those of every network that a training can begin with."""
        offered = origins(self._session.facts.cards)
        names = [self._origin.itemData(i) for i in range(self._origin.count())]
        if names != ["", *offered]:
            wanted = self._origin.currentData()
            self._origin.clear()
            self._origin.addItem("new", "")
            for name in offered:
                self._origin.addItem(f"those of {name}", name)
            self._origin.setCurrentIndex(max(0, self._origin.findData(wanted)))

    def _offer_rivals(self) -> None:
        """The schedule of every rival as a training density, where there are others than the one in force."""
        chosen = self._density.currentData()
        while self._density.count() > len(DENSITIES):
            self._density.removeItem(self._density.count() - 1)
        for rival in self._session.recipe.rivals.others:
            says = f"t is drawn evenly on {schedule_words(rival.course.schedule)}"
            add_choices(self._density, [(f"{OF_RIVAL}{rival.name}", f"schedule of {rival.name}", says)])
        self._density.setCurrentIndex(max(0, self._density.findData(chosen)))
        self._show_choices()

    def _density_key(self) -> str:
        """The key of the density that is chosen: `schedule` for that of a rival too."""
        chosen = str(self._density.currentData())
        return "schedule" if chosen.startswith(OF_RIVAL) else chosen

    def _schedule(self) -> Schedule:
        """The schedule in force, or that of the rival that is chosen."""
        chosen = str(self._density.currentData()).removeprefix(OF_RIVAL)
        rivals = {rival.name: rival.course.schedule for rival in self._session.recipe.rivals.others}
        return rivals.get(chosen, self._session.recipe.course.schedule)

    def _origin_card(self) -> Card | None:
        return self._session.facts.cards.get(self._origin.currentData() or "")

    def _transform_now(self) -> str:
        """The transform of the model it begins with, else the one in force."""
        card = self._origin_card()
        return self._session.facts.key_of(self._session.recipe) if card is None else card.transform.key

    def _show_choices(self) -> None:
        """Explain the choices."""
        kind, region = self._data.currentData(), self._session.plan.region
        transform = self._transform_now()
        crops = kind == "crops"
        self._size.setPlaceholderText(f"{region.ny} × {region.nx} pixels" if kind else "")
        if crops != (self._size.currentIndex() >= 0):  # of slices it is that of the region, none of those offered
            self._size.setCurrentIndex(0 if crops else -1)
        set_tip(self._size, "" if crops else f"The region: {region.ny} × {region.nx} pixels")
        if kind is None:
            text = "This field is too small or has too many gaps: no eight complete crops of 32 pixels fit."
        elif crops:
            text = f"Through {transform}. The right 30 % of the columns are held out, and never trained on."
        else:
            text = f"Through {transform}. The last 20 % of the slices are held out, and never trained on."
        self._facts.setText(text)
        self._loss_text.setText(LOSSES[self._loss_choice.currentData()])
        self._density_text.setText(DENSITIES[self._density_key()])
        card = self._origin_card()
        if card is not None:
            self._width.setCurrentIndex(self._width.findData(card.network["width"]))
            self._width.setPlaceholderText(f"{card.network['width']} channels")
        elif self._width.currentIndex() < 0:
            self._width.setCurrentIndex(self._width.findData(32))
        set_tip(
            self._width,
            "A wider network learns more in each step, and takes longer" if card is None
            else f"The width of {card.name}: a network cannot change its size"
        )  # fmt: skip
        self.changed.emit()

    def _rename(self) -> None:
        self._named = True
        self.changed.emit()

    @property
    def name(self) -> str:
        """Name of the model."""
        return clean_name(self._name.text())

    def keep_name(self, name: str) -> None:
        """Set a name that stays when another field is opened."""
        self._name.setText(name)
        self._named = True

    @property
    def why_nothing(self) -> str:
        """Why there is nothing to train on, or to learn from; "" if there is."""
        if self._data.currentData() is None:
            return self._facts.text()
        return NO_TEACHER if self._loss_choice.currentData() == JUMP and self._origin_card() is None else ""

    def set_fixed(self, training: bool) -> None:
        """Disable the form while something trains."""
        fixed: dict[QWidget, bool] = {
            self._size: self._data.currentData() != "crops",
            self._width: self._origin_card() is not None,
        }
        for box in self._rows.values():
            if not isinstance(box, QLabel):
                box.setEnabled(not training and not fixed.get(box, False))

    def order(self, name: str, again: bool) -> Order:
        """The order of the choices, for a model of this name; `again` resumes the training kept under it."""
        session, crops = self._session, self._data.currentData() == "crops"
        return Order(
            session.facts.field, self._transform_now(), self._schedule(), models_folder() / name,
            size=int(self._size.currentData()) if crops else 0,
            stack=None if crops else session.facts.stack,
            region=session.plan.region,
            loss=self._loss_choice.currentData(), density=self._density_key(),
            minutes=self._minutes.value(), batch=self._batch.value(),
            width=self._width.currentData() or 32, origin=self._origin_card(),
            turned=self._turned.isChecked(),
            device=session.recipe.denoiser.device, again=again,
        )  # fmt: skip
