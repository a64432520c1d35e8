"""`diffview info`: what is in a file, or in one of its variables."""

import argparse
import json
import time
from collections.abc import Iterator
from typing import Any

from diffview.commands.parsing import Parser
from diffview.commands.reporting import write_result
from diffview.commands.words import one_source

TICK = 0.01


def add(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("file", help="a file, a folder, or a pattern of names in quotes")
    parser.add_argument("dataset", nargs="*", help="a variable of it; or more files, and then a variable")
    parser.add_argument(
        "--mask", type=float, action="append", default=[], metavar="V", help="a value that means missing"
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.show_examples(
        "diffview info sst.nc",
        "diffview info folder --json",
        "diffview info sst.nc sst --json",
        "diffview info sst.nc sst --mask -9999",
    )
    parser.set_defaults(do=_info)


def _info(options: argparse.Namespace) -> None:
    from diffview.readers.process import ReaderProcess

    file, dataset = one_source(options.file, options.dataset)
    reader = ReaderProcess()
    try:
        reader.submit("describe", path=file, dataset=dataset, mask=tuple(options.mask))
        with options.report.progress("reading") as progress:
            while not (replies := reader.poll()):
                progress(reader.share)
                time.sleep(TICK)
    finally:
        reader.close()
    if replies[0].error is not None:
        raise replies[0].error
    said = replies[0].value
    write_result(json.dumps(said) + "\n" if options.json else "".join(f"{line}\n" for line in _lines(said)))


def _lines(said: dict[str, Any]) -> Iterator[str]:
    """What was said, for people."""
    for kind in said.get("files", ()):
        name = f"{kind['kind']}: " if "kind" in kind else ""
        when = f", {kind['from']} to {kind['to']}" if "from" in kind else ""
        yield f"{name}{kind['count']} files, {kind['steps']} steps along {kind['along']}{when}"
        yield from kind["missing"]
    for node in said.get("tree", ()):
        shape = " x ".join(str(n) for n in node["shape"])
        yield f"{node['path']}  {shape}  {node['dtype']}  {node['units']}".rstrip()
    if "tree" not in said:
        yield from (f"{key:8} {value}" for key, value in said.items())
