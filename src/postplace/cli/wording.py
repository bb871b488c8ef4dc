"""Errors in the words of the command line: options, where Python has parameters and settings.

The library names its parameters (`min_posts`), in backticks where they stand within a sentence. Here each becomes the
option of the command that was run (--min-posts), as the command itself declares it, so that the two cannot drift apart.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any

from postplace.errors import BadOption, NotEnoughData, PostplaceError, UnknownName

# Names of Python's that a command calls otherwise: the name -> the command's own parameter
CALLED_OTHERWISE = {
    "settings": "set",
    "checkpoint_dir": "out",
    "state": "out",
    "folder": "out",
    "class_weight": "balanced",
    "judge": "transfer_model",
    "transfer_attacker": "transfer_model",
    "max_ratio": "max_portrait",
    "keep": "languages",
    "required": "require",
    "portrait segmenter": "segmenter",
    "inpainter": "inpaint",
    "words in pictures": "read_image_text",
    "words in images": "read_image_text",
    "image encoder": "image_encoder",
    "text encoder": "text_encoder",
}
WEIGHTS = {"--segmenter": "--portrait-weights", "--inpaint": "--inpaint-weights"}
NONE = "none"  # switches a rule off before its own names are looked at
CAN_BE_NONE = ("--segmenter", "--languages", "--require")

_IN_BACKTICKS = re.compile(r"`([A-Za-z_]+)(?:\[['\"](\w+)['\"]\])?(?:\s?=\s?([^`]+))?`")


@dataclass(frozen=True)
class Declared:
    """What a command declares: the options by the names of its parameters, those without a value, its arguments."""

    options: Mapping[str, str] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    arguments: Mapping[str, str] = field(default_factory=dict)

    def option(self, name: str) -> str | None:
        """The option for a name of Python's; None for a name that stays.

        >>> command = Declared({"min_posts": "--min-posts", "set": "--set"})
        >>> command.option("min_posts"), command.option("settings"), command.option("cells")
        ('--min-posts', '--set', None)
        """
        return self.options.get(name) or self.options.get(CALLED_OTHERWISE.get(name, ""))

    def reworded(self, text: str) -> str:
        """The text with options for the parameters in backticks that this command has.

        >>> command = Declared({"min_posts": "--min-posts", "set": "--set"})
        >>> command.reworded("give `min_posts=5`, or fewer `cells`")
        'give --min-posts 5, or fewer `cells`'
        >>> command.reworded("lower it: `settings={'learning_rate': 0.1}`; it was `settings['learning_rate']`")
        'lower it: --set learning_rate=0.1; it was --set learning_rate'
        """
        return _IN_BACKTICKS.sub(self._given, text)

    def _given(self, found: re.Match[str]) -> str:
        name, key, written = found.groups()
        option = self.option(name)
        if option is None:
            return found[0] if key or written else self.arguments.get(name, found[0])
        value = _value(written)
        if option in self.flags:
            return option if value not in (False, None) else found[0]  # there is no option that switches it off
        if key:
            return f"{option} {key}" if written is None else f"{option} {key}={value}"
        if isinstance(value, dict):
            return " ".join(f"{option} {setting}={value[setting]}" for setting in value)
        if isinstance(value, (list, tuple, set, frozenset)):
            value = ",".join(map(str, value))
        return option if written is None else f"{option} {value}"


def declared(command: Any) -> Declared:
    """What a command of Typer's declares."""
    options, flags, arguments = {}, set(), {}
    for parameter in command.params:
        name = (parameter.name or "").rstrip("_")
        if parameter.param_type_name == "argument":
            arguments[name] = (parameter.metavar or name.upper()).strip("[]")
            continue
        options[name] = parameter.opts[0]
        flags |= {parameter.opts[0]} if parameter.is_flag else set()
    return Declared(options, frozenset(flags), arguments)


def commands(group: Any) -> Iterator[Any]:
    """Every command of a group and of the groups in it."""
    for command in group.commands.values():
        yield command
        yield from commands(command) if hasattr(command, "commands") else ()


def in_options(error: PostplaceError, arguments: Sequence[str] | None = None) -> PostplaceError:
    """The error as it reads to somebody who gave these arguments to `postplace` (default: those of this process)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    command = _command(tuple(arguments))
    where = _where(error, arguments, command)
    if isinstance(error, UnknownName):
        return UnknownName(where, error.name, {*error.known, *([NONE] if where in CAN_BE_NONE else [])})
    problem, remedy = command.reworded(error.found), command.reworded(error.remedy)
    if weights := WEIGHTS.get(where):
        remedy = remedy.replace("of its weights", f"of its weights with {weights}").replace("no file", f"no {weights}")
    return error if (where, problem, remedy) == error.args else type(error)(where, problem, remedy)


def text_in_options(text: str) -> str:
    """A line of the library's (a note, a warning) as it reads to somebody who runs this command."""
    return _command(tuple(sys.argv[1:])).reworded(text) if "`" in text else text


@lru_cache(maxsize=1)
def _command(arguments: tuple[str, ...]) -> Declared:
    """What the command that these arguments name declares; nothing where they name none."""
    from typer.main import get_command

    from postplace.cli import app

    command: Any = get_command(app)
    for argument in arguments:
        if argument in getattr(command, "commands", {}):
            command = command.commands[argument]
    return declared(command)


def _where(error: PostplaceError, arguments: Sequence[str], command: Declared) -> str:
    """Where the error is: the option that a name of Python's was given by; as it is for a name that stays."""
    where = error.where
    name = where.strip("`")
    if isinstance(error, (BadOption, NotEnoughData)):
        given = {pair.partition("=")[0] for pair in _settings(arguments)}
        setting = name.rpartition(" ")[2]
        if setting in given:
            return f"--set {setting}"
        if where == "setting" or where.startswith("setting of "):
            return "--set"
        if option := command.option(name):
            return option
    return command.reworded(where)


def _settings(arguments: Sequence[str]) -> list[str]:
    """What was given as --set NAME=VALUE or --set=NAME=VALUE."""
    after = [value for option, value in pairwise(arguments) if option == "--set"]
    return after + [argument.removeprefix("--set=") for argument in arguments if argument.startswith("--set=")]


def _value(written: str | None) -> Any:
    """What is written in Python, as a value; as it is where it is a placeholder, as N."""
    if written is None:
        return True
    try:
        return ast.literal_eval(written)
    except (ValueError, SyntaxError):
        return written
