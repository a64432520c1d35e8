"""`diffview about`: version, parts and licences."""

import argparse
import sys


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.set_defaults(do=_about)


def _about(_: argparse.Namespace) -> None:
    from diffview.machine import about_lines

    sys.stdout.write("\n".join(about_lines()) + "\n")
