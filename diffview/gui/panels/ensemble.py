"""What REVERSE shows of several members: all of them, one, or a statistic; and a slider for its number."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSlider, QWidget

from diffview.gui.session import Session
from diffview.gui.show.ensemble_picture import (
    CHOICES,
    FROM_NOISE,
    ROOM,
    STATISTICS,
    choice_of,
    looked_at,
    moved_to,
    position,
)
from diffview.gui.show.reverse_picture import ReversePicture
from diffview.gui.widgets.small.parts import add_choices, combo, named, show_key, show_value
from diffview.gui.widgets.small.text import set_tip

SLIDER_PX, APART_PX = 26, 8
TIPS = {"one": "Which member", "above": "The threshold", "quantile": "Which quantile"}
CHARACTERS = 19
"""Room of the list for its longest text."""


class EnsembleRow(QWidget):
    """A row above several members; a single one has nothing to choose, and the room for its picture."""

    def __init__(self, session: Session, picture: ReversePicture) -> None:
        super().__init__()
        self._session, self._picture = session, picture
        tip = "What is shown of the members: they themselves, or what they say together"
        self.choice = combo("ensembleCombo", "All members, one, or a statistic of them", tip, CHARACTERS)
        self.choice.setProperty("compact", True)
        add_choices(self.choice, CHOICES)
        self.slider = named(QSlider(Qt.Orientation.Horizontal), "ensembleSlider", "Member, threshold or quantile")
        self.slider.setRange(0, ROOM)
        self.slider.setMinimumWidth(SLIDER_PX)
        kept = self.slider.sizePolicy()
        kept.setRetainSizeWhenHidden(True)
        self.slider.setSizePolicy(kept)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(APART_PX)
        row.addWidget(self.choice)
        row.addWidget(self.slider, 1)
        self.choice.activated.connect(lambda i: session.look(**looked_at(self.choice.itemData(i), session.view)))
        self.slider.valueChanged.connect(self._move)
        self.hide()
        self.show_choice()

    def _move(self, at: int) -> None:
        picture, view = self._picture, self._session.view
        self._session.look(**moved_to(at, view, picture.scale_of_members(), picture.members))

    def show_choice(self) -> None:
        """Show the choice in force, and where the slider stands."""
        view, members = self._session.view, self._picture.members
        if members:  # of a run that has no step as yet the row stays as it is
            self.setVisible(members > 1)
        if members < 2:
            return
        self.choice.offer("row", STATISTICS["row"].tip, "" if self._picture.plan.placed else FROM_NOISE)
        show_key(self.choice, choice_of(view))
        at = position(view, self._picture.scale_of_members(), members)
        self.slider.setVisible(at is not None)
        if at is not None and not self.slider.isSliderDown():
            show_value(self.slider, at)
        if at is not None:
            set_tip(self.slider, TIPS[choice_of(view)])
