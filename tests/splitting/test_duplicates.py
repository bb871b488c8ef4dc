"""Near-duplicates: images within a few bits, texts with most shingles in common, nothing that chains strangers."""

from __future__ import annotations

from io import BytesIO
from random import Random

import numpy as np
import pytest
from PIL import Image

from postplace.errors import BadOption
from postplace.splitting import duplicates
from postplace.splitting.duplicates import near_duplicate_clusters, perceptual_hash

HASH = 0x0F0F_3C3C_A5A5_9696  # 32 ones


def flipped(value: int, *bits: int) -> int:
    for bit in bits:
        value ^= 1 << bit
    return value


def by_text(*texts: str, min_similarity: float = 0.8, min_letters: int = 16) -> list[int]:
    found = near_duplicate_clusters(texts, [[]] * len(texts), min_similarity=min_similarity, min_letters=min_letters)
    return [int(label) for label in found.labels]


def by_image(*hashes: list[int], max_bits: int = 6) -> list[int]:
    found = near_duplicate_clusters([""] * len(hashes), hashes, max_bits=max_bits)
    return [int(label) for label in found.labels]


def random_hashes(number: int, seed: int) -> list[int]:
    """64-bit numbers that are far from one another."""
    return [Random(f"{seed}/{index}").getrandbits(64) for index in range(number)]


def test_six_bits_join_and_seven_do_not() -> None:
    assert by_image([HASH], [flipped(HASH, 0, 1, 2, 20, 40, 63)]) == [0, 0]
    assert by_image([HASH], [flipped(HASH, 0, 1, 2, 20, 40, 63, 50)]) == [0, 1]
    assert by_image([HASH], [flipped(HASH, 0, 1, 2, 20, 40, 63, 50)], max_bits=7) == [0, 0]


def test_equal_hashes_join_at_zero_bits() -> None:
    assert by_image([HASH], [HASH], [flipped(HASH, 5)], max_bits=0) == [0, 0, 1]


def test_images_join_transitively_and_by_any_image_of_a_post() -> None:
    middle = flipped(HASH, *range(0, 12, 2))
    far = flipped(middle, *range(1, 12, 2))
    other = random_hashes(1, 0)[0]
    assert by_image([other, HASH], [], [far], [middle]) == [0, 1, 0, 0]


def test_the_search_finds_every_pair_that_brute_force_finds_once() -> None:
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, 400, dtype=np.uint64)
    bits = [rng.choice(64, 1 + index % 9, replace=False).tolist() for index in range(400)]
    planted = [flipped(int(value), *some) for value, some in zip(hashes, bits, strict=True)]
    all_hashes = np.unique(np.concatenate([hashes, np.array(planted, dtype=np.uint64)]))
    for max_bits in (0, 3, 7):
        distance = np.bitwise_count(all_hashes[:, None] ^ all_hashes[None])
        expected = {(i, j) for i, j in np.argwhere(distance <= max_bits).tolist() if i < j}
        pairs = [
            (min(i, j), max(i, j))
            for left, right in duplicates._near_pairs(all_hashes, max_bits)
            for i, j in zip(left.tolist(), right.tolist(), strict=True)
        ]
        assert len(pairs) == len(set(pairs))
        assert set(pairs) == expected


def test_blocks_of_pairs_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "_PAIRS_AT_ONCE", 7)
    first, last = np.array([1, 1, 5, 0]), np.array([4, 1, 6, 6])
    blocks = list(duplicates._ranges(first, last))
    assert max(len(left) for left, _ in blocks) <= 7
    pairs = [pair for left, right in blocks for pair in zip(left.tolist(), right.tolist(), strict=True)]
    assert pairs == [(0, 1), (0, 2), (0, 3), (2, 5), (3, 0), (3, 1), (3, 2), (3, 3), (3, 4), (3, 5)]


def test_featureless_images_join_nobody_and_are_counted() -> None:
    few, many = (1 << 15) - 1, (1 << 64) - 1
    found = near_duplicate_clusters([""] * 5, [[few], [few], [many], [many], [0]])
    assert found.labels.tolist() == [0, 1, 2, 3, 4]
    assert (found.duplicate_images, found.ignored_images) == (0, 5)


def test_sixteen_ones_are_enough() -> None:
    assert by_image([(1 << 16) - 1], [(1 << 16) - 1]) == [0, 0]


def test_flat_and_shaded_images_are_featureless() -> None:
    slope = np.tile(np.linspace(0, 255, 160)[None, :, None], (160, 1, 3)).astype(np.uint8)
    for pixels in (np.zeros((160, 160, 3), np.uint8), np.full((160, 160, 3), 200, np.uint8), slope):
        assert perceptual_hash(Image.fromarray(pixels)).bit_count() < duplicates.FEWEST_ONES


