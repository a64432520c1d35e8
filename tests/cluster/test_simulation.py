"""The simulated scheduler has the hours of closed forms where there are any."""

import subprocess
import sys
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "simulate_cluster.py"
spec = spec_from_file_location("simulate_cluster", TOOL)
assert spec is not None and spec.loader is not None
tool = module_from_spec(spec)
sys.modules["simulate_cluster"] = tool
spec.loader.exec_module(tool)
FREE = tool.Case(
    blocks=100, members=4, workers=4, block_s=36.0, hand_s=0.0, count_s=0.0, megabytes=0.0, disk=1.0, spread=0.0,
    hours_between_failures=1e12,
)  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "hours", "busiest"),
    [({}, 25 * 36 / 3600, "workers"), ({"workers": 1}, 1.0, "workers"), ({"count_s": 360.0}, 10.01, "driver"),
     ({"hand_s": 36.0}, 1.01, "scheduler"), ({"megabytes": 18.0}, 1.01, "disk")],
)  # fmt: skip
def test_what_is_busiest_sets_the_hours(changed: dict[str, float], hours: float, busiest: str) -> None:
    cost = tool.simulate(replace(FREE, **changed))
    assert cost.hours == pytest.approx(hours, rel=2e-3)
    assert cost.busiest[busiest] == max(cost.busiest.values()) == pytest.approx(1.0, rel=0.02)


def test_as_many_blocks_are_lost_as_the_failures_say() -> None:
    cost = tool.simulate(replace(FREE, blocks=20_000, hours_between_failures=1.0))
    assert cost.lost / (20_000 + cost.lost) == pytest.approx(36 / 3600, rel=0.2)


def test_the_page_has_the_table_that_the_tool_prints() -> None:
    said = subprocess.run([sys.executable, str(TOOL)], capture_output=True, text=True, check=True).stdout.splitlines()[
        1:
    ]
    page = (TOOL.parents[1] / "docs" / "scale.md").read_text(encoding="utf-8")
    rows = [row.split("|") for row in page[page.index("| job |") :].splitlines()[2:] if row.startswith("|")]
    assert len(said) == 7
    for line, row in zip(said, rows, strict=False):
        hours, share, lost = line[46:].split()[:3]
        assert float(row[2]) == pytest.approx(float(hours), rel=0.02)
        assert row[3].strip().replace(" ", "") == share and row[4].strip() == lost
