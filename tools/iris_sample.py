"""Files of the package iris-sample-data, from which fields that ship are made: their licence, and which file it is.

pip download iris-sample-data==2.5.2 --no-deps && unzip iris_sample_data-2.5.2-*.whl
"""

import argparse
import hashlib
from pathlib import Path

LICENCE_TEXT = """\
Contains public sector information licensed under the Open Government Licence v3.0:
https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/

You may use and re-use this information (not including logos) free of charge in any format or medium, under the terms
of that licence. The data set is for test and demonstration purposes only.
"""


def source_named(doc: str | None, name: str, sha256: str) -> Path:
    """The file that the command line names, if it is the one of the package with this sum."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0] if doc else None)
    parser.add_argument("source", type=Path, help=f"path of {name}")
    source: Path = parser.parse_args().source
    found = hashlib.sha256(source.read_bytes()).hexdigest()
    if found != sha256:
        parser.error(f"{source} is not the file of iris-sample-data 2.5.2: its SHA-256 is {found}")
    return source
