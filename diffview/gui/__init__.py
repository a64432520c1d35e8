"""The window. Qt and pyqtgraph are imported only below this folder.

What the first picture takes of the rest is imported here, before Qt: once PySide6 is there it reads the source of every
module that is imported after it.
"""

from numpy import fft, random

from diffview import denoisers, models, resolve, runs, trajectory

__all__ = ["denoisers", "fft", "models", "random", "resolve", "runs", "trajectory"]
