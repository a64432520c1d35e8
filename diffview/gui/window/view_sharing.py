"""One view of the window: its picture, values and caption on the clipboard, or its picture as a file."""

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt
from PySide6.QtGui import QContextMenuEvent, QCursor, QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QWidget

from diffview.gui.jobs.writing import save
from diffview.gui.session import Message, Session
from diffview.gui.widgets.images.image_view import ImageView
from diffview.gui.widgets.plots.plot_base import PlotBase
from diffview.gui.widgets.small.card import CardFrame
from diffview.gui.window.view_pictures import KINDS, save_view
from diffview.readers.many import last_name
from diffview.writers.columns import Table, columns_text, picture_text
from diffview.writers.quantity import clean

MOST_VALUES = 2**18
"""The most values of a picture that are copied as text; more would take seconds, and fit no sheet."""


class ViewSharing(QObject):
    """Copies and saves views, by key, menu and their context menu."""

    def __init__(self, session: Session, window: QWidget, tables: Mapping[str, Callable[[], Table | None]]) -> None:
        """`tables` make the numbers of the plots that have these names."""
        super().__init__(window)
        self._session, self._window, self._tables = session, window, tables
        window.installEventFilter(self)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """What its actions do, by name."""
        return {
            "copyAction": self.copy,
            "saveViewAction": lambda: self._ask_view(_view_of(QApplication.focusWidget())),
        }

    def _ask_view(self, view: QWidget | None) -> None:
        if view is None:
            self._session.tell(Message("No view was chosen.", "Click at a picture or a plot first."))
            return
        what = clean(_name_of(view)).strip("_") or "view"
        path, kind = QFileDialog.getSaveFileName(self._window, "Save the view", f"{what}.png", ";;".join(KINDS))
        if path:
            save(self._session, Path(path), lambda: save_view(view, Path(path), KINDS.get(kind, 2.0)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The context menu of a view that has none of its own."""
        if event.type() is QEvent.Type.ContextMenu and isinstance(event, QContextMenuEvent):
            view = _view_of(self._window.childAt(self._window.mapFromGlobal(event.globalPos())))
            if view is not None:
                self._menu(view).popup(event.globalPos())
                return True
        return super().eventFilter(watched, event)

    def _menu(self, view: QWidget) -> QMenu:
        menu = QMenu(self._window)
        menu.setObjectName("viewMenu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Copy").triggered.connect(lambda: self._copy(view))
        menu.addAction("Save picture…").triggered.connect(lambda: self._ask_view(view))
        return menu

    # -- the clipboard

    def copy(self) -> None:
        """Copy the view under the pointer, or the one with the focus: its picture, values and caption."""
        under = self._window.childAt(self._window.mapFromGlobal(QCursor.pos()))
        view = _view_of(under) or _view_of(QApplication.focusWidget())
        if view is None:
            self._session.tell(Message("There is no view under the pointer to copy.", "Point at a picture or a plot."))
        else:
            self._copy(view)

    def _copy(self, view: QWidget) -> None:
        name = _name_of(view)
        caption, text = self._caption(view, name), self._values(view)
        lines = [f"# {line}" for line in filter(None, caption)]
        data = QMimeData()
        data.setImageData(view.grab().toImage())
        data.setText("\n".join([*lines, text or ""]))
        QGuiApplication.clipboard().setMimeData(data)
        what = "picture, values and caption" if text else "picture and caption"
        hint = "" if text else "Its values are too many for text, or not shown; File, Export writes them."
        self._session.tell(Message(f"Copied {name}: {what}.", hint))

    def _caption(self, view: QWidget, name: str) -> list[str]:
        """Caption of a view: what it is, its source, and the settings."""
        said, recipe = self._session.facts.field.provenance, self._session.recipe
        units = self._session.facts.field.units
        source = " ".join(filter(None, (last_name(said.get("path", "")), said.get("dataset"), said.get("index"))))
        under = getattr(view, "caption", None)
        shown = [name, view.subtitle() if isinstance(view, CardFrame) else "", "" if under is None else under.text()]
        course, model = recipe.course, recipe.denoiser.model
        asked = f"{course.schedule.key} schedule, model {model}, {course.sampler}, seed {course.seed}"
        return [" · ".join(filter(None, shown)), f"{source} {f'in {units}' if units else ''}".strip(), asked]

    def _values(self, view: QWidget) -> str | None:
        """The numbers of a view as tab-separated text; None if it has none, or too many."""
        if (numbers := getattr(view, "numbers", None)) is not None:
            values = numbers()
            return None if values is None or values.size > MOST_VALUES else picture_text(values)
        for name, make in self._tables.items():
            if view.findChild(QWidget, name) is not None:
                table = make()
                return None if table is None else columns_text(table, "\t")
        return None


def _name_of(view: QWidget) -> str:
    return view.title() if isinstance(view, CardFrame) else view.accessibleName()


def _view_of(widget: QWidget | None) -> QWidget | None:
    """The card that contains a widget; without one, as in the docks, the plot or picture itself."""
    alone = None
    while widget is not None and not isinstance(widget, CardFrame):
        alone = widget if isinstance(widget, (PlotBase, ImageView)) else alone
        widget = widget.parentWidget()
    return widget or alone
