"""The run says how many tests had no real files."""

import subprocess
import sys
from pathlib import Path

TESTS = """
import pytest
def test_a(): pytest.skip("the pack is not there")
@pytest.mark.skipif(True, reason="the folder of real files is not there")
def test_b(): pass
@pytest.mark.parametrize("path", [])
def test_c(path): pass
def test_d(): pytest.skip("no screen")
def test_e(): pass
"""


def test_the_run_says_how_many_tests_had_no_real_files(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(Path(__file__).with_name("conftest.py").read_text())
    (tmp_path / "test_x.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert "skipped because files of ../shared are absent: 3\n" in done.stdout, done.stdout
