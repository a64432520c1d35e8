"""The parser of every command: examples under its help, -q and -v, and refusals with the word that was meant."""

import argparse
import importlib
import re
from collections.abc import Collection, Iterable
from typing import Any, NoReturn

from diffview import __version__
from diffview.commands.reporting import write_result
from diffview.errors import UserError

COMMANDS = {
    "gui": "open the window (the default command)",
    "schedule": "print a noise schedule as a table",
    "noise": "put noise into a field of a file",
    "sample": "make fields with a model",
    "film": "noise put in, a run or its members as a film",
    "days": "make the days of a month from its mean",
    "lecture": "a lecture as a page that an audience takes home",
    "train": "train a network on the slices of a file",
    "distil": "make a network that jumps to the end of a model's run in one step",
    "average": "a trained model with its weights averaged over another part of the training",
    "verify": "how good a model is on fields it never saw",
    "compare": "two to four ways to run side by side, and which is better",
    "info": "say what is in a file, or in one of its variables",
    "bench": "measure this program on this machine",
    "completion": "print what makes a shell complete these commands",
    "about": "version, parts and licences",
}
"""Every command with its line of help; it is the module of that name in `diffview.commands`."""

LOUDNESS = {
    ("-q", "--quiet"): (-1, "say nothing but errors"),
    ("-v", "--verbose"): (1, "say what is done, and how long"),
}
"""How much a command says on stderr, by the options that choose it."""


class Parser(argparse.ArgumentParser):
    """A parser whose refusals are sentences with a hint."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **settings)
        for names, (loudness, doc) in LOUDNESS.items():
            self.add_argument(
                *names, action="store_const", const=loudness, dest="loudness", default=argparse.SUPPRESS, help=doc
            )
        self.set_defaults(parser=self)

    def show_examples(self, *lines: str) -> None:
        """Put command lines under the help; each is run by a test, in a folder with the file that it names."""
        self.epilog = "\n  ".join(("examples:", *lines))

    def _print_message(self, message: str, file: object = None) -> None:
        """Write help or version; argparse has no public way to say where."""
        write_result(message)

    def error(self, message: str) -> NoReturn:
        """Refuse the command line.

        Raises:
            UserError: always.
        """
        hint = f"`{self.prog} --help` shows what there is."
        if chosen := re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message):
            word, known = chosen[1], re.findall(r"[^\s',]+", chosen[2])
            raise UserError(f"{self.prog}: {word!r} cannot be chosen.", meant(word, known) or f"There are {chosen[2]}.")
        if unknown := re.search(r"unrecognized arguments: (\S+)", message):
            names = [name for action in self._actions for name in action.option_strings]
            hint = meant(unknown[1], names) or hint
        raise UserError(f"{self.prog}: {message.rstrip('.')}.", hint)


def meant(word: str, known: Iterable[str], form: str = "{}") -> str:
    """A question for the known word that is like this one, "" if none is."""
    from difflib import get_close_matches  # only where something is refused

    near = get_close_matches(word, list(known), n=1)
    return f"Did you mean {form.format(near[0])}?" if near else ""


def parser_of(commands: Collection[str] = COMMANDS) -> Parser:
    """The parser; of the commands only those named are loaded."""
    parser = Parser(prog="diffview", description="See, tune and run diffusion models on Earth-observation fields.")
    parser.add_argument("--version", action="version", version=f"diffview {__version__}")
    kinds = parser.add_subparsers(title="commands", required=True)
    for name, line in COMMANDS.items():
        one = kinds.add_parser(name, help=line, description=f"{line[0].upper()}{line[1:]}.")
        if name in commands:
            importlib.import_module(f"diffview.commands.{name}").add(one)
    return parser
