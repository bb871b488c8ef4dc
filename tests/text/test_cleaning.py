"""The two cleanings of a text."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postplace.text.cleaning import for_encoder, for_words


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
