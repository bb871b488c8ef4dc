"""Words that say nothing of a place: which words of a text are left out, under each of two rules."""

from __future__ import annotations

import functools
from typing import Literal, get_args

from postplace.text.cleaning import for_words

WordRules = Literal["places", "sg-mft"]
"""How a text becomes words.

"sg-mft": as the paper has it (SG-MFT, sec. 3.1): jieba on the text as it is written, without the stop words of the
published lists, but for `PLACE_WORDS`. The runs of version 0.1.0 were made so.
"places": traditional Chinese is cut as simplified, numbers stay, and of the published lists only function words go.
"""
WORD_RULES: tuple[WordRules, ...] = get_args(WordRules)
PLACES: WordRules = "places"
SG_MFT: WordRules = "sg-mft"

# On the published list, but they are what this package looks for.
PLACE_WORDS = frozenset({"area", "areas", "home", "place", "places", "room", "rooms", "work", "works"})

# The published English list holds 1,298 entries: the codes of countries, numbers, `high`, `line`, `mill`, `old`. Here
# are the words with a grammatical role alone. Of the prepositions those that are part of names are missing: `up`,
# `under`; and `us`, which is a country as well; of the contractions those that are nouns without their apostrophe:
# `shell`, `shed`, `well`.
_ENGLISH = """
a an the this that these those
i me my mine myself we our ours ourselves you your yours yourself yourselves he him his himself she her hers herself
it its itself they them their theirs themselves who whom whose what which
am is are was were be been being have has had having do does did doing done would should could can cannot will shall
might must ought let
and but if or nor because as until while although though than so whether unless
of at by for with about against into through during before after to from in on over since
again then once here there when where why how all any both each few more most other some such no not only own same too
very just also ever even still yet now quite rather much many another every hi hello hey oh yes please
im ive id weve youre youve youd youll hes hed shes itd itll theyre theyve theyd theyll thats thatd thatll theres whos
whats heres wheres whens whys hows lets isnt arent wasnt werent hasnt havent hadnt doesnt dont didnt wont wouldnt shant
shouldnt cant couldnt mustnt mightnt neednt aint
"""
# Of the published Chinese list what belongs to an address or a name, or to a number: 浦东新 区, 三 号, 5 月, 外滩 边.
_CHINESE_KEPT = "一 二 三 四 五 六 七 八 九 零 年 月 日 时 分 秒 点 区 边 上 下 内 中 大 小 宁 巴 阿 朝 望 冲"


@functools.cache
def stop_words(rules: WordRules = PLACES) -> frozenset[str]:
    """The words that these rules leave out, with and without their apostrophes, as `for_words` leaves them.

    >>> {"line", "the", "us"} & stop_words("sg-mft") == {"line", "the", "us"}
    True
    >>> {"line", "the", "us"} & stop_words()
    {'the'}
    """
    if rules == SG_MFT:
        return _cleaned(published("zh", "en")) - PLACE_WORDS
    # the published Chinese list holds the full-width digits
    chinese = {word for word in _cleaned(published("zh")) if not word.isdecimal()} - set(_CHINESE_KEPT.split())
    return frozenset({*_ENGLISH.split(), *chinese})


def published(*languages: str) -> frozenset[str]:
    """The published lists of these languages."""
    import stopwordsiso

    return frozenset(stopwordsiso.stopwords(list(languages)))


def _cleaned(words: frozenset[str]) -> frozenset[str]:
    return frozenset(for_words(word) for word in words) - {""}
