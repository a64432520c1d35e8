"""The training dock: what to train on and how, the hand on it, and what the training shows of itself."""

import math
from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from diffview.cards import Card
from diffview.gui.looks import colormap, number
from diffview.gui.session import Message, Session
from diffview.gui.theme import theme
from diffview.gui.train_order import (
    DENSITIES,
    LOSSES,
    SIZES,
    Order,
    clean_name,
    enough_slices,
    free_name,
    is_kept,
    models_folder,
    origins,
    sizes_that_fit,
    usable_slices,
)
from diffview.gui.trainer import TrainerJob
from diffview.gui.training_pictures import PICTURES
from diffview.gui.training_state import PAUSED, UNSAVED, Pictures, Snapshot, Training
from diffview.gui.widgets.loss_plot import LossPlot
from diffview.gui.widgets.number_spin import NumberSpin
from diffview.gui.widgets.pair_grid import PairGrid
from diffview.gui.widgets.whole_spin import WholeSpin
from diffview.training_sets import MULTIPLE

TEACH = (
    "Train a network on your own field. It is shown fields with noise and learns to take the noise out; what it has "
    "learned is a model like the others, and lies beside them when it is done."
)
WIDTHS = (8, 16, 32, 48, 64)
COPY = 0.5
"""A picture nearer to a training field than this share of what unseen fields are is called a copy."""

STATES = {
    "finished": "Trained", "stopped": "Stopped", "failed": "Failed", PAUSED: "Paused", "waiting": "Waiting",
    UNSAVED: "Not written",
}  # fmt: skip


def clock(seconds: float) -> str:
    """A time for people: 8 s, 3 min, 1 h 20 min."""
    if not math.isfinite(seconds):
        return "—"
    if seconds < 100:
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


