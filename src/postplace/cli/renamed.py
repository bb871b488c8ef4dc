"""Options under the names that they had in version 0.1: they work for one version, unlisted, with a warning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import typer
from typer.core import TyperCommand

from postplace.errors import BadOption
from postplace.system.deprecation import renamed

RENAMED = {
    "--judge": "--transfer-model",
    "--max-picture-mb": "--max-image-mb",
    "--max-pictures": "--max-images",
}


class WithOldNames(TyperCommand):
    """A command that takes an option of `RENAMED` also by its old name."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As every command does, after old names are replaced. Raises BadOption for an option under both names."""
        return super().parse_args(ctx, list(self._renamed(args)))

    def _renamed(self, args: Sequence[str]) -> Iterator[str]:
        options = [parameter for parameter in self.params if parameter.param_type_name == "option"]
        names = {name: option for option in options for name in option.opts}
        used: dict[str, str] = {}  # each option of `RENAMED` by its new name -> the name it was given by
        value = False  # whether this one is the value of the option before it, whatever it looks like
        for argument in args:
            name, equals, rest = argument.partition("=")
            new = RENAMED.get(name)
            current = new or name
            if not value and current in RENAMED.values() and used.setdefault(current, name) != name:
                old = name if new else used[current]
                raise BadOption(old, f"is the old name of {current}, and both are given", f"leave out {old}")
            if not value and new in names and name not in names:
                typer.echo(f"warning: {renamed(name, new)}", err=True)
                name, argument = new, f"{new}{equals}{rest}"
            option = None if value or equals else names.get(name)
            value = option is not None and not getattr(option, "is_flag", False)
            yield argument
