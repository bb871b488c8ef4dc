"""How far a collection is, on disk: one entry a location, in one small file that is replaced as a whole."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from postplace.errors import BadOption, write_failed
from postplace.system.atomic_files import write_atomically

_FORMAT = 1


@dataclass(slots=True)
class Entry:
    """How far a location is: its posts in the dump, the page it is at (None: the first), what is done of that page."""

    posts: int = 0
    cursor: str | None = None
    page: list[str] = field(default_factory=list)
    end: bool = False


class Journal:
    """The entry of every location, on disk: replaced after every post, so that it is always whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[str, Entry] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            content = json.loads(path.read_bytes())
            if content["format"] != _FORMAT:
                raise ValueError(f"format {content['format']!r}")
            self._entries = {str(name): _entry(entry) for name, entry in content["locations"].items()}
        except FileNotFoundError:
            pass
        except OSError as error:
            raise write_failed(path, error) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            remedy = "delete it to begin again; what is downloaded stays"
            raise BadOption(str(path), f"is damaged ({error})", remedy) from error

    def entry(self, location: str) -> Entry:
        """The entry of a location, which may be changed; `save` keeps it."""
        return self._entries.setdefault(location, Entry())

    def save(self) -> None:
        """Write all entries. Raises WriteFailed."""
        content = {"format": _FORMAT, "locations": {name: asdict(entry) for name, entry in self._entries.items()}}
        write_atomically(self._path, json.dumps(content).encode())


def _entry(stored: Any) -> Entry:
    entry = Entry(**stored)
    if not (type(entry.posts) is int and isinstance(entry.page, list) and isinstance(entry.cursor, str | None)):
        raise ValueError("an entry is not one")
    return entry
