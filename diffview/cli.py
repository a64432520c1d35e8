"""The command line. Exit status: 0 good, 2 bad input with one sentence and a hint on stderr, 1 a bug."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from diffview import __version__
from diffview.errors import UserError
from diffview.machine import torch_is_missing

COMMANDS = {
    "gui": "open the window (the default command)",
    "schedule": "print a noise schedule as a table",
    "noise": "put noise into a field of a file",
    "sample": "make fields with a model",
    "train": "train a network on the slices of a file",
    "verify": "how good a model is on fields it never saw",
    "info": "say what is in a file, or in one of its variables",
    "bench": "measure this program on this machine",
    "about": "version, parts and licences",
}
"""Every command with its line of help; it is the module of that name in `diffview.commands`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit status."""
    # one core is the window's; must be said before numpy is imported
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(max(1, (os.cpu_count() or 1) - 1)))
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] not in (*COMMANDS, "-h", "--help", "--version"):
        words = ["gui", *words]
    try:
        options = _parser(words[0]).parse_args(words)
        return int(options.do(options) or 0)
    except UserError as error:
        return _refused(error)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        return _refused(torch_is_missing("What is asked for"))
    except BrokenPipeError:  # whoever read our output has enough of it
        sys.stderr.close()
        return 0


def _refused(error: UserError) -> int:
    """Say what was wrong with the input and what to do; the exit status."""
    sys.stderr.write(f"diffview: {error.sentence}\n")
    if error.hint:
        sys.stderr.write(f"  {error.hint}\n")
    return 2


def _parser(command: str) -> argparse.ArgumentParser:
    """The parser of every command; only the one that is used is loaded."""
    parser = argparse.ArgumentParser(
        prog="diffview", description="See, tune and run diffusion models on Earth-observation fields."
    )
    parser.add_argument("--version", action="version", version=f"diffview {__version__}")
    commands = parser.add_subparsers(title="commands", required=True)
    for name, line in COMMANDS.items():
        one = commands.add_parser(name, help=line)
        if name == command:
            importlib.import_module(f"diffview.commands.{name}").add(one)
    return parser
