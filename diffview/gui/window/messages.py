"""The message bar: lies over the foot of the pictures, and goes with what it was about."""

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget

from diffview.gui.session import Message, Session
from diffview.gui.show.moment import Change
from diffview.gui.show.news import made_apart
from diffview.gui.widgets.small.message_bar import MessageBar


class Messages(QObject):
    """Shows what the session tells.

    Attributes:
        bar: the message bar, a child of `body`: so nothing moves under the pointer.
    """

    def __init__(self, session: Session, images: QWidget, body: QWidget) -> None:
        super().__init__(body)
        self._session, self._images = session, images
        self.bar = MessageBar()
        self.bar.setObjectName("messageBar")
        self.bar.setParent(body)
        body.installEventFilter(self)
        session.changed.connect(self._clear)
        session.told.connect(self._tell)

    def _tell(self, message: Message) -> None:
        self.bar.show_message(message.sentence, message.hint, message.kind, message.action)
        self._place()

    def _clear(self, change: Change) -> None:
        """Clear the message after an edit, unless what it says of the plan still holds."""
        if self.bar.isHidden() or change.old.recipe is change.new.recipe:
            return
        plan = change.new.plan
        kept = [note.why for note in plan.notes] + ([] if plan.refusal is None else [plan.refusal.sentence])
        if not any(sentence and sentence in self.bar.text() for sentence in (*kept, made_apart(change.new))):
            self.bar.clear()

    def _place(self) -> None:
        """Put the message at the foot of the pictures, as high as its text."""
        bar, images = self.bar, self._images.geometry()
        height = max(bar.sizeHint().height(), bar.heightForWidth(images.width()))
        bar.setGeometry(images.left(), images.bottom() - height + 1, images.width(), height)
        bar.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the layout of the body."""
        if event.type() is QEvent.Type.LayoutRequest or event.type() is QEvent.Type.Resize:
            QTimer.singleShot(0, self, self._place)
        return super().eventFilter(watched, event)
