"""What tests of the whole share: a small synthetic city, and runs trained on it once a session."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from postplace import Post, PostLocator, make_city, read_posts

# How long an example takes says more about the machine (its first one builds Unicode tables) than about the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

collect_ignore = ["extension"]  # a package from outside: only the tests that install it may import it


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The posts.jsonl of a generated city."""
    folder = tmp_path_factory.mktemp("synthetic") / "city"
    make_city(folder, posts=240, seed=1)
    return folder / "posts.jsonl"


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One store of vectors for the whole session."""
    return tmp_path_factory.mktemp("vectors")


@pytest.fixture(scope="session")
def posts(city: Path) -> list[Post]:
    """The city's posts."""
    return read_posts(city)


@pytest.fixture(scope="session")
def place_locator(posts: list[Post], cache: Path) -> PostLocator:
    """MRLF on places, a few epochs."""
    return PostLocator("place", "mrlf", cache=cache, settings={"max_epochs": 3}, device="cpu").fit(posts)


@pytest.fixture(scope="session")
def place_run(place_locator: PostLocator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, saved."""
    folder = tmp_path_factory.mktemp("runs") / "place"
    place_locator.save(folder)
    return folder


@pytest.fixture(scope="session")
def short_run(posts: list[Post], cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MRLF that reads 20 characters, 3 words and 2 hashtags, saved."""
    folder = tmp_path_factory.mktemp("runs") / "short"
    settings = {"max_epochs": 1, "max_characters": 20, "max_words": 3, "max_hashtags": 2}
    PostLocator("place", "mrlf", cache=cache, settings=settings, device="cpu").fit(posts).save(folder)
    return folder
