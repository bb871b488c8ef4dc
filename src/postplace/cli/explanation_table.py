"""An explanation as a person, a program or a browser reads it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from postplace.cli.tables import open_console

if TYPE_CHECKING:
    from postplace.explain import Effect, Explanation, Part
    from postplace.locator import PostLocator
    from postplace.schema import Post

SHOWN = 12  # parts named before the rest is counted
BAR = 12  # characters of the longest bar
NOTICEABLE = 0.0005  # nats; what moves less is counted as nothing


def written(locator: PostLocator, post: Post, explanation: Explanation, format_: str) -> str:
    """The explanation in that format: text, json or html."""
    if format_ == "json":
        return json.dumps(explanation.to_dict(), ensure_ascii=False, indent=1) + "\n"
    if format_ == "html":
        from postplace.explain.page import page

        return page(locator, post, explanation)
    return _shown(explanation)


def _shown(explanation: Explanation) -> str:
    console = open_console()
    with console.capture() as captured:
        _print(console, explanation)
    return captured.get()


def _print(console: Console, explanation: Explanation) -> None:
    whole, nothing = explanation.whole, explanation.nothing
    answer = "" if explanation.place == explanation.answer else f" (the run's answer is {explanation.answer})"
    console.print(
        f"{explanation.place}{answer}: probability {whole.probability:.3f}, log-odds {whole.log_odds:+.2f}; "
        f"of a post with nothing in it {nothing.probability:.3f}, {nothing.log_odds:+.2f}"
    )
    console.print(
        _table("what each modality gave (Shapley values: they add up to the difference)", explanation.modalities)
    )
    noticeable = [effect for effect in explanation.parts if abs(effect.log_odds) >= NOTICEABLE]
    ranked = sorted(noticeable, key=lambda effect: -abs(effect.log_odds))[:SHOWN]
    if explanation.parts:
        by_gradients = "integrated gradients: shares of the difference"
        title = by_gradients if explanation.method == "gradients" else "what is lost without this one part"
        console.print(_table(title, [effect for effect in noticeable if effect in ranked]))
        if len(noticeable) > len(ranked):
            console.print(f"and {len(noticeable) - len(ranked)} parts that moved it less (all of them: --format json)")
        if len(explanation.parts) > len(noticeable):
            console.print(f"{len(explanation.parts) - len(noticeable)} more did not move it")
    if explanation.not_read:
        console.print(Text(f"not read: {_named(explanation.not_read)}"))
    if explanation.evidence:
        console.print(_neighbours(explanation))
    for note in explanation.notes:
        console.print(f"note: {note}")


def _named(parts: Sequence[Part]) -> str:
    """The first of some words and hashtags, and how many there are."""
    names = [f"#{part.name}" if part.kind == "hashtag" else part.name for part in parts]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}; nothing is known of what they give away"


def _table(title: str, effects: Sequence[Effect]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("what", no_wrap=True)
    table.add_column("which", overflow="fold", max_width=50)
    for name in ("nats", "probability"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    longest = max((abs(effect.log_odds) for effect in effects), default=0.0)
    for effect in effects:
        part, length = effect.part, round(BAR * abs(effect.log_odds) / longest) if longest else 0
        bar = ("+" if effect.log_odds > 0 else "-") * length
        cells = (f"{effect.log_odds:+.3f}", f"{effect.probability:+.3f}", bar)
        table.add_row(part.kind, Text(part.name), *cells)
    return table


def _neighbours(explanation: Explanation) -> Table:
    table = Table(title="training posts most like it", title_justify="left")
    for name in ("post", "where it was", "cosine"):
        table.add_column(name, justify="right" if name == "cosine" else "left")
    for near in explanation.evidence:
        table.add_row(Text(near.id), Text(near.place), f"{near.similarity:.3f}")
    return table
