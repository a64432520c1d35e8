"""`diffview info`: what is in a file, or in one of its variables."""

import argparse
import json
import sys
import time

TICK = 0.01


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file")
    parser.add_argument("dataset", nargs="?")
    parser.add_argument(
        "--mask", type=float, action="append", default=[], metavar="V", help="a value that means missing"
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(do=_info)


def _info(options: argparse.Namespace) -> None:
    from diffview.commands.fields import ProgressLine
    from diffview.readers.process import ReaderProcess

    reader = ReaderProcess()
    try:
        reader.submit("describe", path=options.file, dataset=options.dataset, mask=tuple(options.mask))
        with ProgressLine("reading") as progress:
            while not (replies := reader.poll()):
                if reader.share and sys.stderr.isatty():  # a program that reads the JSON gets no lines beside it
                    progress(reader.share)
                time.sleep(TICK)
    finally:
        reader.close()
    if replies[0].error is not None:
        raise replies[0].error
    said = replies[0].value
    if options.json:
        sys.stdout.write(json.dumps(said) + "\n")
    elif "tree" in said:
        for node in said["tree"]:
            shape = " x ".join(str(n) for n in node["shape"])
            sys.stdout.write(f"{node['path']}  {shape}  {node['dtype']}  {node['units']}".rstrip() + "\n")
    else:
        for key, value in said.items():
            sys.stdout.write(f"{key:8} {value}\n")
