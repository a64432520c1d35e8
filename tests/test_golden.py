"""Numbers stay as they were: samplers, forward states, schedule tables and what `sample` makes of recipes.

To the bit on a machine like the one that made golden/golden.json, elsewhere within a small share of an array's
spread. See golden/cases.py for what is computed and golden/make.py for how it was written down.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from golden.cases import GOLDEN, VARIANTS, cases, computed, differs, digest, fingerprint, sampled

KEPT = json.loads(GOLDEN.read_text(encoding="utf-8"))
EXACT = KEPT["machine"] == fingerprint()


def test_every_case_is_kept() -> None:
    assert set(KEPT["cases"]) == set(cases())


@pytest.mark.parametrize("case", KEPT["cases"])
def test_the_numbers_are_those_that_were_kept(case: str, tmp_path: Path) -> None:
    kept, found = KEPT["cases"][case], computed(case, tmp_path)
    assert set(kept) <= set(found)  # a file may come to hold more than it did, its time for one
    changed = {name: why for name in kept if (why := differs(kept[name], found[name], EXACT))}
    assert changed == {}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_run_that_is_split_is_the_same_to_the_bit(variant: str) -> None:
    whole, split = sampled(variant), sampled(variant, split=5)
    assert {name: values.tobytes() for name, values in whole.items()} == {n: v.tobytes() for n, v in split.items()}


def test_what_differs_is_seen() -> None:
    values = np.random.default_rng(0).standard_normal((3, 8, 8)).astype(np.float32)
    kept, near, far = digest(values), digest(values * np.float32(1 + 1e-6)), digest(values + np.float32(0.001))
    assert differs(kept, kept, exact=True) == differs(kept, near, exact=False) == ""
    assert "sha256" in differs(kept, near, exact=True) and "values" in differs(kept, far, exact=False)
    assert "shape" in differs(kept, digest(values[:2]), exact=False)
    assert "dtype" in differs(kept, digest(values.astype(np.float64)), exact=False)
