"""Every command line and program of README, docs and --help runs; what they name is there."""

import ast
import importlib
import re
import subprocess
import sys

import pytest
from command_lines import LEAVES, PAGES, ROOT, Block, blocks, command_of, lines_of, make_files, run_line

from diffview.cli import main, parse

BLOCKS = blocks()
DATA = "python", "json"
COMMAND_LINES = [([block.page], words[1:]) for block in BLOCKS if not block.not_run and block.language not in DATA
                 for words in lines_of(block.text)]  # fmt: skip
PROGRAMS = [block for block in BLOCKS if block.language == "python"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("examples")
    make_files(made)
    return made


@pytest.fixture
def there(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("command", LEAVES)
def test_the_examples_of_help_run(command, there, capsys):
    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    examples = lines_of(capsys.readouterr().out.partition("examples:")[2])
    assert examples
    for first, *words in examples:
        assert first == "diffview" and command_of(words) == command
        run_line(words)


@pytest.mark.parametrize(("page", "words"), COMMAND_LINES, ids=" ".join)
def test_the_command_lines_of_the_pages_run(page, words, there):
    run_line(words)


def test_every_line_that_is_run_is_diffview():
    for block in BLOCKS:
        if block.language not in DATA and not block.not_run:
            assert {words[0] for words in lines_of(block.text)} <= {"diffview"}, block


@pytest.mark.parametrize("block", PROGRAMS, ids=lambda block: f"{block.page} {block.text.split()[1]}")
def test_the_programs_of_the_pages_run(block: Block, there):
    ast.parse(block.text)
    if not block.not_run:
        env = {"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(there)}
        done = subprocess.run([sys.executable, "-W", "error::SyntaxWarning", "-c", block.text], capture_output=True,
                              text=True, check=False, env=env)  # fmt: skip
        assert done.returncode == 0, done.stderr


def test_what_is_not_run_says_why_and_is_no_plain_command():
    reasons = {block.not_run for block in BLOCKS if block.not_run}
    known = ("installs packages", "needs a screen", "needs a cluster", "needs PhysicsNeMo", "needs anemoi")
    assert all(reason.startswith(known) for reason in reasons), reasons


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_command_lines_within_sentences_are_parsed(page):
    """Those that are whole are parsed; of those that are begun, the command is there and has these options."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    for line in re.findall(r"`diffview( [^`]*)`", text):
        words = " ".join(line.split()).replace("bash|zsh|fish", "bash").split()
        leaf = " ".join(words[:2]) if words[0] == "verify" and words[1:2] else words[0]
        assert leaf in (*LEAVES, "verify") or words[0].startswith("-"), line
        options = {word for word in words if word.startswith("--")} - {"--help"}
        assert options <= set(_options(leaf)), line


def _options(leaf: str) -> list[str]:
    from contextlib import redirect_stdout
    from io import StringIO

    with redirect_stdout(StringIO()) as told, pytest.raises(SystemExit):
        main([*(leaf.split() if not leaf.startswith("-") else ["gui"]), "--help"])
    return re.findall(r"--[\w-]+", told.getvalue())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_the_pages_link_to_is_there(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_symbol_of_the_theory_is_a_function_of_that_file():
    text = (ROOT / "docs" / "theory.md").read_text(encoding="utf-8")
    named = re.findall(r"\[`([\w.]+)`\]\(\.\./(diffview/[\w/]+\.py)\)", text)
    assert len(named) > 40
    for name, file in named:
        module = file.removesuffix(".py").replace("/", ".")
        assert f"diffview.{name}".startswith(module), name
        thing = importlib.import_module(module)
        for part in f"diffview.{name}".removeprefix(module).split(".")[1:]:
            thing = getattr(thing, part)
        assert thing.__doc__, name
    rows = [line for line in text.splitlines() if line.startswith("| ") and "| symbol" not in line]
    assert all(re.search(r"\]\(\.\./diffview/", row) for row in rows)


def test_every_function_of_the_page_of_ddpm_is_in_the_theory():
    ddpm = importlib.import_module("diffview.forward.ddpm")
    text = (ROOT / "docs" / "theory.md").read_text(encoding="utf-8")
    own = [name for name, thing in vars(ddpm).items() if callable(thing) and thing.__module__ == ddpm.__name__]
    assert len(own) == 11 and [name for name in own if f"`forward.ddpm.{name}`" not in text] == []


def test_parse_is_that_of_the_program():
    assert parse(["sst.nc", "sst"]).dataset == ["sst"]
