"""For one version, results that are read with attributes can still be read with the string keys of before."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Any, ClassVar

from postplace.system.json_types import JsonObject


class OldKeys:
    """A mixin: `metrics["systems"]` goes on working beside `metrics.models`, with a DeprecationWarning.

    `OLD_KEYS` maps the names that have changed to attributes, which may be dotted. A key is there where `to_dict`
    writes it.
    """

    __slots__ = ()

    OLD_KEYS: ClassVar[Mapping[str, str]] = {}

    def to_dict(self) -> JsonObject:
        """Plain data."""
        raise NotImplementedError

    def __getitem__(self, key: str) -> Any:
        return self._by_key(key, stacklevel=3)

    def __contains__(self, key: object) -> bool:
        try:
            self._by_key(str(key), stacklevel=3)
        except KeyError:
            return False
        return True

    def get(self, key: str, default: Any = None) -> Any:
        """As a dictionary's."""
        try:
            return self._by_key(key, stacklevel=3)
        except KeyError:
            return default

    def __iter__(self) -> Iterator[str]:
        raise TypeError(f"{type(self).__name__} is no dictionary: take its to_dict()")

    def _by_key(self, key: str, *, stacklevel: int) -> Any:
        name = self.OLD_KEYS.get(key, key)
        content = self.to_dict()
        if name.partition(".")[0] not in content:
            raise KeyError(key)
        kind = type(self).__name__
        advice = f"{kind} is read with attributes: take .{name} for [{key!r}], or to_dict() for plain data"
        warnings.warn(advice, DeprecationWarning, stacklevel=stacklevel)
        try:
            return attrgetter(name)(self)
        except AttributeError:  # a key that is made up, such as accuracy@5
            return content[name]
