"""The reader of a file."""

import importlib

import h5py

from diffview.readers import READERS
from diffview.readers.base import Reader


def reader_of(file: h5py.File) -> Reader:
    """The first row of READERS that claims the file."""
    modules = (importlib.import_module(f"diffview.readers.{name}") for name in READERS)
    return next(module for module in modules if module.claims(file))
