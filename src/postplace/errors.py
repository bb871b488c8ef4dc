"""One root exception. Every message says where, what the problem is, and what to do.

Parameters are named as in Python, in backticks within a sentence (`min_posts`, `target='place'`): the command line says
options instead (cli/wording.py).

>>> str(BadPost("posts.jsonl, line 3, key 'latitude'", "200 is not a latitude", "give degrees between -90 and 90"))
"posts.jsonl, line 3, key 'latitude': 200 is not a latitude; give degrees between -90 and 90"
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

NEAR = 0.6  # of difflib's ratio: from there on a known name is what was meant rather than one that looks a bit alike


class PostplaceError(Exception):
    """What went wrong, in one line: `where`: `found`; `remedy`."""

    def __init__(self, where: str, found: str, remedy: str) -> None:
        super().__init__(where, found, remedy)
        self.where = where
        self.found = found
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.where}: {self.found}; {self.remedy}"

    def at(self, where: str) -> PostplaceError:
        """The same error, of another place."""
        return type(self)(where, self.found, self.remedy)


class BadPost(PostplaceError):
    """A record that is not a post, or a file that holds none."""


class BadPlace(PostplaceError):
    """A row that is not a place, or a file that holds none."""


class BadImage(PostplaceError):
    """An image that cannot be decoded within the limits."""


class BadOption(PostplaceError):
    """A parameter with a value that cannot be used."""


class UnknownName(BadOption):
    """A parameter with a name that is not among the `known` ones."""

    def __init__(self, where: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        if not names:
            super().__init__(where, f"{name!r} is unknown", "leave it out: there is nothing to name here")
            self.name, self.known = name, names
            return
        nearest = difflib.get_close_matches(name, names, n=1, cutoff=NEAR)
        guess = f"did you mean {nearest[0]!r}? " if nearest else "take one of the known names "
        super().__init__(where, f"{name!r} is unknown", f"{guess}(known: {', '.join(names)})")
        self.name, self.known = name, names

    def __reduce__(self) -> tuple[type[UnknownName], tuple[str, str, list[str]]]:
        return type(self), (self.where, self.name, self.known)  # it may come from another process

    def at(self, where: str) -> UnknownName:
        """The same error, of another place."""
        return type(self)(where, self.name, self.known)


class NotEnoughData(PostplaceError):
    """Posts that are too few, or too alike, for what was requested."""


class Diverged(PostplaceError):
    """A loss, a probability or a vector that is NaN or infinite."""


class BadRun(PostplaceError):
    """A saved run that is incomplete, damaged, or made by something else."""


class BadWeights(PostplaceError):
    """Pretrained weights that are missing or are not the published ones."""


class BadVectors(PostplaceError):
    """Vectors computed elsewhere that are missing, given twice, or no vectors."""


class WriteFailed(PostplaceError):
    """A file that could not be written: no space, no permission."""


def unknown_name(where: str, name: str, known: Iterable[str]) -> BadOption:
    """An error for a misspelt name, with the nearest known one in its remedy.

    >>> str(unknown_name("model", "sgmft", ["mrlf", "sg-mft"]))
    "model: 'sgmft' is unknown; did you mean 'sg-mft'? (known: mrlf, sg-mft)"
    >>> str(unknown_name("model", "chinese", ["hi", "mrlf"]))
    "model: 'chinese' is unknown; take one of the known names (known: hi, mrlf)"
    """
    return UnknownName(where, name, known)


def one_line(error: BaseException, *, most: int = 200) -> str:
    """What another library's error says, on one line and cut short; its type where it says nothing.

    >>> one_line(ValueError("no such   layer")), one_line(KeyError("abcdef"), most=4), one_line(MemoryError())
    ('no such layer', "'abc", 'MemoryError')
    """
    return " ".join(str(error).split())[:most] or type(error).__name__


def write_failed(path: object, error: OSError) -> WriteFailed:
    """An error for an `OSError` met while writing `path`."""
    remedies = {
        13: "choose a folder you may write to",
        28: "free some disk space and run the same command again: what is finished is kept",
        30: "choose a folder that is not read-only",
    }
    remedy = remedies.get(error.errno or 0, "check the path and run the same command again")
    return WriteFailed(str(path), f"cannot be written ({error.strerror or error})", remedy)
