"""`diffview about`: version, parts and licences."""

import argparse

from diffview.commands.parsing import Parser
from diffview.commands.reporting import write_result


def add(parser: Parser) -> None:
    """Declare the options."""
    parser.show_examples("diffview about")
    parser.set_defaults(do=_about)


def _about(_: argparse.Namespace) -> None:
    from diffview.machine import about_lines

    write_result("\n".join(about_lines()) + "\n")