class TrainPanel(QScrollArea):
    """Made when its dock is first shown: a window that trains nothing pays nothing."""

    def __init__(self, session: Session, job: TrainerJob) -> None:
        super().__init__()
        self._session, self._job = session, job
        self._named = False
        self._training: Training | None = None
        self._pictures: Pictures | None = None
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._build()
        self._connect()
        self._show_field()

    # -- building

    def _build(self) -> None:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(8)
        self._titles: list[QLabel] = []
        self._teach = self._text(TEACH)
        column.addWidget(self._teach)
        self._form = self._build_form()
        column.addWidget(self._form)
        column.addLayout(self._build_buttons())
        self._status, self._detail = QLabel(), self._text()
        self._status.setObjectName("trainStatus")
        self._status.setWordWrap(True)
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Share of the training that is done")
        self._shown = QWidget()
        shown = QVBoxLayout(self._shown)
        shown.setContentsMargins(0, 0, 0, 0)
        shown.setSpacing(8)
        for widget in (self._status, self._bar, self._detail):
            shown.addWidget(widget)
        self._loss, self._levels = LossPlot(), LossPlot(by_level=True)
        self._loss.setObjectName("lossView")
        self._levels.setObjectName("levelLossView")
        self._levels.setToolTip("Below the dashed line the network knows more of your fields than how much they vary")
        self._pairs = PairGrid(("From noise, by the model so far", "The nearest field it was trained on"), PICTURES)
        self._pairs.setObjectName("trainPictures")
        self._pairs.setAccessibleName("What the model makes, and the nearest training fields")
        self._verdict = self._text()
        sections: tuple[tuple[str, QWidget], ...] = (
            ("Loss", self._loss),
            ("Error at each noise level", self._levels),
            ("What it makes", self._pairs),
        )
        for title, view in sections:
            label = QLabel(title)
            self._titles.append(label)
            shown.addWidget(label)
            shown.addWidget(view)
        shown.addWidget(self._verdict)
        column.addWidget(self._shown)
        column.addStretch(1)
        self.setWidget(body)
        self._restyle()

    def _text(self, text: str = "") -> QLabel:
        label = QLabel(text)
        label.setWordWrap(True)
        label.setProperty("dim", True)
        return label

    def _combo(self, name: str, accessible: str) -> QComboBox:
        box = QComboBox()
        box.setObjectName(name)
        box.setAccessibleName(accessible)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(8)
        return box

    def _build_form(self) -> QWidget:
        self._data = self._combo("trainDataCombo", "What to train on")
        self._size = self._combo("trainSizeCombo", "Size of the crops")
        self._loss_choice = self._combo("trainLossCombo", "Training loss")
        self._density = self._combo("trainDensityCombo", "Training density of noise levels")
        self._fill(self._loss_choice, LOSSES)
        self._fill(self._density, DENSITIES)
        self._origin = self._combo("trainOriginCombo", "Weights to begin with")
        self._origin.setToolTip("Of a model that knows fields like yours, a training learns sooner what is new in them")
        self._width = self._combo("trainWidthCombo", "Width of the network")
        for width in WIDTHS:
            self._width.addItem(f"{width} channels", width)
        self._width.setCurrentIndex(self._width.findData(32))
        self._minutes = NumberSpin(0.05, 10_000, log=True)
        self._minutes.setObjectName("trainMinutesSpin")
        self._minutes.setAccessibleName("Minutes of training")
        self._minutes.setValue(10)
        self._minutes.setToolTip("The learning rate falls to 0 over this time")
        self._batch = WholeSpin(1, 4096, log=True)
        self._batch.setObjectName("trainBatchSpin")
        self._batch.setAccessibleName("Fields a step")
        self._batch.setValue(32)
        self._batch.setToolTip("Fields a step; it is halved where memory does not suffice")
        self._name = QLineEdit()
        self._name.setObjectName("trainNameEdit")
        self._name.setAccessibleName("Name of the model")
        self._name.setMaxLength(60)
        self._turned = QCheckBox("mirrored and turned")
        self._turned.setObjectName("trainTurnedCheck")
        self._turned.setAccessibleName("Fields mirrored and turned as well")
        self._turned.setToolTip("Eight times the fields, where up and north do not matter, as for patches of rain")
        self._facts, self._loss_text, self._density_text = self._text(), self._text(), self._text()
        self._form_rows = {
            "Data": self._data, "Size": self._size, "": self._facts, "Also": self._turned,
            "Loss": self._loss_choice, " ": self._loss_text,
            "Noise": self._density, "  ": self._density_text,
            "Minutes": self._minutes, "Batch": self._batch,
            "Weights": self._origin, "Width": self._width, "Name": self._name,
        }  # fmt: skip
        box = QWidget()
        form = QGridLayout(box)  # a QFormLayout cuts off sentences of several lines
        form.setContentsMargins(0, 0, 0, 0)
        form.setColumnStretch(1, 1)
        for row, (label, widget) in enumerate(self._form_rows.items()):
            if isinstance(widget, QLabel):
                form.addWidget(widget, row, 0, 1, 2)
            else:
                form.addWidget(QLabel(label), row, 0)
                form.addWidget(widget, row, 1)
        return box

    def _fill(self, box: QComboBox, texts: Mapping[str, str]) -> None:
        for key, text in texts.items():
            box.addItem(key, key)
            box.setItemData(box.count() - 1, text, Qt.ItemDataRole.ToolTipRole)

    def _build_buttons(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(6)
        self._buttons: dict[str, QPushButton] = {}
        for place, name in enumerate(("Start", "Stop", "Pause", "Resume")):
            button = QPushButton(name)
            button.setObjectName(f"train{name}Button")
            button.setAccessibleName(f"{name} training")
            self._buttons[name] = button
            grid.addWidget(button, place // 2, place % 2)
        self._buttons["Start"].setProperty("primary", True)
        return grid

    def _connect(self) -> None:
        session, job, buttons = self._session, self._job, self._buttons
        buttons["Start"].clicked.connect(lambda: self._begin(again=False))
        buttons["Pause"].clicked.connect(job.pause)
        buttons["Resume"].clicked.connect(self._resume)
        buttons["Stop"].clicked.connect(job.stop)
        for box in (self._data, self._size, self._loss_choice, self._density, self._origin):
            box.activated.connect(self._show_choices)
        self._name.textEdited.connect(self._rename)
        session.changed.connect(lambda old, new: self._show_field())
        session.viewed.connect(lambda old, new: self._repaint(old != new))
        job.changed.connect(self._show_state)
        job.advanced.connect(self._show_values)
        theme.changed.connect(self._restyle)

    def _restyle(self) -> None:
        for label in self._titles:
            label.setFont(theme.font(13, 600))
        self._status.setFont(theme.font(13, 600, tabular=True))

    # -- the form

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

    def _origin_card(self) -> Card | None:
        return self._session.facts.cards.get(self._origin.currentData() or "")

    def _transform_now(self) -> str:
        """That of the model it begins with, which knows fields through it, or the one in force."""
        card = self._origin_card()
        return self._session.facts.key_of(self._session.recipe) if card is None else card.transform.key

    def _show_choices(self) -> None:
        """Say what is chosen means."""
        kind, region = self._data.currentData(), self._session.plan.region
        transform = self._transform_now()
        crops = kind == "crops"
        self._size.setPlaceholderText(f"{region.ny} × {region.nx} pixels" if kind else "")
        if crops != (self._size.currentIndex() >= 0):  # of slices it is the region's: none of those that are offered
            self._size.setCurrentIndex(0 if crops else -1)
        self._size.setEnabled(crops and not self._job.active)
        self._size.setToolTip("" if crops else f"The region: {region.ny} × {region.nx} pixels")
        if kind is None:
            text = "This field is too small or has too many gaps: no eight complete crops of 32 pixels fit."
        elif crops:
            text = f"Through {transform}. The right 30 % of the columns are kept apart, and never trained on."
        else:
            text = f"Through {transform}. The last 20 % of the slices are kept apart, and never trained on."
        self._facts.setText(text)
        self._loss_text.setText(LOSSES[self._loss_choice.currentData()])
        self._density_text.setText(DENSITIES[self._density.currentData()])
        card = self._origin_card()
        if card is not None:
            self._width.setCurrentIndex(self._width.findData(card.network["width"]))
            self._width.setPlaceholderText(f"{card.network['width']} channels")
        elif self._width.currentIndex() < 0:
            self._width.setCurrentIndex(self._width.findData(32))
        self._width.setToolTip(
            "A wider network learns more of each step, and takes longer for it" if card is None
            else f"That of {card.name}: a network cannot change its size"
        )  # fmt: skip
        self._show_state()

    def _rename(self) -> None:
        self._named = True
        self._show_state()

    def _name_now(self) -> str:
        return clean_name(self._name.text())

    def _order(self, name: str, again: bool) -> Order:
        session, crops = self._session, self._data.currentData() == "crops"
        return Order(
            session.facts.field, self._transform_now(), session.recipe.schedule, models_folder() / name,
            size=int(self._size.currentData()) if crops else 0,
            stack=None if crops else session.facts.stack,
            region=session.plan.region,
            loss=self._loss_choice.currentData(), density=self._density.currentData(),
            minutes=self._minutes.value(), batch=self._batch.value(),
            width=self._width.currentData() or 32, origin=self._origin_card(),
            turned=self._turned.isChecked(),
            device=session.recipe.device, again=again,
        )  # fmt: skip

    # -- the hand on it

    def _begin(self, again: bool) -> None:
        name = self._name_now()
        if not again:
            free = free_name(name)
            if free != name:
                why = f"There is a model called {name} already: this one is called {free}."
                self._session.tell(Message(why, f"Resume would go on with {name}."))
            name = free
        self._name.setText(name)
        self._named = True
        self._job.start(self._order(name, again))

    def _resume(self) -> None:
        if self._job.active:
            self._job.resume()
        else:
            self._begin(again=True)

    def _why_not(self) -> dict[str, str]:
        """Why a button cannot be pressed now; "" where it can."""
        training, active = self._job.training, self._job.active
        pausing = active and training is not None and training.pausing
        stopping = active and training is not None and training.stopping
        unsaved = active and training is not None and training.state == UNSAVED
        idle = "" if active else "Nothing trains now."
        if stopping:
            idle = "It is stopping, and writes what it has learned."
        kept = is_kept(self._name_now())
        start = resume = ""
        if self._session.facts.torch is None:
            start = resume = "Networks need torch, which is not installed."
        elif self._data.currentData() is None:
            start = resume = self._facts.text()
        if active:
            start = "One training at a time: stop this one first."
        if active and not (pausing or unsaved):
            resume = idle or "It is not paused."
        elif active:
            resume = ""
        elif not resume and not kept:
            resume = f"No training called {self._name_now()} is kept: there is nothing to go on with."
        pause = idle or ("It is paused." if pausing else "It waits to be written." if unsaved else "")
        return {"Start": start, "Pause": pause, "Resume": resume, "Stop": idle}

    def _tips(self) -> dict[str, str]:
        name = self._name_now()
        resume = "Go on" if self._job.active else f"Go on with {name}, with the settings it was begun with"
        if self._job.training is not None and self._job.training.state == UNSAVED:
            return {"Stop": "Write what is learned, and end", "Resume": "Write what is learned, and go on"}
        return {
            "Start": f"Train, and keep the model in {models_folder() / name}",
            "Pause": "Hold after this step; what is learned is written to disk",
            "Resume": resume,
            "Stop": "End after this step; what is learned is kept, and can be gone on with",
        }

    # -- showing

    def _show_state(self) -> None:
        """Buttons, form and words of what goes on."""
        active, training = self._job.active, self._job.training
        why, tips = self._why_not(), self._tips()
        for name, button in self._buttons.items():
            button.setEnabled(not why[name])
            button.setToolTip(why[name] or tips[name])
        fixed: dict[QWidget, bool] = {
            self._size: self._data.currentData() != "crops",
            self._width: self._origin_card() is not None,
        }
        for box in self._form_rows.values():
            if not isinstance(box, QLabel):
                box.setEnabled(not active and not fixed.get(box, False))
        if training is not self._training:
            self._training = training
            for view in (self._loss, self._levels, self._pairs):
                view.clear()
            self._pictures = None
            self._verdict.setText("The first pictures come soon.")
        self._form.setVisible(not active)  # what is seen then needs the room
        self._shown.setVisible(training is not None)
        self._teach.setVisible(training is None)
        self._show_values()

    def _show_values(self) -> None:
        training = self._job.training
        if training is None:
            return
        now, name = training.newest, training.order.folder.name
        word = STATES.get(training.state, "Training")
        if training.active and training.stopping:
            word = "Stopping"
        elif training.pausing and training.state != PAUSED:
            word = "Pausing"
        elif training.active and not now.step:
            word = "Preparing" if now.fields == 0 else "Loading torch, making"
        self._status.setText(f"{word} {name}" + (f" · step {now.step}" if now.step else ""))
        self._bar.setValue(round(1000 * now.share))
        self._detail.setText(self._details(training, now))
        self._loss.set_curve(*now.curve)
        s, error = now.levels
        if len(s):
            self._levels.set_curve(s, error)
            variance = now.spread**2
            if not self._levels.has_reference:
                self._levels.set_reference(s, variance / (variance + s * s), "knows only the spread")
        if now.pictures is not self._pictures:
            self._pictures = now.pictures
            self._repaint(True)

    def _details(self, training: Training, now: Snapshot) -> str:
        parts = []
        if now.speed and training.active and not training.pausing:
            parts += [f"{number(now.speed)} steps/s", f"{clock(now.left)} left"]
        if now.fields:
            parts.append(f"{now.fields} fields, {now.held_out} held out")
        order = training.order
        if training.active and not order.again:
            parts += [f"loss {order.loss}", f"noise {order.density}", f"{order.width} channels"]
            parts += [] if order.origin is None else [f"from {order.origin.name}"]
        return " · ".join(parts)

    def _repaint(self, needed: bool) -> None:
        """The pictures in the colours in force, and how near they are to what was trained on."""
        pictures = self._pictures
        if pictures is None or not needed:
            return
        near = pictures.distance < COPY * pictures.unseen  # False where nothing was held out
        words = [
            (number(d), "warn" if copy else "dim") for d, copy in zip(pictures.distance.tolist(), near, strict=True)
        ]
        limits, rgb = self._session.view.limits, colormap(self._session)
        self._pairs.set_pairs(pictures.made, pictures.nearest, words, limits, rgb)
        text = f"At step {pictures.step}. The numbers are distances (root mean square, standardised)"
        if math.isnan(pictures.unseen):
            text += "; no field is held out to compare them with."
        elif near.any():
            text += (
                f"; held-out fields lie {number(pictures.unseen)} away. {int(near.sum())} of {len(near)} are copies."
            )
        else:
            text += f"; held-out fields lie {number(pictures.unseen)} away. None is a copy."
        self._verdict.setText(text)
