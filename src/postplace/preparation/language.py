"""The language of a short post, or that it cannot be detected: py3langid, restricted to the languages of such posts."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from postplace.errors import BadOption, unknown_name
from postplace.system.option_checks import check_names
from postplace.text.cleaning import for_encoder

# What posts from big cities are mostly written in. Among all 140 languages that py3langid knows, a caption of three
# words falls to some rare one by chance; among the kept languages alone, every text would be of a kept one.
CANDIDATES = (
    *("ar", "de", "el", "en", "es", "fa", "fr", "he", "hi", "id", "it", "ja", "ko"),
    *("ms", "nl", "pl", "pt", "ru", "sv", "th", "tl", "tr", "uk", "vi", "zh"),
)
FEWEST_BYTES = 10  # of letters, in UTF-8: four Chinese characters, three Latin words
LEAST_DOUBT = 0.05  # a kept language as probable as this is not excluded


@lru_cache(maxsize=1 << 17)
def detect_language(text: str, *, keep: tuple[str, ...]) -> str | None:
    """The language (ISO 639-1) of a post's text without links, mentions and hashtags; None where it cannot be detected.

    It cannot be detected with fewer than 10 bytes of letters, nor while no kept language is probable (at least 0.5 for
    all of them together) but none is excluded either (0.05). Raises BadOption for a language that is not known.

    >>> [detect_language(text, keep=("en",)) for text in ("A walk in the park", "Hoy en el parque", "wow")]
    ['en', 'es', None]
    """
    plain = for_encoder(text)
    if len("".join(filter(str.isalpha, plain)).encode("utf-8", "replace")) < FEWEST_BYTES:
        return None
    ranked = _identifier(frozenset({*CANDIDATES, *keep})).rank(plain)
    kept = sum(probability for name, probability in ranked if name in keep)
    if kept >= 0.5:
        return str(next(name for name, _ in ranked if name in keep))
    return str(ranked[0][0]) if kept < LEAST_DOUBT else None


def check_languages(names: Iterable[str] | str) -> tuple[str, ...]:
    """Names of languages, each known to the identifier; raises BadOption for any other."""
    codes = tuple(dict.fromkeys(name.strip().lower() for name in check_names("languages", names) if name.strip()))
    for name in codes:
        if name not in CANDIDATES and name not in _every_language():  # the usual ones without loading anything
            raise unknown_name("languages", name, CANDIDATES)
    return codes


@lru_cache(maxsize=1)
def _every_language() -> frozenset[str]:
    return frozenset(_load().labels)


@lru_cache(maxsize=4)
def _identifier(languages: frozenset[str]) -> Any:
    identifier = _load()
    identifier.set_languages(sorted(languages))
    return identifier


def _load() -> Any:
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError:
        remedy = "pip install py3langid, or prepare without a language filter (`languages=none`)"
        raise BadOption(
            "languages", "telling languages apart needs py3langid, which is not installed", remedy
        ) from None
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
