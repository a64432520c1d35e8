"""Modules that are imported beside the window, before a call on its thread would import them."""

from importlib import import_module
from threading import Thread

AHEAD = ("numpy.ma",)
"""numpy.ma is imported by the first call of np.unique, np.quantile or np.median, as that of a preview: 25 to 70 ms."""


def import_ahead() -> None:
    """Import them in a thread that ends with it."""
    Thread(target=lambda: [import_module(name) for name in AHEAD], name="imports", daemon=True).start()
