"""`diffview info`: what is in a file, or in one of its variables."""

import argparse
import json
import sys

TICK = 0.01


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
        said = reader.call("describe", path=options.file, dataset=options.dataset)
    finally:
        reader.close()
    if options.json:
        sys.stdout.write(json.dumps(said) + "\n")
    elif "tree" in said:
        for node in said["tree"]:
            shape = " x ".join(str(n) for n in node["shape"])
            sys.stdout.write(f"{node['path']}  {shape}  {node['dtype']}  {node['units']}".rstrip() + "\n")
    else:
        for key, value in said.items():
            sys.stdout.write(f"{key:8} {value}\n")
