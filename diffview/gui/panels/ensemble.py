"""What REVERSE shows of several members: all of them, one, or a statistic; and a slider for its number."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSlider, QWidget

from diffview.gui.session import Session
from diffview.gui.show.ensemble_picture import (
    ALONE,
    CHOICES,
    FROM_NOISE,
    MEMBERS,
    ROOM,
    choice_of,
    looked_at,
    moved_to,
    position,
)
from diffview.gui.show.reverse_picture import ReversePicture
from diffview.gui.widgets.forms.segmented import SegmentedControl
from diffview.gui.widgets.small.parts import named, show_value
from diffview.gui.widgets.small.text import set_tip

SLIDER_PX, APART_PX = 26, 4
TIPS = {"one": "Which member", "above": "The threshold", "quantile": "Which quantile"}


class EnsembleRow(QWidget):
    """A row that is always there; what has no meaning for a single member is grey, and says why."""

    def __init__(self, session: Session, picture: ReversePicture) -> None:
        super().__init__()
        self._session, self._picture = session, picture
        self.choice = SegmentedControl(CHOICES, "ensembleControl")
        self.choice.setAccessibleName("All members, one, or a statistic of them")
        self.choice.setProperty("many", True)
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
        self.choice.changed.connect(lambda key: session.look(**looked_at(key, session.view)))
        self.slider.valueChanged.connect(self._move)
        self.show_choice()

    def _move(self, at: int) -> None:
        picture, view = self._picture, self._session.view
        self._session.look(**moved_to(at, view, picture.scale_of_members(), picture.members))

    def show_choice(self) -> None:
        """Show the choice in force, and where the slider stands."""
        view, members = self._session.view, self._picture.members
        several = members > 1
        for key, _, _ in CHOICES:
            self.choice.set_enabled(key, several or key == MEMBERS, ALONE)
        if several and not self._picture.plan.placed:
            self.choice.set_enabled("row", False, FROM_NOISE)
        self.choice.set_key(choice_of(view) if several else MEMBERS)
        at = position(view, self._picture.scale_of_members(), members) if several else None
        self.slider.setVisible(at is not None)
        if at is not None and not self.slider.isSliderDown():
            show_value(self.slider, at)
        if at is not None:
            set_tip(self.slider, TIPS[choice_of(view)])
