"""Posts that name a place: one planted leak a test, none in clean posts, none after masking."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postplace import make_city, read_posts
from postplace.errors import BadOption
from postplace.places.known import read_places
from postplace.schema import Post
from postplace.splitting.place_name_leaks import KnownNames, MaskedPosts, find_leaks, mask_post, names_in
from postplace.synthetic import CityParameters

KNOWN = KnownNames(
    {"place": ["Stone Bridge", "p7"], "venue": ["Corner Café"], "category": ["museum"]},
    aliases={"p7": ("Heron Tower", "白鹭塔")},
)


@pytest.mark.parametrize(
    ("post", "kind", "where"),
    [
        (Post("1", text="at stone-bridge again", place="Stone Bridge"), "place", "text"),
        (Post("1", hashtags=("myStoneBridge",), place="Stone Bridge"), "place", "hashtags"),
        (Post("1", text="so #stonebridge", place="Stone Bridge"), "place", "hashtags"),
        (Post("1", text="白鹭塔真高", place="p7"), "place", "text"),  # an alias
        (Post("1", image_text="HERON TOWER\nopen daily", place="p7"), "place", "text"),
        (Post("1", text="coffee, corner cafe", venue="Corner Café"), "venue", "text"),
        (Post("1", text="a museum day", category="museum"), "category", "text"),
        (Post("1", images=(Path("city/images/stone_bridge_04.jpg"),), place="Stone Bridge"), "place", "file names"),
        (Post("1", images=(Path("city/Stone Bridge/04.jpg"),), place="Stone Bridge"), "place", "file names"),
    ],
)
def test_a_planted_name_is_found(post: Post, kind: str, where: str) -> None:
    leaks = find_leaks([post, Post("2", text="nothing here", place="Stone Bridge")], KNOWN, folder=Path("city"))
    assert {found: dict(counts) for found, counts in leaks.own.items() if counts} == {
        kind: {where: 1, "any of them": 1}
    }
    assert leaks.known == {where: 1, "any of them": 1}


def test_clean_posts_have_none() -> None:
    posts = [
        Post(
            "1",
            text="romeo crossed a bridge of stone",
            hashtags=("bridges",),
            place="Stone Bridge",
            venue="Corner Café",
        ),
        Post("2", text="", images=(Path("Stone Bridge/images/04.jpg"), b"uploaded"), place="Stone Bridge"),
    ]
    leaks = find_leaks(posts, KNOWN, folder=Path("Stone Bridge"))  # the user's own folder says nothing of a post
    assert not leaks.known
    assert not any(leaks.own.values())


def test_another_place_is_known_but_not_their_own() -> None:
    leaks = find_leaks([Post("1", text="from Heron Tower", place="Stone Bridge")], KNOWN)
    assert leaks.known["text"] == 1
    assert not leaks.own["place"]
    assert leaks.names == {"Heron Tower": 1}


def test_counts_by_class_and_the_files_are_told() -> None:
    posts = [
        Post(str(n), text="Stone Bridge", images=(Path("stonebridge.png"),), place="Stone Bridge") for n in range(3)
    ]
    leaks = find_leaks(posts, KNOWN)
    assert leaks.by_class == {"Stone Bridge": 3}
    assert leaks.files == ["stonebridge.png"] * 3


def test_masking_takes_names_and_leaves_labels_and_images() -> None:
    post = Post(
        "1",
        text="Stone Bridge! #heronTower",
        hashtags=("heronTower", "love"),
        images=(Path("stonebridge.png"),),
        place="Stone Bridge",
        image_text="Corner Cafe",
    )
    masked = mask_post(post, KNOWN)
    assert masked == replace(post, text="📍!  ", hashtags=("love",), image_text="📍")
    assert names_in(masked, KNOWN)["file names"] == {"Stone Bridge"}  # reported, not renamed


def test_what_is_masked_is_counted() -> None:
    posts = [
        Post("1", text="museum", hashtags=("museum",)),
        Post("2", text="museum", hashtags=("love",)),
        Post("3", text="rain", hashtags=("wet",)),
    ]
    masked = MaskedPosts(posts, KNOWN)
    assert [post.id for post in masked] == ["1", "2", "3"]
    assert (masked.changed, masked.texts, masked.hashtags, masked.nothing_left) == (2, 2, 1, 1)
    assert list(masked)[2] is posts[2]
    assert masked.changed == 2  # counted anew each time


def test_a_key_that_holds_no_names() -> None:
    with pytest.raises(BadOption, match="'user' is unknown"):
        KnownNames({"user": ["u1"]})


WORDS = st.sampled_from(
    ["Stone", "Bridge", "stonebridge", "#", "museum", "白鹭", "塔", "Corner", "Café", "Heron Tower", "."]
)


@given(st.lists(WORDS, max_size=8), st.lists(st.lists(WORDS, min_size=1, max_size=3).map("".join), max_size=3))
def test_no_name_is_left_in_a_masked_post(text: list[str], tags: list[str]) -> None:
    post = Post("1", text=" ".join(text), hashtags=tuple(tags), image_text="".join(text))
    masked = mask_post(post, KNOWN)
    assert not any(names_in(masked, KNOWN).values())
    assert mask_post(masked, KNOWN) is masked
    if not any(names_in(post, KNOWN).values()):
        assert masked is post


@pytest.fixture(scope="module")
def leaky_city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city whose posts all name their place, and one where none does."""
    folder = tmp_path_factory.mktemp("cities")
    quiet = {"misspelling": 0.0, "slang": 0.0, "label_noise": 0.0, "missing_images": 1.0}
    make_city(folder / "leaky", posts=150, seed=3, parameters=CityParameters(name_leak=1.0, **quiet))  # type: ignore[arg-type]
    make_city(folder / "clean", posts=150, seed=3, parameters=CityParameters(name_leak=0.0, **quiet))  # type: ignore[arg-type]
    return folder


def city_names(folder: Path) -> KnownNames:
    """The names of a city's places, from its places.csv."""
    places = read_places(folder / "places.csv").places
    return KnownNames({"place": [p.place for p in places]}, aliases={p.place: (p.name, *p.aliases) for p in places})


def test_names_planted_in_a_synthetic_city_are_all_found_and_masked(leaky_city: Path) -> None:
    posts, known = read_posts(leaky_city / "leaky" / "posts.jsonl"), city_names(leaky_city / "leaky")
    told = [post for post in posts if post.text or post.hashtags]
    leaks = find_leaks(posts, known)
    assert leaks.own["place"]["any of them"] == len(told)
    assert not find_leaks(MaskedPosts(posts, known), known).known


def test_a_clean_synthetic_city_names_nothing(leaky_city: Path) -> None:
    posts, known = read_posts(leaky_city / "clean" / "posts.jsonl"), city_names(leaky_city / "clean")
    assert not find_leaks(posts, known).own["place"]
