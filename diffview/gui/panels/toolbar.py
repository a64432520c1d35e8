"""The toolbar: open file, model, sampler, steps, seed, start, run and stop."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSizePolicy, QWidget

from diffview.gui.actions import ENTRIES, EXPORT, Actions
from diffview.gui.jobs.choosing import choose_model
from diffview.gui.jobs.live import Live
from diffview.gui.panels.base import bind_combo, bind_spin
from diffview.gui.session import Message, Session
from diffview.gui.show.looks import quantity_name
from diffview.gui.show.model_words import ModelRow, model_rows
from diffview.gui.theme import SEMIBOLD, SMALL_PX, theme
from diffview.gui.widgets.forms.combo import Combo
from diffview.gui.widgets.forms.segmented import SegmentedControl
from diffview.gui.widgets.small.card import ElidedLabel
from diffview.gui.widgets.small.icons import set_icon
from diffview.gui.widgets.small.parts import add_choices, line, primary, push_button, show_key, whole
from diffview.gui.widgets.small.text import plain, set_tip
from diffview.machine import cores
from diffview.models.capabilities import lacks
from diffview.reverse.samplers import KNOWN_PIXELS, SAMPLERS
from diffview.runs.recipe import STEPS
from diffview.scores.gap import FILLINGS, NO_GAP, filling, not_filling, way_of

WIDEST_SAMPLER_PX = 140
LEVELS = 4
"""With all words, with fewer, with none that an icon or a tooltip tells, and without the buttons that menus have."""

FIELD_PX, DEVICE_PX, SPACING = (90, 56, 48, 48), (126, 70, 60, 60), (8, 6, 4, 4)
"""Least widths of the field's name and of the device, and the space between two controls, by level."""

MOST_MEMBERS = 1024
"""Of a run in the window; a command takes any number."""

MEMBERS_TIP = "Fields that a run makes, each from noise of its own; of several REVERSE shows mean, spread and more"
LARGEST_SPIN_SEED = 2**31 - 1
RUN_TIP = "Run the reverse process (R); with Shift, with the next seed"
STARTS = (
    ("noise", "noise", "Run from pure noise: a new field"),
    ("field", "field", "Run from the region at the playhead: put noise in, and take it out again"),
    ("gap", "gap", "Fill pixels of the region that are missing, or hidden by a painted gap, from those around them"),
)
DEVICE_TITLES = {"auto": "CPU", "cpu": "torch · CPU", "cuda": "torch · CUDA", "mps": "torch · MPS"}


class DeviceCombo(Combo):
    """The devices; `opened` is emitted before the list is shown, because its entries depend on torch."""

    opened = Signal()

    def __init__(self) -> None:
        super().__init__("deviceCombo", "Device", "Where the model computes")

    def showPopup(self) -> None:
        """Emit `opened`, then show the list."""
        self.opened.emit()
        super().showPopup()


def dim(text: str, of: QWidget) -> QLabel:
    """The quiet label of a control."""
    label = plain(QLabel(text))
    label.setProperty("dim", True)
    label.setBuddy(of)
    return label


