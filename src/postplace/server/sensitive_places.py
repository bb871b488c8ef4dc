"""Which classes say that somebody lives there: by the words of their names, in the languages that posts are often in.

Some words say so wherever they stand (home, Wohnung, 公寓). A house is one only where nothing else says what it is:
alone (house, la casa, дом), somebody's (my house, Mom's House, casa mia), or of the family; the House of Blues, the
White House and the Villa Borghese are none. A room is one only where it is somebody's. In doubt a name counts as home.
"""

from __future__ import annotations

import re
import unicodedata


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


_HOMES = _words(
    "home homes residence residences residential apartment apartments apt apts condo condos condominium",
    "condominiums townhouse townhouses townhome dorm dorms dormitory dormitories dwelling dwellings household",
    "housing domicile hogar vivienda domicilio apartamento moradia abitazione appartamento appartement",
    "appartements logement résidence wohnung wohnhaus wohnheim studentenwohnheim elternhaus zuhause daheim thuis",
    "woning mieszkanie akademik дома домой квартира квартиры общежитие общага жилой дача evim evimiz rumahku 자택",
    "아파트 기숙사 원룸 우리집 내집",
)
_HOUSES = _words(
    "house houses flat flats bungalow cottage villa casa maison haus huis hus дом rumah nhà 집 家 बाड़ी घर บ้าน",
    "منزل المنزل بيت البيت بيتي בית הבית",
)
_ROOMS = _words(
    "place crib pad room bedroom bed couch sofa kitchen balcony backyard yard garden porch dom ev lar piso",
    "departamento chambre zimmer habitación cuarto stanza комната 방",
)
_OWNERS = _words(
    "my our your his her their mi nuestra nuestro mia mio nostra nostro minha meu nossa nosso ma mon notre mein",
    "meine meinem unser unsere mijn onze moj mój мой моя моём наш наша benim saya tôi mình 우리 내 나의 저희",
)
_FAMILY = _words(
    "mom moms mum mums mama mother mothers dad dads papa father fathers parent parents grandma grandmas grandpa",
    "grandpas grandparents granny grannys nana family folks aunt aunts auntie uncle uncles sister sisters brother",
    "brothers friend friends boyfriend girlfriend abuela abuelos padres mamá mamie nonna nonni oma opa eltern",
    "бабушка бабушки бабушкин мамин родителей родительский 엄마 아빠 할머니 할아버지 부모님 친구",
)
_SMALL = _words(
    "s the a an at in en on to back sweet new old own private de del di da do dei der die das dem el la le les à",
    "au chez bei im zu у в на",
)
_NAMES = frozenset({
    "zu hause", "bei mir", "bei uns", "chez moi", "chez nous", "у меня", "у нас", "家里", "家中", "在家", "回家",
    "到家", "自家", "老家", "娘家", "婆家", "家庭", "家门口", "私宅", "宅", "お家", "おうち", "うち", "寮",
})  # fmt: skip
_PARTS = (
    "住宅", "小区", "公寓", "宿舍", "住所", "居家", "居民", "民居", "寓所", "别墅", "別墅", "自宅",
    "実家", "我が家", "わが家", "学生寮", "アパート", "マンション", "社宅", "団地", "公屋", "屋苑",
)  # fmt: skip
_MINE = re.compile(
    r"(我|我们|咱|咱们|俺|爸|妈|爸妈|奶奶|爷爷|姥姥|姥爷|外公|父母)的?家(?![乡园具居电庭])|的家$|私の家|僕の家|俺の家"
)
_SOMEBODYS = re.compile(
    r"\w['’]s?\s+(?:(?:new|old|own|beach|lake|summer|country|little)\s+)?"
    r"(?:house|flat|place|crib|pad|villa|cottage|bungalow|room|bedroom|bed|couch|backyard)$"
)
_EITHER_SIDE = "|".join(sorted(map(re.escape, _HOUSES - {"家"})))
_OWN_HOUSE = re.compile(
    rf"\b(?:{'|'.join(sorted(_OWNERS))}) (?:{_EITHER_SIDE})\b|\b(?:{_EITHER_SIDE}) (?:{'|'.join(sorted(_OWNERS))})\b"
)


def is_home(name: str) -> bool:
    """Whether a class says that somebody lives there; in doubt it does.

    >>> [is_home(name) for name in ("Home (private)", "住宅区", "Mom's House", "casa mia", "家")]
    [True, True, True, True, True]
    >>> [is_home(name) for name in ("国家公园", "Opera House", "Villa Borghese", "Kölner Dom", "restaurant")]
    [False, False, False, False, False]
    """
    plain = unicodedata.normalize("NFKC", name).casefold().strip()
    words = re.findall(r"(?:[^\W_]|[\u0900-\u0dff\u0e00-\u0e7f])+", plain)  # vowel signs of India and Thailand too
    joined = " ".join(words)
    return (
        not _HOMES.isdisjoint(words)
        or joined in _NAMES
        or any(part in plain for part in _PARTS)
        or bool(_MINE.search(plain) or _SOMEBODYS.search(plain) or _OWN_HOUSE.search(joined))
        or _nothing_but_a_house(words)
    )


def _nothing_but_a_house(words: list[str]) -> bool:
    """Whether all words are of houses, rooms, owners and family: a house alone is a home, a room needs an owner."""
    kinds = set(words)
    if not kinds <= _HOUSES | _ROOMS | _OWNERS | _FAMILY | _SMALL:
        return False
    owned = not kinds.isdisjoint(_OWNERS | _FAMILY)
    return not kinds.isdisjoint(_HOUSES) or (owned and not kinds.isdisjoint(_ROOMS))
