"""`diffview completion`: what makes a shell complete these commands, made from the options that they declare."""

import argparse
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from diffview.commands.parsing import Parser, parser_of
from diffview.commands.reporting import write_result


class Word(NamedTuple):
    """A word that may follow: a command, or an option with its help, whether a value follows, and which are known."""

    command: str
    word: str
    help: str
    valued: bool = False
    values: tuple[str, ...] = ()


def add(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("shell", choices=tuple(SHELLS), help="for which shell")
    parser.show_examples(
        "diffview completion bash  # in ~/.bashrc: source <(diffview completion bash)",
        "diffview completion zsh  # in ~/.zshrc, after compinit: source <(diffview completion zsh)",
        "diffview completion fish  # into ~/.config/fish/completions/diffview.fish",
    )
    parser.set_defaults(do=_completion)


def _completion(options: argparse.Namespace) -> None:
    words = list(words_of(parser_of(), known_values()))
    of_window = [word._replace(command="") for word in words if word.command == "gui"]  # which needs no command
    write_result(SHELLS[options.shell](list(dict.fromkeys([*words, *of_window]))))


def known_values() -> dict[str, tuple[str, ...]]:
    """Values of options whose declaration does not name them, as they are today, the user's own models too."""
    from diffview.fields.transforms import TRANSFORMS
    from diffview.forward.schedules import SCHEDULES
    from diffview.models.cards import cards
    from diffview.models.formulas import FORMULAS
    from diffview.reverse.grids import GRIDS
    from diffview.reverse.samplers import SAMPLERS
    from diffview.runs.recipe import AUTO

    return {
        "--schedule": tuple(SCHEDULES), "--model": (*FORMULAS, *cards()), "--grid": tuple(GRIDS),
        "--sampler": tuple(SAMPLERS), "--transform": (AUTO, *TRANSFORMS),
    }  # fmt: skip


def words_of(parser: Parser, known: dict[str, tuple[str, ...]], command: str = "") -> Iterator[Word]:
    """Every word that may follow a command, and below it; argparse has no public list of them."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for choice in action._choices_actions:
                yield Word(command, choice.dest, choice.help or "")
                yield from words_of(action.choices[choice.dest], known, f"{command} {choice.dest}".strip())
            continue
        for name in action.option_strings:
            text = parser._get_formatter()._expand_help(action) if action.help else ""
            spelt = str(action.metavar or "").split("|")
            choices = tuple(action.choices or ()) or (tuple(spelt) if len(spelt) > 1 else known.get(name, ()))
            yield Word(command, name, text, action.nargs != 0, choices)
        if not action.option_strings and action.choices:
            yield from (Word(command, str(value), action.help or "") for value in action.choices)


FUNCTION = """_diffview() {
  local of="" word
  local -a known
  for word in "${@WORDS@}"; do
    case "${of:+$of }$word" in
      @COMMANDS@) of="${of:+$of }$word" ;;
    esac
  done
  case "$of" in
@WORDS OF COMMANDS@
  esac
  [[ "$@TYPED@" == -* ]] || known=(@NO OPTIONS@)
  case "$of ${@BEFORE@}" in
@VALUES@
  esac
  @OFFER@
}
@ANNOUNCE@
"""
"""What bash and zsh call: the command that was typed, what may follow it, and after an option its values."""

BASH = {
    "WORDS": "COMP_WORDS[@]:1:COMP_CWORD-1", "TYPED": "{COMP_WORDS[COMP_CWORD]}", "BEFORE": "COMP_WORDS[COMP_CWORD-1]",
    "NO OPTIONS": '"${known[@]/#-*}"',
    "OFFER": 'COMPREPLY=($(compgen -W "${known[*]}" -- "${COMP_WORDS[COMP_CWORD]}"))',
    "ANNOUNCE": "complete -o default -F _diffview diffview",
}  # fmt: skip
ZSH = {
    "WORDS": "(@)words[2,CURRENT-1]", "TYPED": "PREFIX", "BEFORE": "words[CURRENT-1]", "NO OPTIONS": "${known:#-*}",
    "OFFER": "(( $#known )) && _describe word known || _files", "ANNOUNCE": "compdef _diffview diffview",
}  # fmt: skip
"""The same in the words of either shell; where nothing is known they complete files."""


def bash(words: list[Word]) -> str:
    """The function for bash."""
    return _function(words, BASH, lambda word: word.word)


def zsh(words: list[Word]) -> str:
    """The function for zsh, which shows the help beside each word."""
    return _function(words, ZSH, lambda word: f"{word.word}:{word.help}")


def _function(words: list[Word], shell: dict[str, str], shown: Callable[[Word], str]) -> str:
    commands = list(dict.fromkeys(word.command for word in words))
    cases = [(of, [shown(word) for word in words if word.command == of]) for of in commands]
    values = [(f"{word.command} {word.word}", word.values) for word in words if word.valued]
    parts = {
        "COMMANDS": "|".join(f'"{of}"' for of in commands if of), "WORDS OF COMMANDS": _cases(cases),
        "VALUES": _cases(values), **shell,
    }  # fmt: skip
    return re.sub("@([A-Z ]+)@", lambda part: parts[part[1]], FUNCTION)


def _cases(rows: Iterable[tuple[str, Iterable[str]]]) -> str:
    return "\n".join(f'    "{case}") known=({" ".join(map(shlex.quote, known))}) ;;' for case, known in rows)


def fish(words: list[Word]) -> str:
    """A line of `complete` for each word."""
    lines = []
    for word in words:
        below = [f"__fish_seen_subcommand_from {part}" for part in word.command.split()]
        name = f"{'-f ' if word.command else ''}-a {word.word}"  # FILE may stand in the place of a command
        if not word.word.startswith("-"):
            others = (other.word for other in words if other.command == word.command and other.word[0] != "-")
            below.append(f"not __fish_seen_subcommand_from {' '.join(others)}")
        if word.word.startswith("-"):
            name = f"-{'l' if word.word.startswith('--') else 's'} {word.word.lstrip('-')}"
            name += f" -x -a {shlex.quote(' '.join(word.values))}" if word.values else " -r" if word.valued else ""
        when = shlex.quote("; and ".join(below) or "__fish_use_subcommand")
        lines.append(f"complete -c diffview -n {when} {name} -d {shlex.quote(word.help)}\n")
    return "".join(lines)


SHELLS: dict[str, Callable[[list[Word]], str]] = {"bash": bash, "zsh": zsh, "fish": fish}
"""What to print, by shell."""
