"""What people of the synthetic city write."""

from __future__ import annotations

import re
from random import Random

from postplace.synthetic import phrases
from postplace.synthetic.gazetteer import CATEGORY_TAGS, GENERIC_TAGS, Site


def write_text(site: Site | None, *, chinese: bool, random: Random) -> str:
    """A text with words of the place, at least one that only this place has; without a place, talk about nothing."""
    starts = phrases.STARTS_ZH if chinese else phrases.STARTS_EN
    stops = phrases.STOPS_ZH if chinese else phrases.STOPS_EN
    asides = phrases.ASIDES_ZH if chinese else phrases.ASIDES_EN
    if site is None:
        main = random.choice(phrases.IDLE_ZH if chinese else phrases.IDLE_EN)
    else:
        frames = phrases.FRAMES_ZH if chinese else phrases.FRAMES_EN
        first, second = random.sample(site.zh if chinese else site.en, 2)
        main = random.choice(frames[site.category]).format(a=first, b=second, n="{n}", k="{k}", m="{m}")
    clauses = [main, *random.sample(asides, random.choice((1, 2, 2)))]
    if random.random() < 0.3:
        clauses[:2] = clauses[1::-1]  # the aside comes first
    start, stop = random.choice(starts), random.choice(stops)
    if chinese:
        return start + _filled(random.choice("，。 ").join(clauses), chinese=True, random=random) + stop
    text = start + _filled(random.choice((", ", ". ", " - ")).join(clauses), chinese=False, random=random) + stop
    return text[0].upper() + text[1:] if random.random() < 0.5 else text


def write_hashtags(site: Site | None, random: Random) -> tuple[str, ...]:
    """One to four hashtags with one or two of the place; without a place, generic ones only."""
    generic = random.sample(GENERIC_TAGS, random.choice((1, 1, 2)))
    if site is None:
        return tuple(generic)
    tags = random.sample(site.tags, random.choice((1, 2)))
    if random.random() < 0.4:
        tags.append(random.choice(CATEGORY_TAGS[site.category]))
    tags += generic[: random.choice((0, 1, 1))]
    random.shuffle(tags)
    return tuple(tags)


def leak_name(
    site: Site, text: str, hashtags: tuple[str, ...], *, into: str, chinese: bool, random: Random
) -> tuple[str, tuple[str, ...]]:
    """The same text and hashtags with the place's name or an alias in one of them: `into` is "text" or "hashtags"."""
    name = random.choice([n for n in (site.name, site.chinese_name, *site.aliases) if n.isascii() != chinese])
    if into == "hashtags":
        return text, (*hashtags, name.lower().replace(" ", ""))
    return text + random.choice((f" @ {name}", f" 📍{name}", f"，打卡{name}" if chinese else f" (at {name})")), hashtags


def use_slang(text: str, *, chinese: bool, random: Random) -> str:
    """The text in slang: a dictionary, and a word at its end."""
    if chinese:
        for word, slang in phrases.SLANG_ZH.items():
            text = text.replace(word, slang)
        return text + random.choice(phrases.SLANG_END_ZH)
    swapped = re.sub(r"\w+", lambda found: phrases.SLANG_EN.get(found[0].lower(), found[0]), text)
    return swapped + random.choice(phrases.SLANG_END_EN)


def misspell(text: str, *, rate: float, chinese: bool, random: Random) -> str:
    """The text with that share of its characters (Chinese) or words of four letters or more (English) misspelt."""
    if rate <= 0:
        return text
    if chinese:
        wrong = (phrases.SOUNDS_ALIKE.get(character, character) for character in text)
        return "".join(w if random.random() < rate else c for w, c in zip(wrong, text, strict=True))
    return re.sub(r"[A-Za-z]{4,}", lambda found: _typo(found[0], random) if random.random() < rate else found[0], text)


def add_markup(text: str, random: Random) -> str:
    """The text with what a network adds: a link, a mention, a bracketed emoticon."""
    token = "".join(random.choice("abcdefghkmnpqrstuvwxyz23456789") for _ in range(6))
    return text + random.choice(phrases.MARKUP).format(x=token)


def _typo(word: str, random: Random) -> str:
    at = random.randrange(1, len(word) - 1)
    return random.choice(
        (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
        )
    )


def _filled(text: str, *, chinese: bool, random: Random) -> str:
    """The text with a name for each {n}, a month for each {m} and a number for each {k}."""
    names = phrases.NAMES_ZH if chinese else phrases.NAMES_EN
    months = phrases.MONTHS_ZH if chinese else phrases.MONTHS_EN
    fills = {"{n}": names, "{m}": months, "{k}": [str(number) for number in range(2, 60)]}
    return re.sub(r"\{[nmk]\}", lambda slot: random.choice(fills[slot[0]]), text)
