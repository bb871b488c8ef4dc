"""The two cleanings of a text."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postplace.text.cleaning import LeftOut, for_encoder, for_words, left_out
from postplace.text.hashtags import find_hashtags
from postplace.text.segmentation import words


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("see http://a.org/b?c=1#d now", "see now"),
        ("HTTPS://A.org/x好看", "好看"),
        ("看www.a.com/x 好", "看 好"),
        ("看http://t.cn/A6xyz好看", "看 好看"),
        ("t.cn/A6xyz", ""),
        ("at.cn/x stays", "at.cn/x stays"),
        ("@小明 你好 @bob_1: hi", "你好 hi"),
        ("好//@张三：回复@李四:对//@a.b: x", "好 回复 对 x"),
        ("mail a@b.org", "mail a@b.org"),
        ("@ Central Park", "@ Central Park"),
        ("在#外滩#看 #sunset", "在 看"),
        ("  a \n\t b\u3000c\u200b ", "a b c"),
        ("喜欢[心]😀👨‍👩‍👧，真的!", "喜欢[心]😀👨‍👩‍👧，真的!"),
        ("A&amp;B &lt;3 it&#39;s&;&;end", "A&B <3 it's end"),
        ("", ""),
        ("\u200b", ""),
        ("\u200e\u202e", ""),
        ("\u200d \u2060", ""),
        ("@小明\u200b外滩 http://a.org\u200b夜景", "外滩 夜景"),
        ("#caf&eacute; &#35;外滩", "é #外滩"),
    ],
)
def test_for_encoder(text: str, cleaned: str) -> None:
    assert for_encoder(text) == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("转发//@小明: 好[喵]吃！！", "转发 好 吃"),
        ("a//b", "a b"),
        ("[喵][doge]", ""),
        ("，。、；：？！“”‘’（）【】《》…—～·", ""),
        ("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", ""),
        ("ＡＢＣ１２３", "abc123"),
        ("It's O’Neill", "its oneill"),
        ("😀❤️👍🏽 👨‍👩‍👧", "😀❤️👍🏽 👨‍👩‍👧"),
        ("नमस्ते ÉTÉ 서울 東京タワー", "नमस्ते été 서울 東京タワー"),
        ("3.5km &amp; 20℃", "3 5km 20 c"),
    ],
)
def test_for_words(text: str, cleaned: str) -> None:
    assert for_words(text) == unicodedata.normalize("NFKC", cleaned)


@given(st.text(st.sampled_from("#@/:[]&;.a1 外喵😀\n\u200b＃") | st.characters(), max_size=60))
def test_cleaned_texts_are_on_one_line_and_stay_clean(text: str) -> None:
    assert for_encoder(text) == " ".join(for_encoder(text).split())
    cleaned = for_words(text)
    assert cleaned == " ".join(cleaned.split())
    assert not any(
        unicodedata.category(character)[0] in "PC" for character in cleaned if character not in "\u200c\u200d"
    )
    assert for_words(cleaned).replace(" ", "") == cleaned.replace(" ", "")


@pytest.mark.parametrize(
    "piece", ["#a", " #上", "#上", "#", "@", "//", "http", "http://#", "[a", "@a.", "a.t.cn/", "#a "]
)
def test_a_hostile_text_takes_no_longer_than_its_length(piece: str) -> None:
    started = time.process_time()
    for_words(piece * 20_000)
    assert time.process_time() - started < 2  # a quadratic pattern takes minutes


@pytest.mark.parametrize(
    ("text", "tags", "encoded", "found"),
    [
        ("#外滩\u200b夜景", ("外滩夜景",), "", []),  # nobody sees a zero-width space: it makes no other tag
        ("#New\u200bYork trip", ("NewYork",), "trip", ["trip"]),
        ("#外滩\u200b夜景#", ("外滩夜景",), "", []),
        ("#外滩\u2060夜景 tea", ("外滩夜景",), "tea", ["tea"]),  # nor does a word joiner
        ("#\u200fתלאביב", ("תלאביב",), "", []),
        ("لقد #مكة\u200eالمكرمة", ("مكةالمكرمة",), "لقد", ["لقد"]),
        ("\u2068#bund\u2069 walk", ("bund",), "walk", ["walk"]),
        ("#کتاب\u200cخانه", ("کتاب\u200cخانه",), "", []),  # a joiner makes letters
        ("＃外滩＃夜景", ("外滩",), "夜景", ["夜景"]),
        ("#外滩＃", ("外滩",), "", []),
        ("#Zürich", ("Zürich",), "", []),
        ("#Zu\u0308rich", ("Zürich",), "", []),
        ("#東京", ("東京",), "", []),
        ("#臺灣大學", ("臺灣大學",), "", []),
        ("#2024", (), "#2024", ["2024"]),
        ("#520#", (), "#520#", ["520"]),
        ("#café☕️", ("café☕️",), "", []),
        ("#👨‍👩‍👧", ("👨‍👩‍👧",), "", []),
        ("#🏴\U000e0067\U000e0062\U000e007f tea", ("🏴\U000e0067\U000e0062\U000e007f",), "tea", ["tea"]),
        ("#hello-world", ("hello",), "-world", ["world"]),
        ("#St.Pauli", ("St",), ".Pauli", ["pauli"]),
        ("#C3PO", ("C3PO",), "", []),
        ("#a_b", ("a_b",), "", []),
        ("#İstanbul", ("İstanbul",), "", []),
        ("#ǅ", ("ǅ",), "", []),
        ("in [Louvre] now", (), "in [Louvre] now", ["louvre"]),
        ("#外滩[心]# #巴黎[Louvre]#", ("外滩", "巴黎[Louvre]"), "", []),
        ("@外滩观景台 今天", (), "今天", ["今天"]),
        ("我在@上海迪士尼度假区 玩", (), "我在 玩", ["玩"]),
        ("Just posted a photo @ Dresden", (), "Just posted a photo @ Dresden", ["posted", "photo", "dresden"]),
        ("I'm at Starbucks (@starbucks) in Berlin", (), "I'm at Starbucks ( ) in Berlin", ["starbucks", "berlin"]),
        ("ab#外滩", (), "ab#外滩", ["ab", "外滩"]),
        ("https://x.com/#tag #t", ("t",), "", []),
        ("😀😀", (), "😀😀", ["😀", "😀"]),
    ],
)
def test_what_is_written_is_a_tag_or_a_word_and_nothing_is_neither(
    text: str, tags: tuple[str, ...], encoded: str, found: list[str]
) -> None:
    assert (find_hashtags(text), for_encoder(text), words(text)) == (tags, encoded, found)


@given(st.text(st.sampled_from("#＃ab外滩 \u200b\u200f\u2060\u00ad，C"), max_size=25))
def test_every_letter_is_in_the_text_or_in_a_tag(text: str) -> None:
    def letters(parts: str) -> set[str]:
        return {character for character in parts if character.isalnum()}

    assert letters(text) == letters(for_encoder(text)) | letters("".join(find_hashtags(text)))


def test_what_is_left_out_is_counted() -> None:
    text = "//@ann: 外滩[心]［Doge］ @bob http://a.org t.cn/Ab #tag[心]# [Louvre]"
    assert left_out(text) == LeftOut(links=2, mentions=2, emoticons=("[心]", "[doge]"))
