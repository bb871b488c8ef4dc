"""Texts that are nearly the same: joined as all pairs would be, without comparing them; stock sentences apart."""

from __future__ import annotations

from itertools import combinations
from random import Random

import numpy as np
import pytest

from postplace.splitting import near_texts as module
from postplace.splitting.near_texts import cluster_texts, letters, most_owners, near_texts, normalised
from postplace.splitting.splits import Indices
from postplace.splitting.union_find import UnionFind

STOCK = "Just posted a photo @ Dresden, Germany"


def sentence(number: int) -> str:
    """A text unlike those of other numbers."""
    random = Random(number)
    return "".join(random.choice("abcdefghij klmnop") for _ in range(60))


def clustered(texts: list[str], owners: Indices | None = None) -> tuple[list[int], list[int]]:
    found = cluster_texts(texts, np.arange(len(texts)) if owners is None else owners, min_similarity=0.8)
    return found.labels.tolist(), found.stock.tolist()


def brute_force(texts: list[str]) -> list[int]:
    """The clusters when every pair is compared."""
    sets = UnionFind(len(texts))
    shingles = [module._shingles(text) for text in texts]
    for one, other in combinations(range(len(texts)), 2):
        if module._similar(shingles[one], shingles[other], 0.8):
            sets.join(one, other)
    return [int(label) for label in sets.labels()]


@pytest.mark.parametrize("seed", range(3))
def test_chains_of_edits_are_joined_as_all_pairs_would(seed: int) -> None:
    random, texts = Random(seed), []
    for number in range(80):
        text = sentence(1000 * seed + number)
        for _ in range(random.randrange(1, 9)):
            texts.append(text)
            place = random.randrange(55)
            text = text[:place] + "".join(random.choices("xyz", k=2)) + text[place + 2 :]
    unique = sorted({normalised(text) for text in texts})
    assert near_texts(unique, 0.8).tolist() == brute_force(unique)


def test_a_template_is_one_cluster_and_few_pairs_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """In time that grows with the texts: at most 32 in a bucket of each of 16 bands, here of 500 texts."""
    compared, similar = [0], module._similar

    def counted(one: frozenset[str], other: frozenset[str], least: float) -> bool:
        compared[0] += 1
        return similar(one, other, least)

    monkeypatch.setattr(module, "_similar", counted)
    random = Random(0)
    numbers = random.sample(range(10**6), 2000)
    pairs = []
    for some in (500, 2000):
        compared[0] = 0
        texts = sorted(
            f"i am at the central railway station of the city of dresden track {n:06}" for n in numbers[:some]
        )
        assert len(set(near_texts(texts, 0.8).tolist())) == 1
        pairs.append(compared[0])
    assert pairs[1] < 6 * pairs[0]  # of four times as many texts; all pairs are 16 times as many
    assert pairs[1] < 20 * 2000


def test_clusters_do_not_depend_on_the_order_of_posts() -> None:
    random = Random(5)
    texts = [sentence(n % 60) for n in range(200)]
    texts = [text[: random.randrange(45, 60)] for text in texts]
    order = random.sample(range(200), 200)
    one, other = (
        cluster_texts(some, np.arange(200), min_similarity=0.8).labels for some in (texts, [texts[i] for i in order])
    )
    pairs = {(a, b) for a, b in combinations(range(200), 2) if one[a] == one[b]}
    assert pairs == {
        tuple(sorted((order[a], order[b]))) for a, b in combinations(range(200), 2) if other[a] == other[b]
    }


def test_a_stock_sentence_joins_nobody_and_is_counted() -> None:
    """51 of 60 owners share it; two of them also a text of their own, which joins them."""
    texts = [STOCK] * 51 + [sentence(n) for n in range(9)] + [sentence(99)] * 2
    owners = np.array([*range(60), 0, 1])
    labels, stock = clustered(texts, owners)
    assert len(set(labels)) == 61
    assert labels[60] == labels[61]
    assert stock == [0] * 51 + [-1] * 11


def test_many_posts_of_few_owners_are_no_stock_sentence() -> None:
    labels, stock = clustered([STOCK] * 300, np.arange(300) % 5)
    assert (set(labels), set(stock)) == ({0}, {-1})


def test_fifty_owners_of_many_may_share_a_text_and_fifty_one_may_not() -> None:
    for owners, stock in ((50, -1), (51, 0)):
        found = cluster_texts([STOCK] * owners + [""] * 900, np.arange(owners + 900), min_similarity=0.8)
        assert found.stock[0] == stock


def test_a_template_of_too_many_owners_falls_apart_into_equal_texts() -> None:
    numbers = [
        f"i am at the central railway station of the city of dresden track {n:06}" for n in range(0, 10**6, 9973)
    ]
    labels, stock = clustered([*numbers, numbers[0]])
    assert set(stock) == {0}
    assert labels[-1] == labels[0]
    assert len(set(labels)) == len(numbers)


def test_few_owners_have_a_limit_of_their_own() -> None:
    assert [most_owners(owners) for owners in (1, 30, 60, 150, 5000, 10_000)] == [10, 10, 20, 50, 50, 100]


def test_letters_count_what_a_text_says() -> None:
    assert letters("Look, a link: https://t.co/abc") == len("lookalink")
    assert letters("外滩") == 5
    assert letters("부산") == 4
    assert letters("good 夜") == 6.5


def test_a_chinese_sentence_of_fifteen_characters_is_long_and_a_wish_is_not() -> None:
    assert clustered(["今天在外滩看到了最美的日落呀"] * 2)[0] == [0, 0]
    assert clustered(["祝你生日快乐！"] * 2)[0] == [0, 1]


def test_nothing_at_all() -> None:
    assert clustered([]) == ([], [])
    assert clustered(["", "ok"]) == ([0, 1], [-1, -1])
