"""Options that are numbers or lists of names, checked in one place: errors name the option, the value and the range."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral, Real

from postplace.errors import BadOption

LARGEST_SEED = 2**32 - 1  # what numpy and scikit-learn take, and the seeds of PyTorch are among them


def check_whole(name: str, value: object, *, least: int = 0, most: int | None = None, remedy: str = "") -> int:
    """The value as an int; BadOption for anything else, and out of the range. `remedy` is said beside the range.

    >>> check_whole("cells", 4, least=2)
    4
    >>> check_whole("cells", 1.5, least=2)
    Traceback (most recent call last):
    postplace.errors.BadOption: cells: 1.5 is not a whole number; give a whole number from 2 on
    """
    wanted = f"give a whole number from {least} " + ("on" if most is None else f"to {most}") + remedy
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise BadOption(name, f"{value!r} is not a whole number", wanted)
    number = int(value)
    if number < least or (most is not None and number > most):
        raise BadOption(name, f"{value} is out of range", wanted)
    return number


def check_whole_or_none(name: str, value: object, *, least: int = 0, remedy: str = "") -> int | None:
    """As `check_whole`, of an option that may be left out."""
    return None if value is None else check_whole(name, value, least=least, remedy=remedy)


def check_seed(value: object, name: str = "seed") -> int:
    """A seed, from 0 to 2**32 - 1: one range for whatever is drawn, whichever library draws it.

    >>> check_seed(-1)
    Traceback (most recent call last):
    postplace.errors.BadOption: seed: -1 is out of range; give a whole number from 0 to 4294967295
    """
    return check_whole(name, value, least=0, most=LARGEST_SEED)


def check_folds(value: object) -> int | None:
    """A number of folds, from 2 on; None where nothing is cross-validated."""
    return check_whole_or_none("folds", value, least=2, remedy=", usually 5 or 10")


def check_share(name: str, value: object, *, what: str = "a number from 0 to 1") -> float:
    """A number from 0 to 1 as a float; BadOption for anything else, NaN too.

    >>> check_share("max_portrait", 0.5), check_share("max_portrait", 1)
    (0.5, 1.0)
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise BadOption(name, f"{value!r} is not a number", f"give {what}")
    share = float(value)
    if not 0 <= share <= 1:
        raise BadOption(name, f"{value} is out of range", f"give {what}")
    return share


def check_names(name: str, value: object) -> tuple[str, ...]:
    """A sequence of names; a single one, given as a text, is a sequence of one.

    >>> check_names("modalities", "text"), check_names("modalities", ["text", "image"])
    (('text',), ('text', 'image'))
    """
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, Iterable) or isinstance(value, bytes):
        raise BadOption(name, f"{value!r} is no list of names", "give names, such as ['a', 'b']")
    names = tuple(value)
    if wrong := [each for each in names if not isinstance(each, str)]:
        raise BadOption(name, f"{wrong[0]!r} is no name", "give names, such as ['a', 'b']")
    return names
