"""What works beside the window, held in one place: what shares the cores with what, and what cannot begin meanwhile."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from PySide6.QtCore import QObject

from diffview.errors import LESS, UserError
from diffview.gui.errors import report
from diffview.gui.session import Session

Sentence = tuple[str, str]
"""A finished sentence and a hint."""

WAIT = "Wait for it, or stop it."


class BusyRule(NamedTuple):
    """What one kind of work does beside the others.

    Attributes:
        shares: kinds beside which it takes one core; beside none, all but one.
        apart: kinds that must be at rest when it begins, and what is said where they are not.
        less: how it takes less memory.
    """

    shares: tuple[str, ...]
    apart: Mapping[str, Sentence]
    less: str = LESS


BUSY = {
    "sampling": BusyRule((), {}, "Try fewer members or a smaller region."),
    "training": BusyRule(
        ("sampling",),
        {"training": ("One training at a time: stop this one first.", "")},
        "Choose a smaller batch, smaller crops or a smaller width.",
    ),
    "verifying": BusyRule(
        ("sampling", "training"),
        {
            "verifying": ("A network is being verified.", WAIT),
            "training": ("A training is at work: stop it first.", ""),
        },
    ),
    "losses": BusyRule(("sampling", "training"), {"losses": ("A loss is being measured.", WAIT)}),
    "racing": BusyRule(("sampling",), {"racing": ("A race is being run.", WAIT)}),
    "scoring": BusyRule(("sampling", "training"), {"scoring": ("A scoreboard is being made.", WAIT)}),
    "comparing": BusyRule(("sampling", "training"), {"comparing": ("Runs are being compared.", WAIT)}),
    "ranking": BusyRule(("sampling", "training"), {"ranking": ("Rivals are being scored.", WAIT)}),
    "searching": BusyRule(("sampling",), {"searching": ("Levels are being searched.", WAIT)}),
    "kriging": BusyRule(
        ("sampling",),
        {"kriging": ("A gap is being kriged.", WAIT), "sampling": ("A run is being computed.", WAIT)},
    ),
    "summing": BusyRule((), {}, "Try fewer members or a smaller region."),
    "calibrating": BusyRule(
        ("sampling",),
        {"calibrating": ("An ensemble is being judged.", WAIT), "sampling": ("A run is being computed.", WAIT)},
    ),
    "solving": BusyRule(("sampling",), {"solving": ("Solvers are being held against the exact posterior.", WAIT)}),
    "downscaling": BusyRule(
        ("sampling", "training"),
        {"downscaling": ("A coarse field is being brought back.", WAIT)},
        "Choose fewer members or a smaller region.",
    ),
    "filming": BusyRule(
        ("sampling", "training"),
        {"filming": ("A film is being made.", "Wait for it, or stop it in its form.")},
        "Choose a smaller size or fewer members.",
    ),
    "channels": BusyRule(("sampling", "training"), {"channels": ("Rain is being made.", WAIT)}),
    "together": BusyRule(
        ("sampling", "training"),
        {"together": ("Fields are being made together.", WAIT)},
        "Choose fewer members, fewer times or a smaller region.",
    ),
    "months": BusyRule(("sampling", "training"), {"months": ("Days are being made.", WAIT)}),
    "paths": BusyRule((), {}),
    "walking": BusyRule((), {}),
    "learnt": BusyRule(("sampling", "training"), {}),
    "learning": BusyRule(("sampling", "training"), {"training": ("A training is at work: stop it first.", "")}),
    "following": BusyRule((), {}),
    "connecting": BusyRule((), {"connecting": ("A cluster is being asked.", WAIT)}),
    "handout": BusyRule((), {"handout": ("A handout is being made.", "Wait for it, or stop it.")}),
    "watching": BusyRule((), {}),
    "writing": BusyRule((), {"writing": ("Another file is being written.", "Wait for it, or press Esc.")}),
}
"""By the name of the thread."""


class AtWork(Protocol):
    """What works now and then, in a thread of its own."""

    @property
    def active(self) -> bool:
        """Whether it does."""

    def close(self) -> None:
        """End it; returns when its thread has ended."""


class Jobs(QObject):
    """The holder of all kinds of work of one window; a kind joins when it is made.

    Attributes:
        session: what the work is about.
    """

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._made: dict[str, AtWork] = {}

    def hold(self, kind: str, made: AtWork) -> None:
        """Hold what does a kind of work."""
        self._made[kind] = made

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that have been made."""
        return tuple(self._made)

    @property
    def at_rest(self) -> bool:
        """Whether nothing works."""
        return not self.at_work(*self._made)

    def at_work(self, *kinds: str) -> bool:
        """Whether one of these kinds works."""
        return any(self._made[kind].active for kind in kinds if kind in self._made)

    def shares(self, kind: str) -> bool:
        """Whether a kind shares the cores with another one now."""
        return self.at_work(*BUSY[kind].shares)

    def refusal(self, kind: str) -> UserError | None:
        """Why a kind cannot begin now; None if it can."""
        said = next((said for other, said in BUSY[kind].apart.items() if self.at_work(other)), None)
        return None if said is None else UserError(*said)

    def tell_error(self, kind: str, error: Exception | None) -> None:
        """Say why the work of a kind has failed, if it has."""
        if error is not None:
            report(error, self.session.tell, BUSY[kind].less)

    def close(self) -> None:
        """End everything; returns when all threads have ended."""
        for made in self._made.values():
            made.close()
