"""The papers' filters, on posts small enough to count by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postplace.errors import BadOption, BadRun
from postplace.preparation.filters import (
    RECIPES,
    Filter,
    FittedFilter,
    KeptHashtags,
    Languages,
    Modalities,
    Portraits,
    PortraitsLeft,
    RareHashtags,
    RarePlaces,
    apply_filters,
    find_recipe,
    from_json,
    to_json,
)
from postplace.preparation.language import detect_language
from postplace.schema import Post

# Three posts hold "river" (written three ways, once twice), two hold "night", one "solo".
TAGGED = [
    Post("1", hashtags=("River", "night")),
    Post("2", hashtags=("#RIVER", "river", "solo")),
    Post("3", hashtags=("ｒｉｖｅｒ", "night")),
]


def test_hashtags_are_counted_by_posts_and_in_one_form() -> None:
    assert RareHashtags(3).fit(TAGGED).kept == {"river"}
    assert RareHashtags(2).fit(TAGGED).kept == {"river", "night"}
    assert RareHashtags(4).fit(TAGGED).kept == frozenset()


def test_rare_hashtags_go_and_their_posts_stay() -> None:
    left = apply_filters([RareHashtags(2).fit(TAGGED)], TAGGED)
    assert [post.hashtags for post in left] == [("River", "night"), ("#RIVER", "river"), ("ｒｉｖｅｒ", "night")]
    assert [post.hashtags for post in apply_filters([RareHashtags(4).fit(TAGGED)], TAGGED)] == [(), (), ()]


def test_posts_of_rare_places_go_and_posts_without_a_place_stay() -> None:
    posts = [Post("1", place="park"), Post("2", place="pier"), Post("3", place="park"), Post("4")]
    fitted = RarePlaces(2).fit(posts)
    assert [post.id for post in apply_filters([fitted], posts)] == ["1", "3", "4"]
    assert fitted.note(posts) == "1 of 2 places stay; 1 posts without a place stay"


def test_what_is_not_in_the_training_part_does_not_count() -> None:
    training, test = [Post("1", place="park", hashtags=("a",))], [Post("2", place="park", hashtags=("a",))]
    assert apply_filters([RarePlaces(2).fit(training)], [*training, *test]) == []
    assert [post.hashtags for post in apply_filters([RareHashtags(2).fit(training)], [*training, *test])] == [(), ()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A walk in the park with my friends", "en"),
        ("Hoy en el parque con mis amigos", "es"),
        ("今天天气很好，去外滩走走", "zh"),
        ("今日もいい天気です", "ja"),
        ("wow", None),
        ("", None),
        ("#buenosdias http://a.org/hola @maria 😀", None),  # a link, a mention and a hashtag are no language
        ("\ud83d", None),
    ],
)
def test_language(text: str, expected: str | None) -> None:
    assert detect_language(text, keep=("en",)) == expected


def test_other_languages_go_and_undecided_texts_stay() -> None:
    texts = ["A walk in the park with friends", "Hoy en el parque con amigos", "ok", "今天天气很好，去外滩走走"]
    posts = [Post(str(number), text) for number, text in enumerate(texts)]
    assert [post.id for post in apply_filters([Languages(("en",))], posts)] == ["0", "2"]
    assert [post.id for post in apply_filters([Languages(("en", "zh"))], posts)] == ["0", "2", "3"]
    assert Languages(("en",)).note(posts) == "1 texts too short to tell stay; removed: es 1, zh 1"


def test_short_english_captions_are_not_taken_for_another_language() -> None:
    captions = ["weekend vibes", "no filter", "St Kilda beach", "Dim sum time", "Go Yankees!", "Late night ramen"]
    assert {detect_language(caption, keep=("en",)) for caption in captions} <= {"en", None}


def test_all_modalities_are_needed() -> None:
    image = (Path("a.jpg"),)
    posts = [
        Post("1", "text", ("a",), image),
        Post("2", "  ", ("a",), image),
        Post("3", "text", (), image),
        Post("4", "text", ("a",)),
    ]
    assert [post.id for post in apply_filters([Modalities()], posts)] == ["1"]
    assert [post.id for post in apply_filters([Modalities(("text", "image"))], posts)] == ["1", "3"]
    assert Modalities().note(posts) == "without text 1, hashtags 1, image 1"


def test_images_are_replaced_by_what_was_found() -> None:
    a, b, c, clean = Path("a"), Path("b"), Path("c"), Path("clean")
    fitted = PortraitsLeft(Portraits(), {a: None, b: clean})
    assert fitted.apply(Post("1", images=(a, b, c))).images == (clean, c)
    assert fitted.note([]) == "1 removed, people painted over in 1"


def test_recipes_hold_the_papers_values() -> None:
    rules = [filter_.rule for filter_ in RECIPES["mrlf"]]
    assert rules == [
        "hashtags under 50 training posts",
        "places under 100 training posts",
        "texts not in en",
        "portrait ratio above 0.5",
        "posts without text + hashtags + image",
    ]
    assert [filter_.rule for filter_ in RECIPES["sg-mft"]] == ["posts without text + image"]
    assert find_recipe("none") == ()
    changed = find_recipe("mrlf", changes={RarePlaces: RarePlaces(7), Portraits: None})
    assert [filter_.rule for filter_ in changed] == [rules[0], "places under 7 training posts", rules[2], rules[4]]


def test_nobody_is_looked_for_in_images_of_posts_that_go_anyway() -> None:
    """What needs no image comes first; an image is asked for again, for the portraits may take a post's last."""
    assert [type(filter_) for filter_ in find_recipe("mrlf")] == [
        *(RareHashtags, RarePlaces, Languages, Modalities, Portraits, Modalities)
    ]
    assert find_recipe("mrlf")[-1] == Modalities(("image",))
    words = find_recipe("mrlf", changes={Modalities: Modalities(("text",))})
    assert [type(filter_) for filter_ in words[-2:]] == [Modalities, Portraits]


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: RareHashtags(0), "min_hashtag_posts"),
        (lambda: RarePlaces(-1), "min_place_posts"),
        (lambda: Languages(("english",)), "did you mean 'en'|'english' is unknown"),
        (lambda: Languages(()), "no language"),
        (lambda: Modalities(("photo",)), "'photo' is unknown"),
        (lambda: Portraits(1.5), "1.5 is out of range"),
        (lambda: find_recipe("mlrf"), "did you mean 'mrlf'"),
    ],
)
def test_bad_options_say_what_to_give(make, named: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadOption, match=named):
        make()


