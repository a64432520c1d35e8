"""The command line.

Exit status: 0 good, 2 bad input with one sentence and a hint on stderr, 130 interrupted by Ctrl+C, 1 a bug.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from diffview.commands.parsing import COMMANDS, LOUDNESS, meant, parser_of
from diffview.commands.reporting import Report, open_closed_streams
from diffview.errors import UserError
from diffview.machine import torch_is_missing


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit status."""
    # one core is the window's; must be said before numpy is imported
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(max(1, (os.cpu_count() or 1) - 1)))
    open_closed_streams()
    report = Report()
    try:
        options = parse(sys.argv[1:] if argv is None else argv)
        options.report, report.loudness = report, options.loudness
        return int(options.do(options) or 0)
    except UserError as error:
        report.refuse(error)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        report.refuse(torch_is_missing("What is asked for"))
    except KeyboardInterrupt:
        report.clear()
        return 130
    return 2


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The options of a command line.

    Raises:
        UserError: if it is not as the help says.
    """
    words = _with_command(argv)
    options, rest = parser_of({words[0]}).parse_known_args(words, argparse.Namespace(loudness=0))
    if rest:
        options.parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return options


def _with_command(argv: Sequence[str]) -> list[str]:
    """The words, a command first: that of the window if they begin with an option or a file.

    Raises:
        UserError: if the first is no command and does not look like a file.
    """
    louder = list(takewhile(sum(LOUDNESS, ()).__contains__, argv))
    words = list(argv[len(louder) :])
    first = words[0] if words else "-"
    if first in (*COMMANDS, "-h", "--help", "--version"):
        return [first, *louder, *words[1:]]
    if not first.startswith("-") and not os.path.exists(first) and Path(first).name == first and not Path(first).suffix:
        hint = meant(first, COMMANDS, "`diffview {}`") or f"The commands are {', '.join(COMMANDS)}."
        raise UserError(f"There is no command and no file called {first!r}.", hint)
    return ["gui", *louder, *words]
