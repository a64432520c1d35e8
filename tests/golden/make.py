"""Write golden.json: what the code gives as it is. Run by hand: `python tests/golden/make.py CASE ...`.

Made anew, a case says nothing of what changed since. Do that only for cases whose numbers are meant to change, by
name, and say why in the commit. On another machine than the one that made the rest, it is refused.
"""

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from golden.cases import GOLDEN, cases, computed, fingerprint


def write(path: Path, renewed: list[str]) -> None:
    """Compute these cases anew, or all of them where none is kept, and write all, an array a line."""
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"machine": fingerprint(), "cases": {}}
    if kept["machine"] != fingerprint():
        sys.exit("The cases that are kept were made on another machine. Make the new ones there, or all anew.")
    blocks = []
    for case in cases():
        numbers = kept["cases"].get(case)
        if case in renewed or numbers is None:
            with tempfile.TemporaryDirectory() as folder:
                numbers = computed(case, Path(folder))
        lines = ",\n".join(f"   {json.dumps(name)}: {json.dumps(value)}" for name, value in numbers.items())
        blocks.append(f"  {json.dumps(case)}: {{\n{lines}\n  }}")
    text = f'{{\n "machine": {json.dumps(fingerprint())},\n "cases": {{\n' + ",\n".join(blocks) + "\n }\n}\n"
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if unknown := set(sys.argv[1:]) - set(cases()):
        sys.exit(f"No such cases: {', '.join(sorted(unknown))}.")
    write(GOLDEN, sys.argv[1:])