FITTED: list[FittedFilter] = [
    RareHashtags(2).fit(TAGGED),
    RarePlaces(1).fit([Post("1", place="外滩"), Post("2", place="pier")]),
    Languages(("zh", "en")),
    Modalities(("text",)),
    Portraits(0.3, "embedded", None, "none", None).fit([]),
]


@pytest.mark.parametrize("fitted", FITTED, ids=lambda fitted: str(fitted.name))
def test_fitted_filters_are_the_same_after_json(fitted: FittedFilter) -> None:
    assert from_json(json.loads(json.dumps(to_json(fitted)))) == fitted


@pytest.mark.parametrize(
    "saved",
    [
        {},
        {"filter": "unheard of"},
        {"filter": "rare hashtags", "min_posts": 2},
        {"filter": "rare hashtags", "min_posts": 2, "kept": "river"},
        {"filter": "rare places", "min_posts": 2, "kept": [], "more": 1},
        {"filter": "portraits", "max_ratio": 7},
    ],
)
def test_json_that_is_no_filter_is_told(saved: dict[str, object]) -> None:
    with pytest.raises(BadRun, match="prepare the posts again"):
        from_json(saved)


NAMES = st.sampled_from(["river", "River", "night", "solo", "外滩"])
POSTS = st.lists(
    st.builds(
        lambda text, tags, images, place: Post("", text, tuple(tags), tuple(images), place=place),
        st.sampled_from(["", "ok", "A walk in the park with friends", "Hoy en el parque con amigos"]),
        st.lists(NAMES, max_size=3),
        st.lists(st.sampled_from([Path("a"), Path("b"), Path("c")]), max_size=3),
        st.none() | NAMES,
    ),
    max_size=12,
)


@given(posts=POSTS, share=st.integers(0, 12), count=st.integers(1, 3))
def test_filters_invent_nothing_keep_the_order_and_change_nothing_twice(
    posts: Sequence[Post], share: int, count: int
) -> None:
    posts = [replace(post, id=str(number)) for number, post in enumerate(posts)]
    by_id = {post.id: post for post in posts}
    filters: list[Filter] = [RareHashtags(count), RarePlaces(count), Languages(("en",)), Modalities(("text", "image"))]
    for fitted in [*(filter_.fit(posts[:share]) for filter_ in filters), PortraitsLeft(Portraits(), {Path("a"): None})]:
        left = apply_filters([fitted], posts)
        ids = [int(post.id) for post in left]
        assert ids == sorted(set(ids))
        for post in left:
            before = by_id[post.id]
            assert set(post.hashtags) <= set(before.hashtags)
            assert set(post.images) <= set(before.images)
            assert replace(post, hashtags=(), images=()) == replace(before, hashtags=(), images=())
        assert apply_filters([fitted], left) == left
        assert from_json(to_json(fitted)).rule == fitted.rule


def test_a_fitted_filter_knows_no_post_any_more() -> None:
    assert KeptHashtags(2, frozenset({"river"})).apply(Post("new", hashtags=("RIVER", "unseen"))).hashtags == ("RIVER",)


def test_filters_are_imported_without_the_language_model() -> None:
    heavy = "('py3langid', 'torch', 'cv2')"
    code = f"import sys, postplace.preparation.filters; print([n for n in {heavy} if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_without_py3langid_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    with pytest.raises(BadOption, match="pip install py3langid"):
        detect_language("un texte que nul ne peut juger", keep=("en", "xh"))
