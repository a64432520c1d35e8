"""The window. Qt and pyqtgraph are imported only below this folder.

What the first picture needs of the rest is imported here, before Qt: once PySide6 is imported it reads the source of
every module that is imported after it.
"""

from numpy import fft, random

from diffview.models import choice, formulas
from diffview.reverse import trajectory
from diffview.runs import resolve, run

__all__ = ["choice", "fft", "formulas", "random", "resolve", "run", "trajectory"]
