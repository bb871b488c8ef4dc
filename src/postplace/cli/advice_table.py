"""Advice as a person or a program reads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from postplace.cli.tables import open_console
from postplace.cli.wording import text_in_options

if TYPE_CHECKING:
    from postplace.explain import Advice, AttackerView, Suggestion


def written(advice: Advice, format_: str) -> str:
    """The advice in that format: text or json."""
    if format_ == "json":
        return json.dumps(advice.to_dict(), ensure_ascii=False, indent=1) + "\n"
    console = open_console()
    with console.capture() as captured:
        _print(console, advice)
    return captured.get()


def _print(console: Console, advice: Advice) -> None:
    console.print(f"{advice.place}: {_seen(advice.before)}")
    if advice.transfer_before is not None:
        console.print(f"another attacker: {_seen(advice.transfer_before)}")
    if advice.without_hashtags is not None:
        console.print(f"without any hashtag: {_seen(advice.without_hashtags)}")
    of_both = "" if advice.transfer_before is None else " for both"
    console.print(f"goal: {advice.goal.describe()}{of_both}: {'reached' if advice.reached else 'NOT reached'}")
    if advice.suggestions:
        console.print(_table(advice))
        best = advice.suggestions[0]
        console.print(Text(f"the first leaves: {_left(best)}"))
    for note in advice.notes:
        console.print(f"note: {text_in_options(note)}")


def _table(advice: Advice) -> Table:
    """What another attacker has left stands first: it did not choose the edits."""
    transfer_view = advice.transfer_before is not None
    located = advice.before.expected_km is not None
    title = f"what to change ({advice.queries} edited posts tried), best first"
    table = Table(title=title, title_justify="left")
    table.add_column("", justify="right")
    table.add_column("edits", overflow="fold", max_width=70)
    names = [
        *(["another attacker"] if transfer_view else []),
        "this run",
        "answers",
        *(["off by km"] if located else []),
    ]
    for name in [*names, "meaning lost", "goal"]:
        table.add_column(name, justify="left" if name == "answers" else "right", no_wrap=True)
    for number, suggestion in enumerate(advice.suggestions, start=1):
        cells = [_fall(advice.transfer_before, suggestion.transfer_view)] if transfer_view else []
        cells += [_fall(advice.before, suggestion.view), suggestion.view.answer]
        cells += (
            [f"{suggestion.view.expected_km:.2f}" if suggestion.view.expected_km is not None else ""] if located else []
        )
        cells += [f"{suggestion.loss:.2f}", "yes" if suggestion.reached else "no"]
        table.add_row(str(number), Text("\n".join(edit.describe() for edit in suggestion.edits)), *map(Text, cells))
    return table


def _fall(before: AttackerView | None, after: AttackerView | None) -> str:
    if before is None or after is None:
        return ""
    return f"{before.probability:.3f} -> {after.probability:.3f}"


def _seen(view: AttackerView) -> str:
    km = "" if view.expected_km is None else f", expected to be missed by {view.expected_km:.2f} km"
    return f"probability {view.probability:.3f}{km}; the answer is {view.answer}"


def _left(suggestion: Suggestion) -> str:
    parts = [f'"{suggestion.text}"'] if suggestion.text else []
    parts += [" ".join(f"#{tag}" for tag in suggestion.hashtags)] if suggestion.hashtags else []
    return ", ".join(parts) or "no text and no hashtag"
