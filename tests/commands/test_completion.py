"""Completion of the command line: what is offered after what, in the shells themselves where they are installed."""

import contextlib
import shutil
import subprocess

import pytest

from diffview.cli import main
from diffview.commands.completion import SHELLS, known_values, words_of
from diffview.commands.parsing import COMMANDS, parser_of
from diffview.forward.schedules import SCHEDULES
from diffview.reverse.samplers import SAMPLERS
from diffview.runs.recipe import DECLARED

CASES = [
    ("s", {"schedule", "sample"}),
    ("--sh", {"--shot"}),
    ("sample --fi", {"--first-member", "--fit", "--fit-set", "--fill", "--fill-by"}),
    ("sample --fit-set ", {"auto", "crops", "slices", "both"}),
    ("sample --grid k", {"karras"}),
    ("sample --model rain64-", {"rain64-from-coarse"}),
    ("-v sample --device c", {"cpu", "cuda"}),
    ("verify ", {"channels", "days", "model", "race", "loss", "ensemble", "downscaling", "solvers", "ways"}),
    ("verify race --sample", {"--samplers", "--samples"}),
    ("completion ", set(SHELLS)),
    ("train --device m", {"mps"}),
    ("sample --start ", set()),
    ("sample x", set()),
]
BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _diffview
printf '%s\\n' "${COMPREPLY[@]}"
"""
ZSH = """
compdef() { }; _files() { }
_describe() { for one in "${(@P)2}"; do print -r -- "${one%%:*}"; done }
source "$1"; shift
words=("$@"); CURRENT=$#; PREFIX=${words[CURRENT]}; _diffview
"""


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("completion")
    for shell in SHELLS:
        with (folder / shell).open("w") as out, contextlib.redirect_stdout(out):
            assert main(["completion", shell]) == 0
    return folder


def in_shell(shell, scripts, line):
    """The words that a shell offers at the end of a line."""
    typed = ["diffview", *line.split(" ")]
    if shell == "fish":
        command = ["fish", "-c", f"source {scripts / shell}; complete -C 'diffview {line}'"]
    elif shell == "zsh":
        command = ["zsh", "-f", "-c", ZSH, "zsh", str(scripts / shell), *typed]
    else:
        command = ["bash", "-c", BASH, "bash", str(scripts / shell), *typed]
    (scripts / "empty").mkdir(exist_ok=True)  # where there is no file to offer
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=scripts / "empty")
    assert done.stderr == ""
    offered = {text.split("\t")[0] for text in done.stdout.splitlines()} - {""}
    return {word for word in offered if word.startswith(typed[-1])} if shell == "zsh" else offered  # as zsh itself does


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_offers_what_may_follow(shell, scripts):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    assert {line: in_shell(shell, scripts, line) for line, _ in CASES} == dict(CASES)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_command_prints_it(shell, capsys):
    assert main(["completion", shell]) == 0
    text = capsys.readouterr().out
    assert all(command in text for command in COMMANDS) and "--sampler-param"[2:] in text and "rain64" in text


def test_every_option_is_offered_with_its_help_and_values():
    words = {(word.command, word.word): word for word in words_of(parser_of(), known_values())}
    assert {word for command, word in words if not command and word[0] != "-"} == set(COMMANDS)
    assert words["sample", "--sampler"].values == tuple(SAMPLERS) and words["noise", "--schedule"].values == tuple(
        SCHEDULES
    )
    assert words["sample", "--device"].values == DECLARED["device"].allowed.options
    assert words["sample", "--record"].valued is False and words["sample", "--seed"].valued is True
    assert all(word.help for word in words.values() if word.word not in ("--grids", "--samplers"))
    assert all("%" not in word.help for word in words.values())
