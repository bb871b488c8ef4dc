"""Hashtags in both shapes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postplace.text.cleaning import hashtag_spans, visible
from postplace.text.hashtags import find_hashtags, normalise_hashtag, remove_hashtags, split_hashtag, unite_hashtags


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#a #b", ("a", "b")),
        ("#a# #b#", ("a", "b")),
        ("#国庆# and #国庆", ("国庆",)),
        ("＃外滩＃好", ("外滩",)),
        ("我在#外滩#看夜景", ("外滩",)),
        ("去KTV#唱歌#吧", ("唱歌",)),
        ("现场 #路人视角", ("路人视角",)),
        ("#国庆 这个国庆，欢乐! #合肥", ("国庆", "合肥")),
        ("#国庆 这个国庆，欢乐!#合肥", ("国庆", "合肥")),
        ("#the way i love you[音乐]#", ("the way i love you",)),
        ("#王一博[超话]#", ("王一博",)),
        ("#你好，李焕英#好看", ("你好，李焕英",)),
        ("#food#travel#rome", ("food", "travel", "rome")),
        ("#food#travel", ("food", "travel")),
        ("#上海#外滩真美", ("上海",)),
        ("#上海#外滩#夜景", ("上海", "外滩", "夜景")),
        ("#上海#今天很好 #开心", ("上海", "开心")),
        ("#서울#카페", ("서울", "카페")),
        ("#東京#大阪", ("東京", "大阪")),
        ("＃ラーメン＃寿司", ("ラーメン", "寿司")),
        ("好吃＃ラーメン＃寿司＃東京", ("ラーメン", "寿司", "東京")),
        ("#ﾗｰﾒﾝ#寿司。", ("ﾗｰﾒﾝ", "寿司")),
        ("楽しかった！ #京都#奈良", ("京都", "奈良")),
        ("#臺北#夜市 #美食", ("臺北", "夜市", "美食")),
        ("我在#外灘#看夜景", ("外灘",)),
        ("#香港美食#銅鑼灣這家店真的很好吃", ("香港美食",)),
        ("#上海#外滩#夜景#美食", ("上海", "外滩", "夜景", "美食")),
        ("#美食#打卡#上海#", ("美食", "上海")),
        ("#航海王の剧场版#好看", ("航海王の剧场版",)),
        ("#上海\u200b外滩 #外滩\u200b", ("上海外滩", "外滩")),
        ("#東京\u200b#大阪", ("東京", "大阪")),
        ("#New_York! #été. #नमस्ते", ("New_York", "été", "नमस्ते")),
        ("#1st #2024年", ("1st", "2024年")),
        ("#❤️", ("❤️",)),
        ("C# and F# and C#和F#", ()),
        ("we are #1, #1921#", ()),
        ("http://a.org/b#c www.a.org/#d", ()),
        ("http://t.cn/Abc#外滩#", ("外滩",)),
        ("it&#39;s", ()),
        ("# a # b # #️⃣ ##", ()),
        ("合肥婚纱照#", ()),
    ],
)
def test_find_hashtags(text: str, tags: tuple[str, ...]) -> None:
    assert find_hashtags(text) == tags


def test_remove_hashtags_takes_out_what_is_found() -> None:
    assert remove_hashtags("在#外滩#看C#的书 #sunset.").split() == ["在", "看C#的书", "."]


@given(st.text(st.sampled_from("#＃a1 外，.[]\n&/C😀") | st.characters(), max_size=50))
def test_spans_are_in_order_and_begin_with_a_mark(text: str) -> None:
    last = 0
    for start, end, name in hashtag_spans(text):
        assert last <= start < end <= len(text)
        assert text[start] in "#＃"
        assert name
        assert name in visible(text[start:end]).replace("＃", "#")
        last = end


@pytest.mark.parametrize(
    ("tag", "normal"),
    [
        ("#NewYork", "newyork"),
        ("＃外滩＃", "外滩"),
        (" New York ", "newyork"),
        ("ＳＴＲＡßE", "strasse"),
        ("", ""),
        ("İstanbul", "istanbul"),
        ("外\u200b滩\u200f", "外滩"),
        ("Zu\u0308rich", "zürich"),
    ],
)
def test_normalise_hashtag(tag: str, normal: str) -> None:
    assert normalise_hashtag(tag) == normal


def test_united_tags_come_once_in_their_first_spelling() -> None:
    assert unite_hashtags(["Bund", "New York"], ["#bund", "river"], ["newyork", "\u200b", "#"]) == (
        *("Bund", "New York", "river"),
    )
    assert unite_hashtags() == ()


@given(st.lists(st.text()), st.lists(st.text()))
def test_uniting_twice_changes_nothing(given: list[str], typed: list[str]) -> None:
    united = unite_hashtags(given, typed)
    assert unite_hashtags(united, typed) == united


@given(st.text())
def test_normalising_twice_changes_nothing(tag: str) -> None:
    assert normalise_hashtag(normalise_hashtag(tag)) == normalise_hashtag(tag)


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("NewYorkCity", ("new", "york", "city")),
        ("#HTTPServer2Go", ("http", "server", "2", "go")),
        ("new_york-city", ("new", "york", "city")),
        ("NYC", ("nyc",)),
        ("newyork", ("newyork",)),
        ("ÉtéParis2024", ("été", "paris", "2024")),
        ("上海外滩", ("上海", "外滩")),
        ("上海Disney乐园", ("上海", "disney", "乐园")),
        ("上海外灘", ("上海", "外滩")),
        ("外\u200b滩", ("外滩",)),
        ("😀", ()),
        ("", ()),
    ],
)
def test_split_hashtag(tag: str, words: tuple[str, ...]) -> None:
    assert split_hashtag(tag) == words
