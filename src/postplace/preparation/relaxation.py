"""What to try when filters leave nothing to train on: the parameter of the rule that took most, with a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from postplace.preparation.filters import (
    MODALITIES,
    Filter,
    Languages,
    Modalities,
    Portraits,
    RareHashtags,
    RarePlaces,
    has,
)
from postplace.preparation.language import detect_language
from postplace.schema import Post
from postplace.text.hashtags import normalise_hashtag


class Applied(NamedTuple):
    """A rule, and the training posts before and after it."""

    filter: Filter
    before: Sequence[Post]
    after: Sequence[Post]

    @property
    def took(self) -> int:
        """How many training posts it removed."""
        return len(self.before) - len(self.after)


def loosened(applied: Sequence[Applied]) -> str:
    """The rule that took most training posts, and the parameter to give; "" when no rule took any."""
    worst = max(applied, key=lambda step: step.took, default=None)
    if worst is None or not worst.took:
        return ""
    return f"loosen the rule that took most ({worst.filter.rule}), for example {_option(worst, applied)}"


def possible_requirement(posts: Sequence[Post], required: Iterable[str]) -> str:
    """What `require` may ask for so that a post is left: as much of `required` as goes, else what posts have.

    >>> possible_requirement([Post("1", hashtags=("night",))], ("text", "image"))
    'hashtags'
    """
    for names in (list(required), list(MODALITIES)):
        counts = {name: sum(has(post, name) for post in posts) for name in names}
        while names := [name for name in names if counts[name]]:
            if any(all(has(post, name) for name in names) for post in posts):
                return ",".join(names)
            names.remove(min(names, key=lambda name: counts[name]))
    return "none"


def _option(worst: Applied, applied: Sequence[Applied]) -> str:
    rule = worst.filter
    if isinstance(rule, RarePlaces):
        most = max(Counter(post.place for post in worst.before if post.place is not None).values(), default=0)
        return f"`min_place_posts={max(1, most // 2)}` (the largest place has {most} training posts)"
    if isinstance(rule, Languages):
        languages = Counter(detect_language(post.text, keep=rule.keep) for post in worst.before)
        others = [name for name, _ in languages.most_common() if name is not None and name not in rule.keep]
        return f"`languages={(*rule.keep, *others[:1])!r}`"
    if isinstance(rule, Modalities):
        return _modality_option(rule, worst, applied)
    return "another recipe"


def _modality_option(rule: Modalities, worst: Applied, applied: Sequence[Applied]) -> str:
    """What most posts lack may have been taken from them by an earlier rule: then that is the one to loosen."""
    lacking = max(rule.required, key=lambda name: sum(not has(post, name) for post in worst.before))
    earlier = applied[: [step is worst for step in applied].index(True)]
    for step in earlier:
        if lacking == "hashtags" and isinstance(step.filter, RareHashtags):
            counts = Counter(tag for post in step.before for tag in {normalise_hashtag(t) for t in post.hashtags})
            if most := max(counts.values(), default=0):
                return f"`min_hashtag_posts={max(1, most // 2)}` (the commonest hashtag is in {most} training posts)"
        if lacking == "image" and isinstance(step.filter, Portraits) and any(post.images for post in step.before):
            return "`max_portrait=1`"
    return f"`require={possible_requirement(worst.before, rule.required)!r}`"