def test_a_stock_image_joins_nobody_but_its_reposts_by_fifty_do() -> None:
    others = [[value] for value in random_hashes(20, 1)]
    joined = near_duplicate_clusters([""] * 70, [[HASH]] * 50 + others)
    assert (joined.largest, joined.duplicate_images, joined.ignored_images) == (50, 50, 0)
    stock = near_duplicate_clusters([""] * 71, [[HASH]] * 51 + others)
    assert (stock.largest, stock.duplicate_images, stock.ignored_images) == (1, 0, 51)


def test_variants_of_a_stock_image_do_not_chain() -> None:
    variants = [[flipped(HASH, bit)] for bit in range(64)]  # each two bits from every other
    found = near_duplicate_clusters([""] * 64, variants)
    assert (found.largest, found.ignored_images) == (1, 64)


def test_equal_texts_join_whatever_their_case_links_mentions_and_punctuation() -> None:
    assert by_text(
        "Sunset at the harbour tonight!!", "sunset at the harbour, tonight http://t.cn/abc", "nothing of the kind here"
    ) == [0, 0, 1]


def test_the_threshold_is_the_exact_jaccard_similarity_of_shingles() -> None:
    alphabet = "abcdefghijklmnopqrstuvwxyz"  # 24 shingles
    longer = alphabet + "0"  # 25 shingles, 24 shared: 24 / 25 = 0.96
    changed = alphabet[:13] + "0" + alphabet[14:]  # 3 of 24 differ: 21 / 27 = 0.778
    assert by_text(alphabet, longer, changed) == [0, 0, 1]
    assert by_text(alphabet, longer, min_similarity=0.96) == [0, 0]
    assert by_text(alphabet, longer, min_similarity=0.961) == [0, 1]
    assert by_text(alphabet, changed, min_similarity=0.77) == [0, 0]


def test_nearly_equal_texts_are_found_among_many() -> None:
    random = Random(0)
    texts = ["".join(random.choices("abcdefghijklmnopqrstuvwxyz ", k=120)) for _ in range(300)]
    edited = [text[:60] + "0" + text[62:] for text in texts]
    found = near_duplicate_clusters(texts + edited, [[]] * 600)
    assert found.labels[:300].tolist() == found.labels[300:].tolist() == list(range(300))
    assert (found.largest, found.duplicate_texts, found.duplicate_images) == (2, 600, 0)


def test_short_stock_phrases_join_nobody() -> None:
    assert by_text("Happy birthday!", "happy birthday", "祝你生日快乐！", "祝你生日快乐！") == [0, 1, 2, 3]
    assert by_text("Happy birthday!", "happy birthday", min_letters=5) == [0, 0]
    assert by_text("", "", min_letters=0) == [0, 1]


def test_texts_and_images_join_together_and_each_is_counted() -> None:
    one, other = random_hashes(2, 3)
    text = "the very same words were posted twice"
    found = near_duplicate_clusters([text, text, "", ""], [[], [one], [one], [other]])
    assert found.labels.tolist() == [0, 0, 0, 1]
    assert (found.largest, found.duplicate_texts, found.duplicate_images, found.ignored_images) == (3, 2, 2, 0)


def test_the_images_of_one_post_are_no_duplicates() -> None:
    found = near_duplicate_clusters([""], [[HASH, HASH, flipped(HASH, 3)]])
    assert (found.labels.tolist(), found.duplicate_images) == ([0], 0)


def test_nothing_at_all() -> None:
    found = near_duplicate_clusters([], [])
    assert (found.labels.tolist(), found.largest) == ([], 0)


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(BadOption, match="from 0 to 7"):
        near_duplicate_clusters([""], [[]], max_bits=8)
    with pytest.raises(BadOption, match="above 0, at most 1"):
        near_duplicate_clusters([""], [[]], min_similarity=0)
    with pytest.raises(BadOption, match="1 texts and 2 lists"):
        near_duplicate_clusters([""], [[], []])


def test_a_reencoded_smaller_image_keeps_its_hash_and_another_does_not() -> None:
    rng = np.random.default_rng(0)

    def image() -> Image.Image:
        coarse = Image.fromarray(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8))
        return coarse.resize((160, 160), Image.Resampling.BICUBIC)

    one, other = image(), image()
    file = BytesIO()
    one.resize((148, 148)).save(file, "JPEG", quality=60)
    again = perceptual_hash(Image.open(file))
    assert (perceptual_hash(one) ^ again).bit_count() <= 6
    assert (perceptual_hash(one) ^ perceptual_hash(other)).bit_count() > 6
    assert 0 <= again < 2**64
