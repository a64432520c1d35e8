"""The data dock: the tree of the open file, a variable in detail, the slice, and how the field enters the work."""

from PySide6.QtWidgets import QFormLayout, QVBoxLayout, QWidget

from diffview.fields.transforms import TRANSFORMS
from diffview.gui.jobs.browser import Browser
from diffview.gui.jobs.files import Files
from diffview.gui.panels.data_conditions import DataConditions
from diffview.gui.panels.data_slice import DataSlice
from diffview.gui.panels.data_tree import DataTree
from diffview.gui.session import Session
from diffview.gui.show import field_words
from diffview.gui.widgets.forms.fit_form import FitForm
from diffview.gui.widgets.small.parts import add_choices, combo, named, say, show_key, words
from diffview.gui.widgets.small.text import set_tip
from diffview.gui.widgets.small.word_area import WordArea
from diffview.models.choice import TrainingCrops
from diffview.runs.recipe import AUTO

MARGIN = 8


class DataPanel(QWidget):
    """Tree, details, slice and transform."""

    def __init__(self, session: Session, files: Files, browser: Browser) -> None:
        super().__init__()
        self._session, self._files = session, files
        self.tree, self.slice = DataTree(session, files, browser), DataSlice(session, files, browser)
        self.transform = combo("transformCombo", "Transform", characters=0)
        self.resolution = combo("resolutionCombo", "Working resolution", characters=0)
        add_choices(self.transform, [(AUTO, "automatic", "Chosen from units and values")])
        add_choices(self.transform, [(key, key, shape.doc) for key, shape in TRANSFORMS.items()])
        for k, how in field_words.RESOLUTIONS:
            self.resolution.addItem(field_words.resolution_text(k, how), f"{k} {how}")
        self.region, self.numbers, self.notes = words(), words(), words()
        form = QFormLayout()
        form.addRow("Transform", self.transform)
        form.addRow("Resolution", self.resolution)
        self._fit = FitForm(form)
        self.conditions = DataConditions(session, files)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.addWidget(self.tree.file)
        column.addWidget(self.tree.filter)
        column.addWidget(self.tree.split, 1)
        column.addLayout(self.slice.layout_)
        column.addWidget(self.slice.axes)
        column.addLayout(form)
        column.addWidget(self.conditions.widget)
        notes = WordArea((self._fit.text, self.numbers, self.region, self.notes))
        column.addWidget(named(notes, "dataWords", "Notes on the values"))
        self.transform.activated.connect(lambda i: session.edit(transform=self.transform.itemData(i), fitted=None))
        self.resolution.activated.connect(self._coarsen)
        self._fit.edited.connect(lambda wish: session.edit(**wish))
        session.shows(self._show_transform, "plan.transform", "plan.card", "source.transform", "facts.field")
        session.shows(self._show_resolution, "source.coarsen", "source.coarsen_by", "source.refine", "facts.field")
        session.shows(self._show_fit, "denoiser", "plan.model")
        session.shows(self._show_notes, "plan.region", "facts.field")

    def _show_transform(self) -> None:
        """Show the transform in force, its numbers, and why it was chosen."""
        plan, facts, asked = self._session.plan, self._session.facts, self._session.recipe.source.transform
        fitted = plan.transform
        theirs = plan.card is not None and fitted == plan.card.transform
        chosen, why = facts.chosen
        automatic = asked == AUTO and fitted.key == chosen and not theirs
        self.transform.setItemText(0, f"automatic: {fitted.key if asked == AUTO else chosen}")
        show_key(self.transform, fitted.key if theirs else asked)
        self.transform.setEnabled(not theirs)
        set_tip(self.transform, "The transform in force is the model's" if theirs else "")
        because = f" {why}".rstrip() if automatic else ""
        self.numbers.setText(f"{field_words.numbers_text(fitted)} · {TRANSFORMS[fitted.key].doc}.{because}")
        set_tip(self.numbers, field_words.all_numbers(fitted, facts.field.units))

    def _show_resolution(self) -> None:
        """Show the working resolution; an overview of a picture too large to be shown has one of its own."""
        picture = self._files.picture
        block = 1 if picture is None else picture.block
        self.resolution.setItemText(0, "as stored" if block == 1 else f"overview, {block} × {block}")
        show_key(self.resolution, field_words.resolution_key(self._session.recipe))

    def _show_fit(self) -> None:
        model = self._session.plan.model
        self._fit.show_fit(self._session.recipe, model if isinstance(model, TrainingCrops) else None)

    def _show_notes(self) -> None:
        """Show where the region lies, and the notes on the values."""
        field, region = self._session.facts.field, self._session.plan.region
        self.region.setText(f"Region {region} · pixels {field_words.pixel_size(field.pixel_km)}")
        say(self.notes, " ".join(field.notes))

    def _coarsen(self, at: int) -> None:
        if (key := self.resolution.itemData(at)) != field_words.resolution_key(self._session.recipe):
            k, how = key.split()
            self._files.coarsen(int(k), how)
