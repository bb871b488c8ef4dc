"""Entry points of other packages: found by name, imported when wanted, and a broken one is named."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from postplace.errors import BadOption
from postplace.system.plugins import identity, load_plugin, plugin_points


def test_plugin_points_are_those_of_the_group_by_name() -> None:
    assert plugin_points("console_scripts")["postplace"].value == "postplace.cli:main"
    assert plugin_points("postplace.nothing") == {}


def test_load_plugin_gives_what_the_point_names() -> None:
    assert load_plugin(EntryPoint("length", "builtins:len", "some.group"), "model") is len


def test_load_plugin_names_what_cannot_be_imported() -> None:
    with pytest.raises(BadOption, match=r"model gone: no_such_module:Thing cannot be imported \(ModuleNotFoundError"):
        load_plugin(EntryPoint("gone", "no_such_module:Thing", "some.group"), "model")


def test_identity_is_the_place_of_a_class_and_the_object_itself_else() -> None:
    class Own: ...

    thing = Own()
    assert identity(Own) == (__name__, Own.__qualname__)
    assert identity(thing) is thing
