"""`diffview info`: what is in a file, or in one of its variables."""

import argparse
import json
import sys


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file")
    parser.add_argument("dataset", nargs="?")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(do=_info)


def _info(options: argparse.Namespace) -> None:
    from diffview.readers.process import ReaderProcess

    reader = ReaderProcess()
    try:
        told = reader.call("describe", path=options.file, dataset=options.dataset)
    finally:
        reader.close()
    if options.json:
        sys.stdout.write(json.dumps(told) + "\n")
    elif "tree" in told:
        for node in told["tree"]:
            shape = " x ".join(str(n) for n in node["shape"])
            sys.stdout.write(f"{node['path']}  {shape}  {node['dtype']}  {node['units']}".rstrip() + "\n")
    else:
        for key, value in told.items():
            sys.stdout.write(f"{key:8} {value}\n")
