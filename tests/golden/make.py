"""Write golden.json: what the code gives as it is. Run by hand, once: `python tests/golden/make.py`.

Made anew, it says nothing of what changed since. Do that only where a change of numbers is wished, and say so.
"""

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from golden.cases import GOLDEN, cases, computed, fingerprint


def write(path: Path) -> None:
    """Compute every case and write them, an array a line."""
    blocks = []
    for case in cases():
        with tempfile.TemporaryDirectory() as folder:
            found = computed(case, Path(folder))
        lines = ",\n".join(f"   {json.dumps(name)}: {json.dumps(kept)}" for name, kept in found.items())
        blocks.append(f"  {json.dumps(case)}: {{\n{lines}\n  }}")
    text = f'{{\n "machine": {json.dumps(fingerprint())},\n "cases": {{\n' + ",\n".join(blocks) + "\n }\n}\n"
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN)
