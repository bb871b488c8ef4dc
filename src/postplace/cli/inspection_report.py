"""What `postplace inspect` found, for a person or as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from postplace.cli.wording import text_in_options
from postplace.system.json_types import JsonObject

if TYPE_CHECKING:
    from postplace.splitting.inspection import Inspection
    from postplace.splitting.place_name_leaks import KnownNames, MaskedPosts, NameLeaks

    Splits = Mapping[str, tuple[int, dict[str, int]] | str]

SHOWN = 8  # classes and names that are named one by one
SHOWN_FILES = 3


def as_lines(
    inspection: Inspection,
    known: KnownNames,
    leaks: NameLeaks,
    splits: Splits,
    masked: MaskedPosts | None,
    notes: Sequence[str] = (),
) -> Iterator[str]:
    """For a person: short, whatever the number of posts."""
    yield from _count_lines(inspection)
    yield from _names(known, leaks, inspection)
    yield from _split_table(splits, near=inspection.fingerprints.compares_near_copies)
    yield from _shares(inspection)
    warnings = _warnings(inspection, leaks, splits)
    yield "would leak or flatter:" if warnings else "nothing found that would leak"
    yield from (f"  - {text_in_options(warning)}" for warning in warnings)
    if notes:
        yield "of the split that train would draw:"
        yield from (f"  - {text_in_options(note)}" for note in notes)
    if masked is not None:
        yield (
            f"masked:    {masked.changed} of {inspection.posts} posts: names in {masked.texts} texts, "
            f"{masked.hashtags} hashtags dropped; {masked.nothing_left} posts have nothing left to go by"
        )
        if leaks.known["file names"]:
            yield f"           {leaks.known['file names']} posts name a place in a file name: rename the files"


def as_json(
    inspection: Inspection,
    known: KnownNames,
    leaks: NameLeaks,
    splits: Splits,
    masked: MaskedPosts | None,
    notes: Sequence[str] = (),
) -> Iterator[str]:
    """The same and more (every name left out, the first hundred files), as one JSON object."""
    from postplace.splitting.inspection import FIELDS
    from postplace.splitting.overlap import class_priors
    from postplace.splitting.place_name_leaks import ANYWHERE, WHERE
    from postplace.text.tokens import LENGTHS

    columns = (*WHERE, ANYWHERE)
    texts, pictures = inspection.fingerprints.repeated()
    report: dict[str, Any] = {
        "posts": inspection.posts,
        "present": {name: inspection.present[name] for name in FIELDS},
        "patterns": dict(inspection.patterns),
        "images": dict(inspection.images),
        "pictures": dict(inspection.images),  # the name that the key had in version 0.1: it goes with version 0.3
        "left_out": _words_left_out(inspection),
        "places": len(inspection.places),
        "venues": len(inspection.venues),
        "categories": len(inspection.categories),
        "users": len(inspection.users),
        "busiest_user_posts": max(inspection.users.values(), default=0),
        "first": inspection.first.isoformat() if inspection.first else None,
        "last": inspection.last.isoformat() if inspection.last else None,
        "box": list(inspection.box) if inspection.box else None,
        "repeated_texts": texts,
        "repeated_pictures": pictures,
        "not_read": {"lengths": dict(LENGTHS), "losses": inspection.losses.to_json()},
        "names": {
            "looked_for": len(known.matcher),
            "left_out": {reason: list(names) for reason, names in known.matcher.left_out.items()},
            "own": {kind: {where: counts[where] for where in columns} for kind, counts in leaks.own.items()},
            "any": {where: leaks.known[where] for where in columns},
            "most_found": dict(leaks.names.most_common(100)),
            "by_class": dict(leaks.by_class.most_common(100)),
            "files": leaks.files,
        },
        "near_copies_of_texts_compared": inspection.fingerprints.compares_near_copies,
        "test_posts_shared_with_training": {
            name: {"error": result} if isinstance(result, str) else {"test_posts": result[0], **result[1]}
            for name, result in splits.items()
        },
        "busiest_user_by_class": [
            {"class": share.name, "posts": share.posts, "busiest": share.busiest}
            for share in (class_priors(inspection.fingerprints) if inspection.users else [])[:100]
        ],
        "warnings": _warnings(inspection, leaks, splits),
        "split_notes": list(notes),
    }
    if masked is not None:
        keys = ("changed", "texts", "hashtags", "nothing_left")
        report["masked"] = {key: getattr(masked, key) for key in keys}
    yield json.dumps(report, indent=2, ensure_ascii=False)


def _words_left_out(inspection: Inspection) -> JsonObject:
    """What `_left_out` says, as plain data."""
    return {
        "words": inspection.words,
        "stop_words": inspection.stop_words.total(),
        "emoticons": inspection.emoticons.total(),
        **{name: inspection.markup[name] for name in ("links", "mentions")},
        "texts_without_another_word": inspection.wordless,
        "most_frequent": dict((inspection.stop_words + inspection.emoticons).most_common(100)),
    }


def _warnings(inspection: Inspection, leaks: NameLeaks, splits: Splits) -> list[str]:
    from postplace.splitting.inspection import leak_warnings

    crossing = []
    for name, result in splits.items():
        if isinstance(result, str):
            crossing.append(f"there is no split {name}: {result}")
        elif name != "post by post":
            shared = {
                key: number for key, number in result[1].items() if number and key not in ("short text", "stock text")
            }
            if shared:
                crossing.append(
                    f"split {name}: of {result[0]} test posts some share with training: {_counts(Counter(shared))}"
                )
    return [*leak_warnings(leaks), *inspection.warnings(), *crossing]


def _count_lines(inspection: Inspection) -> Iterator[str]:
    from postplace.splitting.inspection import FIELDS

    yield f"{inspection.posts} posts"
    yield "present:   " + ", ".join(f"{name} {inspection.present[name] / inspection.posts:.0%}" for name in FIELDS)
    yield "patterns:  " + _counts(inspection.patterns) + "   (T text, G hashtags, I image)"
    yield from _left_out(inspection)
    if inspection.images:
        yield (
            "images:    "
            + _counts(inspection.images)
            + "   (as predict reads them; damage that the pixels alone show is found when they are decoded)"
        )
    yield from _lengths(inspection)
    for title, counter in (
        ("places:", inspection.places),
        ("venues:", inspection.venues),
        ("categories:", inspection.categories),
    ):
        if counter:
            sizes = sorted(counter.values())
            spread = f"{len(counter)}, of {sizes[0]} to {sizes[-1]} posts (median {sizes[len(sizes) // 2]})"
            yield f"{title:<10} {spread}; largest: {_counts(counter)}"
    if inspection.users:
        busiest = inspection.users.most_common(1)[0][1]
        yield f"users:     {len(inspection.users)}, the busiest with {busiest} posts ({busiest / inspection.posts:.1%})"
    if inspection.first and inspection.last:
        yield f"time:      {inspection.first:%Y-%m-%d} to {inspection.last:%Y-%m-%d}"
    if inspection.box:
        south, west, north, east = inspection.box
        across = " (across the antimeridian)" if west > east else ""
        yield f"area:      {south:.4f} to {north:.4f} degrees north, {west:.4f} to {east:.4f} degrees east{across}"


def _left_out(inspection: Inspection) -> Iterator[str]:
    """What of the texts models of words do not read."""
    stop_words, emoticons = inspection.stop_words.total(), inspection.emoticons.total()
    sentences = []
    if inspection.words:
        share = f"{stop_words} of {inspection.words} words are stop words ({stop_words / inspection.words:.0%})"
        sentences.append(f"{share}: {_counts(inspection.stop_words)}" if stop_words else share)
    if emoticons:
        sentences.append(f"{emoticons} emoticons: {_counts(inspection.emoticons)}")
    if markup := +inspection.markup:
        sentences.append(_counts(markup))
    if inspection.wordless:
        whose = "1 text has" if inspection.wordless == 1 else f"{inspection.wordless} texts have"
        sentences.append(f"{whose} no other words")
    for title, line in zip_longest(["left out: "][: len(sentences)], sentences, fillvalue=" " * len("left out: ")):
        yield f"{title} {line}"


def _lengths(inspection: Inspection) -> Iterator[str]:
    """What networks of characters and words would not read of these posts."""
    from postplace.text.tokens import LENGTHS
    from postplace.truncation import truncation_lines

    if lines := truncation_lines(inspection.losses.to_json()):
        limits = f"{LENGTHS['max_characters']} characters, {LENGTHS['max_words']} words of the text"
        limits += f" and {LENGTHS['max_hashtags']} words of the hashtags"
        yield f"lengths:   models of characters and words read the first {limits} by default:"
        yield from (f"           {line}" for line in lines)


def _names(known: KnownNames, leaks: NameLeaks, inspection: Inspection) -> Iterator[str]:
    from postplace.splitting.place_name_leaks import ANYWHERE, WHERE

    yield "names:     " + _looked_for(known, inspection)
    if not leaks.known:
        yield "           no post names any of them"
        return
    columns = (*WHERE, ANYWHERE)
    yield "  posts that name" + "".join(f"{column:>14}" for column in columns)
    rows = {f"their own {kind}": counts for kind, counts in leaks.own.items() if counts} | {"any name": leaks.known}
    for title, counts in rows.items():
        yield f"    {title:<19}" + "".join(
            f"{counts[column]:>{width}}" for column, width in zip(columns, (8, 14, 14, 14), strict=True)
        )
    yield "  most found:  " + _counts(leaks.names)
    if leaks.by_class:
        sizes = inspection.places if inspection.places else inspection.categories
        named = [f"{name} {count} of {sizes[name]}" for name, count in leaks.by_class.most_common(SHOWN)]
        yield "  their own, by class:  " + ", ".join(named) + (", ..." if len(leaks.by_class) > SHOWN else "")
    if leaks.files:
        yield "  files:  " + ", ".join(leaks.files[:SHOWN_FILES]) + (", ..." if len(leaks.files) > SHOWN_FILES else "")


def _looked_for(known: KnownNames, inspection: Inspection) -> str:
    """How many names, with one of each kind, so that ids taken for names are seen; and how many were left out."""
    counters = {"place": inspection.places, "venue": inspection.venues, "category": inspection.categories}
    examples = [repr(counters[kind].most_common(1)[0][0]) for kind in known.kinds if counters[kind]]
    shown = f" (as {', '.join(examples)}; if these are ids, --places gives their names)" if examples else ""
    left_out = ", ".join(f"{len(names)} {reason}" for reason, names in known.matcher.left_out.items())
    nothing = "" if len(known.matcher) else "; --places gives some"
    return f"{len(known.matcher)} looked for{shown}{nothing}" + (f"; not: {left_out}" if left_out else "")


def _split_table(splits: Splits, *, near: bool) -> Iterator[str]:
    from postplace.splitting.overlap import SHARED

    made = {name: result for name, result in splits.items() if not isinstance(result, str)}
    if not made:
        return
    copies = "texts: near copies, too" if near else "texts: equal ones alone, there are too many posts for near copies"
    yield f"split:     test posts that share with a training post ({copies}; images: equal files)"
    yield "                           of" + "".join(f"{name:>14}" for name in SHARED)
    for name, (size, shared) in made.items():
        yield f"    {name:<19}{size:>6}" + "".join(f"{shared[key]:>14}" for key in SHARED)


def _shares(inspection: Inspection) -> Iterator[str]:
    from postplace.splitting.overlap import class_priors

    shares = class_priors(inspection.fingerprints) if inspection.users else []
    if shares:
        named = [f"{share.name} {share.share:.0%}" for share in shares[:SHOWN]]
        yield "busiest user of each class:  " + ", ".join(named) + (", ..." if len(shares) > SHOWN else "")


def _counts(counter: Counter[str]) -> str:
    named = ", ".join(f"{name} {count}" for name, count in counter.most_common(SHOWN))
    return named + (", ..." if len(counter) > SHOWN else "")