class ToolbarPanel(QWidget):
    """Field, model, sampler, steps, seed, start, run, stop, device, present."""

    def __init__(self, session: Session, live: Live, actions: Actions) -> None:
        super().__init__()
        self.setObjectName("toolbar")
        self._session, self._live, self._actions = session, live, actions
        self._models: list[ModelRow] = []
        self.open_button = push_button(
            "openButton", "Open", "Open", "Open a file, or several as one set (Ctrl+O)", "open"
        )
        self.field = ElidedLabel(elide=Qt.TextElideMode.ElideMiddle)
        self.model = Combo("modelCombo", "Model", "The model that takes the noise out")
        self.sampler = Combo("samplerCombo", "Sampler", "The sampler: how a run steps from noise to a field")
        self.sampler.setMaximumWidth(theme.px(WIDEST_SAMPLER_PX))
        self.steps = whole("stepsSpin", "Steps", "Steps of a run", 1, int(STEPS.high), 68)
        self.seed = whole("seedSpin", "Seed", "The same seed gives the same noise", 0, LARGEST_SPIN_SEED, 78)
        self.members = whole("membersSpin", "Members", MEMBERS_TIP, 1, MOST_MEMBERS, 68)
        self.start = SegmentedControl(STARTS, "startControl")
        self.run = primary(push_button("runButton", "Run"))
        set_icon(self.run, "run", "on_accent")
        self.stop = push_button("stopButton", "Stop", "Stop", icon="stop")
        tip = "Export what is shown: netCDF, CSV, a picture"
        self.export = push_button("exportButton", "", "Export", tip, "export")
        self.device = DeviceCombo()
        tip = "Present: full screen, without docks (F11)"
        self.present = push_button("presentButton", "", "Present", tip, "present")
        self._lay_out()
        self._connect(actions)
        self._show()
        self._needs = [0]
        self._measure()
        theme.changed.connect(self._measure)

    def _lay_out(self) -> None:
        for key, info in SAMPLERS.items():
            self.sampler.addItem(info.title, key)
        self.sampler.setMaxVisibleItems(self.sampler.count())
        for key, title in DEVICE_TITLES.items():
            self.device.addItem(title, key)
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        named_ = {"Steps": self.steps, "Seed": self.seed, "Members": self.members, "Start": self.start}
        self._export_slot = QWidget()  # hidden where there is no room; the button itself while presenting
        slot = line(self.export)
        slot.setContentsMargins(0, 0, 0, 0)
        self._export_slot.setLayout(slot)
        self._labels = steps, seed, members, start = [dim(text, of) for text, of in named_.items()]
        for widget in (
            self.open_button, self.field, self.model, self.sampler, steps, self.steps, seed, self.seed,
            members, self.members, start, self.start, self.run, self.stop, self._export_slot, self.device,
            self.present,
        ):  # fmt: skip
            row.addWidget(widget)
        self.field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        row.setStretch(1, 1)
        # a click leaves the keys to the playhead; Tab still reaches every control
        buttons = self.open_button, self.run, self.stop, self.export, self.present
        for widget in (*buttons, self.model, self.sampler, self.device):
            widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    # -- room

    def minimumSizeHint(self) -> QSize:
        """What it needs without the words and buttons that it can do without."""
        return QSize(self._needs[-1], super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave words and buttons out where there is no room for them."""
        self._fit(event.size().width())

    def _measure(self) -> None:
        """Measure how wide it is with all words, with fewer and with none."""
        needs = []
        for left_out in range(LEVELS):
            self._leave_out(left_out)
            needs.append(self._row.minimumSize().width())
        self._needs = needs
        self._fit(self.width())

    def _fit(self, width: int) -> None:
        """Show as many words as there is room for."""
        self._leave_out(next((level for level, need in enumerate(self._needs) if need <= width), LEVELS - 1))

    def _leave_out(self, level: int) -> None:
        """Leave out a word that its icon tells as well, 1, all and labels, 2, and two buttons, 3; or none, 0."""
        for label in self._labels:
            label.setHidden(level > 1)
        for button in (self._export_slot, self.present):
            button.setHidden(level > 2)
        self.stop.setText("" if level else "Stop")
        self.open_button.setText("" if level > 1 else "Open")
        self.members.setPrefix("×" if level > 1 else "")
        self._row.setSpacing(SPACING[level])
        self.field.setMinimumWidth(theme.px(FIELD_PX[level]))
        self.device.setMinimumWidth(theme.px(DEVICE_PX[level]))

    def _list_models(self) -> None:
        """List the models in groups; grey the networks that are not for the open field, and say why."""
        rows = model_rows(self._session.facts)
        if rows == self._models:
            return
        self._models = rows
        self.model.clear()
        self.model.setMaxVisibleItems(len(rows))
        add_choices(self.model, [(row.key, row.title, row.tip) for row in rows])
        for i, row in enumerate(rows):
            item = self.model.model().item(i)  # type: ignore[attr-defined]
            item.setEnabled(row.key is not None and not row.why)
            if row.key is None:
                item.setFont(theme.font(SMALL_PX, SEMIBOLD))

    def _connect(self, actions: Actions) -> None:
        self.open_button.clicked.connect(actions["openAction"].trigger)
        self.present.clicked.connect(actions["presentAction"].trigger)
        menu = QMenu(self)
        menu.addActions([actions[entry.name] for entry in ENTRIES if entry.menu == EXPORT])
        self.export.setMenu(menu)
        self.run.clicked.connect(self._run)
        self.stop.clicked.connect(self._live.stop)
        self.device.opened.connect(self._live.torch.load)
        self.start.changed.connect(self._choose_start)
        self._live.run_changed.connect(self.show_run)
        self._live.torch.loaded.connect(self.show_device)

    def _show(self) -> None:
        session, models = self._session, ("facts.cards", "facts.given", "facts.field")
        session.shows(self._list_models, *models)
        self.model.activated.connect(lambda i: choose_model(session, self.model.itemData(i)))
        session.shows(lambda: show_key(self.model, session.recipe.denoiser.model), "denoiser.model", *models)
        bind_combo(session, self.sampler, "sampler", sampler_params=())
        bind_combo(session, self.device, "device")
        bind_spin(session, self.steps, "steps")
        bind_spin(session, self.seed, "seed")
        bind_spin(session, self.members, "members")
        session.shows(self.show_field, "facts.field")
        session.shows(self._show_start, "start.origin", "plan.conditioning")
        session.shows(self._show_samplers, "denoiser.model", "plan.capabilities")
        session.shows(self._show_refusal, "plan.refusal")
        session.shows(self.show_device, "denoiser.model", "facts.cards", "facts.torch", "facts.devices")
        self.show_run()

    def _run(self) -> None:
        from PySide6.QtGui import QGuiApplication

        if QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._live.start_next_seed()
        else:
            self._live.start()

    def _choose_start(self, start: str) -> None:
        session = self._session
        if start == "gap":
            self._fill()
            return
        level = float(session.recipe.course.schedule.noise_level(session.view.playhead)) if start == "field" else None
        if level == 0:
            level = float(session.recipe.course.schedule.noise_level(0.4))
        session.edit(origin=start, level=level, **not_filling(session.recipe))

    def _fill(self) -> None:
        """Start from the gap from now on; a message says what will be filled, or how to make a gap."""
        session = self._session
        if not session.edit(**({} if session.plan.conditioning.fills else filling(session.recipe))):
            return
        filled = session.plan.filled
        if filled is not None and filled.any():
            way = FILLINGS[way_of(session.recipe)].sentence
            session.tell(Message(f"{int(filled.sum())} pixels of the region are filled.", way))
        else:
            if not self._actions["gapAction"].isChecked():
                self._actions["gapAction"].trigger()
            session.tell(Message("Nothing is missing or hidden in the region.", NO_GAP))

    def show_field(self, awaited: str = "") -> None:
        """Name the open field, or the one that is being read."""
        self.field.setText(awaited or quantity_name(self._session.facts.field))

    def _show_start(self) -> None:
        session = self._session
        self.start.set_key("gap" if session.plan.conditioning.fills else session.recipe.start.origin)

    def _show_refusal(self) -> None:
        """Grey Run where nothing can be run, with the reason."""
        refusal = self._session.plan.refusal
        self.run.setEnabled(refusal is None)
        set_tip(self.run, str(refusal) if refusal else RUN_TIP)

    def _show_samplers(self) -> None:
        """Grey the samplers that need a capability the model lacks, and say why; known pixels come by hiding some."""
        plan = self._session.plan
        for i in range(self.sampler.count()):
            info = SAMPLERS[self.sampler.itemData(i)]
            why = lacks(info, {}, plan.recipe.denoiser.model, plan.capabilities | {KNOWN_PIXELS})
            item = self.sampler.model().item(i)  # type: ignore[attr-defined]
            item.setEnabled(why is None)
            set_tip(item, str(why or ""))

    def show_run(self) -> None:
        """Enable Stop exactly while a run computes or is played."""
        active = self._live.running
        self.stop.setEnabled(active)
        self._actions["stopAction"].setEnabled(active)
        set_tip(self.stop, "Stop; what is recorded stays (Esc)" if active else "Nothing runs")

    def show_device(self) -> None:
        """Name the devices; grey those that cannot be used, and say why."""
        engine, facts = self._live.torch.engine, self._session.facts
        model = self._session.recipe.denoiser.model
        self.device.setItemText(0, f"CPU · {cores()} cores")
        network = model in facts.cards
        tips = {"auto": "the fastest device there is" if network else "numpy on the CPU"}
        for key in ("cpu", "cuda", "mps"):
            if facts.torch is None:
                tips[key] = "torch is not installed."
            elif engine is None:
                tips[key] = "torch is being loaded…"
            elif key not in engine.devices:
                tips[key] = f"This machine has no {key} device that torch can use."
            else:
                tips[key] = f"torch {engine.version} on {engine.devices[key]}"
        for i in range(self.device.count()):
            key = self.device.itemData(i)
            usable = key == "auto" or (engine is not None and key in engine.devices)
            item = self.device.model().item(i)  # type: ignore[attr-defined]
            item.setEnabled(usable)
            set_tip(item, tips[key])
