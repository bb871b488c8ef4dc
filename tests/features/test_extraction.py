"""Posts to vectors: with encoders whose numbers can be checked by hand, real worker processes and real kills."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from postplace.encoders.bundled import Squash
from postplace.encoders.encoder import ImagePreparation, States, Vectors
from postplace.errors import BadImage, BadOption, BadPost, Diverged, WriteFailed
from postplace.features import extraction as encode
from postplace.features.extraction import EncodedPosts, encode_posts
from postplace.images.decode import RefusedImage, decode
from postplace.images.worker import PreparedBatch
from postplace.schema import Post
from postplace.splitting.duplicates import perceptual_hash
from postplace.system import workers as system_workers

SQUASH = Squash(8)


@dataclass
class Lengths:
    """Text -> (number of characters, 1)."""

    name: str = "lengths"
    width: int = 2
    fingerprint: str = "lengths 1"
    seen: list[str] = field(default_factory=list)

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.seen += texts
        return np.array([[len(text), 1] for text in texts], dtype=np.float32)


@dataclass
class Colours:
    """Picture -> its mean red, green and blue."""

    name: str = "colours"
    width: int = 3
    fingerprint: str = "colours 1"
    prepare: ImagePreparation = SQUASH
    seen: int = 0

    def encode(self, batch: NDArray[Any]) -> Vectors:
        self.seen += len(batch)
        means: Vectors = batch.mean(axis=(1, 2), dtype=np.float32)
        return means


@dataclass
class TokenLengths(Lengths):
    """The states of a text: of each of its first four words, (its length, 1)."""

    states: int = 4
    states_width: int = 2
    seen_for_states: list[str] = field(default_factory=list)

    def encode_states(self, texts: Sequence[str]) -> States:
        self.seen_for_states += texts
        states = np.zeros((len(texts), 4, 2), dtype=np.float32)
        for row, text in enumerate(texts):
            for place, word in enumerate(text.split()[:4]):
                states[row, place] = len(word), 1
        return states


@dataclass
class Halves(Colours):
    """The states of a picture: the mean colour of its left and of its right half."""

    states: int = 2
    states_width: int = 3
    seen_for_states: int = 0

    def encode_states(self, batch: NDArray[Any]) -> States:
        self.seen_for_states += len(batch)
        halves = batch.reshape(len(batch), 8, 2, 4, 3).mean(axis=(1, 3), dtype=np.float32)
        return np.asarray(halves, dtype=np.float32)


def picture(folder: Path, name: str, colour: tuple[int, int, int], *, side: int = 16) -> Path:
    """A PNG of one colour."""
    path = folder / f"{name}.png"
    Image.new("RGB", (side, side), colour).save(path)
    return path


def many(folder: Path, count: int) -> tuple[list[Post], Vectors]:
    """Posts with a picture each, all different, and the vectors that Colours gives them."""
    colours = [(row, 255 - row, row // 2) for row in range(count)]
    posts = [Post(str(row), images=(picture(folder, str(row), colour),)) for row, colour in enumerate(colours)]
    return posts, np.array(colours, dtype=np.float32)


def run(
    posts: Sequence[Post], text: Lengths | None = None, image: Colours | None = None, **options: Any
) -> EncodedPosts:
    return encode_posts(posts, text_encoder=text or Lengths(), image_encoder=image or Colours(), **options)


# ---------------------------------------------------------------------- what comes out


def test_masks_vectors_and_index(tmp_path: Path) -> None:
    red, blue = picture(tmp_path, "red", (200, 0, 0)), picture(tmp_path, "blue", (0, 0, 100))
    posts = [
        Post("0", text="夜景 http://t.cn/abc @me #外滩#", hashtags=("外滩", "bund"), images=(red,)),
        Post("1", text="#only", hashtags=()),
        Post("2", hashtags=("", " "), images=(blue, red)),
    ]
    found = run(posts)
    np.testing.assert_array_equal(found.text_vectors, [[2, 1], [0, 0], [0, 0]])
    assert found.text_mask.tolist() == [True, False, False]
    np.testing.assert_array_equal(found.hashtag_vectors, [[7, 1], [0, 0], [0, 0]])
    assert found.hashtag_mask.tolist() == [True, False, False]
    np.testing.assert_array_equal(found.image_vectors, [[200, 0, 0], [0, 0, 100]])
    assert found.image_index.tolist() == [[0, -1], [-1, -1], [1, 0]]
    assert found.broken == ()
    assert found.image_hashes is None
    types = [found.text_vectors.dtype, found.hashtag_vectors.dtype, found.image_vectors.dtype, found.image_index.dtype]
    assert types == [np.float32, np.float32, np.float32, np.int64]


def test_nothing_at_all() -> None:
    found = run([])
    assert (found.text_vectors.shape, found.image_vectors.shape) == ((0, 2), (0, 3))
    bare = run([Post("0")], image_hashes=True)
    assert bare.image_index.tolist() == [[-1]]
    assert bare.image_hashes is not None
    assert bare.image_hashes.shape == (0,)


def test_an_upload_is_the_same_as_its_file(tmp_path: Path) -> None:
    path = picture(tmp_path, "red", (200, 0, 0))
    found = run([Post("file", images=(path,)), Post("upload", images=(path.read_bytes(),))])
    assert found.image_index.tolist() == [[0], [0]]


def test_half_a_surrogate_pair_is_text_too() -> None:
    assert run([Post("0", text="cut \ud83d")]).text_mask.tolist() == [True]


def test_equal_content_is_encoded_once(tmp_path: Path) -> None:
    one, same = picture(tmp_path, "one", (9, 9, 9)), picture(tmp_path, "same", (9, 9, 9))
    text, image = Lengths(), Colours()
    posts = [
        Post("0", text="river", hashtags=("river",), images=(one, one)),
        Post("1", text="river @you", images=(same,)),
    ]
    found = run(posts, text, image)
    assert (text.seen, image.seen) == (["river"], 1)
    assert found.image_index.tolist() == [[0, 0], [0, -1]]
    np.testing.assert_array_equal(found.text_vectors, [[5, 1], [5, 1]])


# ---------------------------------------------------------------------- pictures that cannot be read


def test_broken_pictures_are_counted_and_the_post_goes_on(tmp_path: Path) -> None:
    good, missing, text_file = picture(tmp_path, "good", (1, 2, 3)), tmp_path / "missing.jpg", tmp_path / "text.jpg"
    text_file.write_text("not a picture")
    posts = [Post("0", images=(missing, text_file, good)), Post("1", text="on", images=(text_file,))]
    found = run(posts)
    assert found.image_index.tolist() == [[0, -1, -1][: found.image_index.shape[1]], [-1] * found.image_index.shape[1]]
    np.testing.assert_array_equal(found.image_vectors, [[1, 2, 3]])
    named = {(broken.post_id, Path(broken.image).name) for broken in found.broken}
    assert named == {("0", "missing.jpg"), ("0", "text.jpg"), ("1", "text.jpg")}
    reasons = {Path(broken.image).name: broken.reason for broken in found.broken}
    assert "does not exist" in reasons["missing.jpg"]
    assert "is not an image" in reasons["text.jpg"]


def test_ten_pictures_none_of_which_is_there_is_a_wrong_folder(tmp_path: Path) -> None:
    posts = [Post(str(row), text="a", images=(tmp_path / f"{row}.jpg",)) for row in range(10)]
    assert len(run(posts[:9]).broken) == 9
    with pytest.raises(BadPost, match=r"not one of the 10 images .* paths begin at the folder of the posts file"):
        run(posts)
    (tmp_path / "0.jpg").write_text("there, though no picture")
    assert len(run(posts).broken) == 10


def test_jpegs_that_lack_their_end_are_read_and_counted(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("whole.jpg", "short.jpg", "half.jpg")]
    for path in paths:
        Image.effect_noise((160, 120), 60).convert("RGB").save(path)
    for path, kept in zip(paths[1:], (-20, -paths[2].stat().st_size // 2), strict=True):
        path.write_bytes(path.read_bytes()[:kept])
    film = paths[0].read_bytes() + b"a film behind it"
    posts = [Post("0", images=(paths[0], paths[1])), Post("1", images=(paths[2], paths[1], film))]
    for _ in range(2):  # the second time their vectors are found in the store
        found = run(posts, store_folder=tmp_path / "store")
        assert [(one.post_id, Path(one.image).name) for one in found.cut_short] == [
            ("0", "short.jpg"),
            ("1", "short.jpg"),
        ]
        assert [(one.post_id, Path(one.image).name) for one in found.broken] == [("1", "half.jpg")]
        assert "ends before its end" in found.cut_short[0].reason
        assert (found.image_index >= 0).sum() == 4


def test_images_in_memory_that_were_refused_are_no_wrong_folder() -> None:
    refused = [RefusedImage.of(b"%d" % row, BadImage("", "is too large", "send it smaller")) for row in range(12)]
    found = run([Post(str(row), text="a", images=(image,)) for row, image in enumerate(refused)])
    assert [one.reason for one in found.broken] == ["is too large; send it smaller"] * 12


# ---------------------------------------------------------------------- the store


def test_a_second_call_encodes_nothing(tmp_path: Path) -> None:
    posts, expected = many(tmp_path, 5)
    posts[0] = Post("0", text="words", images=posts[0].images)
    run(posts[:3], store_folder=tmp_path / "store")
    text, image = Lengths(), Colours()
    found = run(posts, text, image, store_folder=tmp_path / "store")
    assert (text.seen, image.seen) == ([], 2)
    np.testing.assert_array_equal(found.image_vectors, expected)
    np.testing.assert_array_equal(found.text_vectors[0], [5, 1])


def test_another_encoder_finds_nothing_of_the_first(tmp_path: Path) -> None:
    posts, _ = many(tmp_path, 3)
    run(posts, store_folder=tmp_path / "store")
    other = Colours(fingerprint="colours 2")
    run(posts, image=other, store_folder=tmp_path / "store")
    assert other.seen == 3


def test_hashes_are_those_of_the_pictures_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    paths = [tmp_path / f"{row}.png" for row in range(4)]
    for path in paths:
        Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(path)
    posts = [Post(path.name, images=(path,)) for path in paths]
    expected = [perceptual_hash(decode(path)) for path in paths]
    assert max(expected) >= 1 << 63  # the highest of the 64 bits is kept too
    run(posts, store_folder=tmp_path / "store")
    image = Colours()
    found = run(posts, image=image, store_folder=tmp_path / "store", image_hashes=True)
    assert image.seen == 0  # the vectors were there; only the hashes were missing
    assert found.image_hashes is not None
    assert found.image_hashes.dtype == np.uint64
    assert found.image_hashes.tolist() == expected

    def never(*_: object, **__: object) -> PreparedBatch:
        raise AssertionError("decoded again")

    monkeypatch.setattr(encode, "prepare_batch", never)
    again = run(posts, store_folder=tmp_path / "store", image_hashes=True)
    assert again.image_hashes is not None
    assert again.image_hashes.tolist() == expected


def test_a_full_disk_is_one_error_and_leaves_no_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    posts, _ = many(tmp_path, 3)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(WriteFailed, match="No space left on device"):
        run(posts, store_folder=tmp_path / "store")
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []


# ---------------------------------------------------------------------- token states


def two_sided(folder: Path) -> list[Post]:
    """Posts with text and hashtags, hashtags alone, a picture that is red on its left, and nothing."""
    image = Image.new("RGB", (16, 16), (0, 0, 100))
    image.paste((200, 0, 0), (0, 0, 8, 16))
    path = folder / "sides.png"
    image.save(path)
    return [
        Post("0", text="at the river #x", hashtags=("bund", "外滩"), images=(path, path)),
        Post("1", hashtags=("bund",), images=(folder / "missing.png",)),
        Post("2"),
    ]


@pytest.mark.parametrize("stored", [True, False])
def test_states_of_texts_with_hashtags_and_of_pictures(tmp_path: Path, stored: bool) -> None:
    posts, store = two_sided(tmp_path), tmp_path / "store" if stored else None
    for _ in range(2):
        found = run(posts, TokenLengths(), Halves(), states=True, store_folder=store)
        assert found.text_states is not None
        assert found.image_states is not None
        assert found.text_states.dtype == found.image_states.dtype == np.float16
        words = [[2, 1], [3, 1], [5, 1], [4, 1]]  # at the river bund, and no room for more
        np.testing.assert_array_equal(found.text_states, [words, [[4, 1], *[[0, 0]] * 3], [[0, 0]] * 4])
        np.testing.assert_allclose(found.image_states, [[[200, 0, 0], [0, 0, 100]]], atol=40)  # resized: a soft edge
        np.testing.assert_array_equal(found.text_vectors, [[12, 1], [0, 0], [0, 0]])  # these are as without states
        assert found.image_vectors.shape == (1, 3)
        assert found.image_index.tolist() == [[0, 0], [-1, -1], [-1, -1]]


def test_states_are_not_made_unless_asked_for(tmp_path: Path) -> None:
    text, image = TokenLengths(), Halves()
    found = run(two_sided(tmp_path), text, image)
    assert (found.text_states, found.image_states) == (None, None)
    assert (text.seen_for_states, image.seen_for_states) == ([], 0)


def test_what_is_missing_is_made_and_nothing_else(tmp_path: Path) -> None:
    posts, store = two_sided(tmp_path), tmp_path / "store"
    run(posts, TokenLengths(), Halves(), store_folder=store)
    text, image = TokenLengths(), Halves()
    run(posts, text, image, states=True, image_hashes=True, store_folder=store)
    assert (text.seen, image.seen) == ([], 0)  # the vectors were there
    assert (sorted(text.seen_for_states), image.seen_for_states) == (["at the river bund 外滩", "bund"], 1)
    again, picture_again = TokenLengths(), Halves()
    run(posts, again, picture_again, states=True, store_folder=store)
    assert (again.seen_for_states, picture_again.seen_for_states) == ([], 0)


def test_a_network_that_gives_both_runs_once(tmp_path: Path) -> None:
    class Both(Halves):
        runs: int = 0

        def encode_both(self, batch: NDArray[Any]) -> tuple[Vectors, States]:
            self.runs += 1
            return self.encode(batch), self.encode_states(batch)

    posts, _ = many(tmp_path, 7)
    image, apart = Both(), Halves()
    options: dict[str, Any] = {"states": True, "workers": 0, "batch_size": 3, "image_hashes": True}
    found, expected = (run(posts, TokenLengths(), encoder, **options) for encoder in (image, apart))
    assert image.runs == 3  # batches of 3, 3 and 1
    np.testing.assert_array_equal(found.image_vectors, expected.image_vectors)
    np.testing.assert_array_equal(found.image_states, expected.image_states)
    run(posts[:5], TokenLengths(), image, store_folder=tmp_path / "store")
    run(posts, TokenLengths(), image, states=True, store_folder=tmp_path / "store")  # vectors of two, states of seven
    again = run(posts, TokenLengths(), image, states=True, store_folder=tmp_path / "store")
    np.testing.assert_array_equal(again.image_vectors, expected.image_vectors)
    np.testing.assert_array_equal(again.image_states, expected.image_states)


def test_a_text_without_hashtags_is_read_once(tmp_path: Path) -> None:
    class Both(TokenLengths):
        runs: list[str]

        def encode_both(self, texts: Sequence[str]) -> tuple[Vectors, States]:
            self.runs = [*getattr(self, "runs", []), *texts]
            return TokenLengths().encode(texts), TokenLengths().encode_states(texts)

    posts = [
        Post("0", text="at the river"),
        Post("1", text="at the river", hashtags=("bund",)),
        Post("2", hashtags=("night", "bund")),
        Post("3", text="by day", hashtags=("bund",)),
    ]
    text, apart = Both(), TokenLengths()
    found, expected = (run(posts, encoder, Halves(), states=True) for encoder in (text, apart))
    assert sorted(text.runs) == ["at the river", "night bund"]
    assert sorted(text.seen) == ["bund", "by day"]
    assert sorted(text.seen_for_states) == ["at the river bund", "by day bund"]
    for name in ("text_vectors", "hashtag_vectors", "text_states"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    run(posts, Both(), Halves(), store_folder=tmp_path)
    again = Both()
    run(posts, again, Halves(), states=True, store_folder=tmp_path)  # the vectors are there: states alone are made
    assert not hasattr(again, "runs")
    assert len(again.seen_for_states) == 4
    assert again.seen == []


@pytest.mark.parametrize("workers", [0, 2])
def test_an_encoder_is_handed_as_many_pictures_as_it_takes_at_once(tmp_path: Path, workers: int) -> None:
    @dataclass
    class Hungry(Colours):
        batch_size: int = 12
        sizes: list[int] = field(default_factory=list)

        def encode(self, batch: NDArray[Any]) -> Vectors:
            self.sizes.append(len(batch))
            self.batch_size = min(self.batch_size, 9)  # it has found that it has not the memory
            return super().encode(batch)

    posts, vectors = many(tmp_path, 30)
    (tmp_path / "5.png").write_bytes(b"broken")
    image = Hungry()
    options: dict[str, Any] = {"workers": workers, "batch_size": 16 if workers else 4}  # decoded by 4
    found = run(posts, image=image, image_hashes=True, **options)
    assert image.sizes == [15, 12, 2]  # one of the second four is broken
    good = [row for row in range(30) if row != 5]
    np.testing.assert_array_equal(found.image_vectors, vectors[good])
    np.testing.assert_array_equal(found.image_hashes, run(posts, workers=0, image_hashes=True).image_hashes)
    assert [picture.post_id for picture in found.broken] == ["5"]


def test_states_of_no_posts() -> None:
    found = run([], TokenLengths(), Halves(), states=True)
    assert found.text_states is not None
    assert found.image_states is not None
    assert (found.text_states.shape, found.image_states.shape) == ((0, 4, 2), (0, 2, 3))


def test_an_encoder_without_states_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    posts = [Post("0", text="a", images=(tmp_path / "missing.png",))]
    text = TokenLengths()
    with pytest.raises(
        BadOption, match=r"text_encoder: lengths gives no token states; take one that does .*chinese-clip"
    ):
        run(posts, Lengths(), Halves(), states=True)
    with pytest.raises(BadOption, match=r"image_encoder: colours gives no token states"):
        run(posts, text, Colours(), states=True)
    assert text.seen == []


# ---------------------------------------------------------------------- worker processes


def test_workers_give_what_this_process_gives(tmp_path: Path) -> None:
    posts, expected = many(tmp_path, 21)
    (tmp_path / "7.png").write_text("broken")
    here = run(posts, workers=0, batch_size=4, image_hashes=True)
    there = run(posts, workers=2, batch_size=4, image_hashes=True)
    np.testing.assert_array_equal(there.image_vectors, np.delete(expected, 7, axis=0))
    for name in ("image_vectors", "image_index", "image_hashes"):
        np.testing.assert_array_equal(getattr(there, name), getattr(here, name))
    assert there.broken == here.broken
    assert [broken.post_id for broken in there.broken] == ["7"]


def test_a_batch_is_decoded_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("workers were started")

    monkeypatch.setattr(system_workers, "WorkerPool", never)
    posts, expected = many(tmp_path, 4)
    np.testing.assert_array_equal(run(posts, workers=2, batch_size=4).image_vectors, expected)
    with pytest.raises(AssertionError, match="workers were started"):
        run(posts, workers=2, batch_size=3)


def test_a_picture_that_kills_its_worker_is_broken_and_the_others_go_on(tmp_path: Path) -> None:
    posts, expected = many(tmp_path, 12)
    for row in (2, 9):
        picture(tmp_path, str(row), (row, row, row), side=13)

    def deadly(image: Any) -> NDArray[np.uint8]:
        if image.size == (13, 13):
            os.kill(os.getpid(), signal.SIGKILL)
        return np.asarray(image.resize((8, 8)))

    found = run(posts, image=Colours(prepare=deadly), workers=2, batch_size=3)
    np.testing.assert_array_equal(found.image_vectors, np.delete(expected, [2, 9], axis=0))
    assert [(broken.post_id, broken.reason[:35]) for broken in found.broken] == [
        ("2", "the process that decoded it died; l"),
        ("9", "the process that decoded it died; l"),
    ]


def test_workers_know_no_torch(tmp_path: Path) -> None:
    posts, _ = many(tmp_path, 4)

    def has_torch(image: Any) -> NDArray[np.uint8]:
        return np.full((1, 1, 3), "torch" in sys.modules, dtype=np.uint8)

    import torch  # here it is: only the worker's answer counts

    assert torch.__version__
    found = run(posts, image=Colours(prepare=has_torch), workers=1, batch_size=2, image_hashes=True)
    assert found.image_vectors.max() == 0


def test_only_a_few_batches_are_in_flight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a pool that decodes at once, what is decoded runs ahead of what is encoded by its few batches only."""
    decoded = 0

    class Done:
        def __init__(self, ready: PreparedBatch) -> None:
            self.result = lambda: ready

    class Pool:
        def __init__(self, task: Callable[[Sequence[Path | bytes]], PreparedBatch], *, workers: int | None) -> None:
            self.task, self.workers = task, workers

        def submit(self, batch: Sequence[Path | bytes]) -> Done:
            nonlocal decoded
            decoded += len(batch)
            return Done(self.task(batch))

        def close(self) -> None: ...

    class Watching(Colours):
        ahead: int = 0

        def encode(self, batch: NDArray[Any]) -> Vectors:
            self.ahead = max(self.ahead, decoded - self.seen)
            return super().encode(batch)

    monkeypatch.setattr(system_workers, "WorkerPool", Pool)
    posts, _ = many(tmp_path, 60)
    image = Watching()
    run(posts, image=image, workers=2, batch_size=8)
    assert image.seen == 60
    assert image.ahead <= 2 * 6  # quarters of a batch, two a worker and two more


def test_one_post_wakes_no_heavy_library() -> None:
    code = """
import io, sys
import numpy as np
from PIL import Image
from postplace.features.extraction import encode_posts
from postplace.encoders.bundled import Squash
from postplace.schema import Post

class Toy:
    name, width, fingerprint, prepare = "toy", 2, "toy", Squash(8)
    def encode(self, batch):
        return np.ones((len(batch), 2), dtype=np.float32)

file = io.BytesIO()
Image.new("RGB", (20, 20)).save(file, "PNG")
post = Post("0", text="night #bund", hashtags=("bund",), images=(file.getvalue(),))
assert encode_posts([post], text_encoder=Toy(), image_encoder=Toy()).image_index.tolist() == [[0]]
print([name for name in ("torch", "loky", "jieba", "pandas", "rich", "imagehash", "sklearn") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ---------------------------------------------------------------------- kills

# No `if __name__ == "__main__"`: a user's script needs none. Says after each batch how many pictures it has encoded.
SCRIPT = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what runs in its background without it
from pathlib import Path
import numpy as np
from postplace.features import extraction as encode
from postplace.encoders.bundled import Squash
from postplace.schema import Post

encode.FLUSH_SECONDS = 0.0
folder = Path(sys.argv[1])

class Texts:
    name, width, fingerprint = "texts", 2, "texts"
    def encode(self, texts):
        return np.ones((len(texts), 2), dtype=np.float32)

class Slow:
    name, width, fingerprint, prepare, seen = "slow", 3, "slow", Squash(8), 0
    def encode(self, batch):
        time.sleep(0.2)
        self.seen += len(batch)
        print(self.seen, flush=True)
        return batch.mean(axis=(1, 2), dtype=np.float32)

posts = [Post(str(row), images=(folder / f"{row}.png",)) for row in range(40)]
found = encode.encode_posts(
    posts, text_encoder=Texts(), image_encoder=Slow(), store_folder=folder / "store", workers=2, batch_size=2
)
print("done", found.image_vectors[:, 0].astype(int).tolist() == list(range(40)), flush=True)
"""


@pytest.fixture
def interrupted(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The script, in a process group of its own, after it has encoded six of its forty pictures."""
    many(tmp_path, 40)
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, text=True, start_new_session=True, **pipes)  # type: ignore[call-overload]
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= 6:
            break
    yield process
    for other in group(process.pid):
        if b"resource_tracker" not in Path(f"/proc/{other}/cmdline").read_bytes():  # it cleans up after the others
            os.kill(other, signal.SIGKILL)
    process.communicate(timeout=10)


def group(leader: int) -> list[int]:
    """The living processes of a process group, as Linux lists them."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, number = entry.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(number) == leader and state != "Z":
            found.append(int(entry.parent.name))
    return found


def test_a_killed_run_goes_on_where_it_was(interrupted: subprocess.Popen[str], tmp_path: Path) -> None:
    os.kill(interrupted.pid, signal.SIGKILL)
    interrupted.wait(10)
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    again = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
    assert again[-2] == "done True"
    assert int(again[-3]) <= 40 - 4  # six were encoded, of which the last batch may have been lost


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="lists processes as Linux does")
def test_an_interrupt_leaves_no_process_behind(interrupted: subprocess.Popen[str]) -> None:
    assert len(group(interrupted.pid)) >= 3  # itself and two workers
    os.killpg(interrupted.pid, signal.SIGINT)  # as a terminal does
    _, told = interrupted.communicate(timeout=20)
    deadline = time.monotonic() + 10
    while group(interrupted.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert group(interrupted.pid) == []
    assert told.count("Traceback") == told.count("KeyboardInterrupt") == 1  # its own, none of the workers'


# ---------------------------------------------------------------------- progress


def test_progress_is_shown_only_when_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    posts, _ = many(tmp_path, 6)
    run(posts, workers=0, batch_size=2)
    assert capsys.readouterr() == ("", "")
    run(posts, workers=0, batch_size=2, progress=True)
    out, told = capsys.readouterr()
    assert out == ""
    assert "encoding images" in told
    assert "6/6" in told
    assert "/s" in told


def test_the_reader_of_a_stream_is_not_needed(tmp_path: Path) -> None:
    """An upload that is broken is named as one."""
    file = io.BytesIO()
    Image.new("RGB", (9, 9)).save(file, "PNG")
    found = run([Post("0", images=(file.getvalue()[:40],))])
    assert [(broken.post_id, broken.image) for broken in found.broken] == [("0", "uploaded image")]


# ---------------------------------------------------------------------- encoders that give no numbers


class NoNumbersForBlue(Colours):
    """Its network overflows on what is mostly blue."""

    def encode(self, batch: NDArray[Any]) -> Vectors:
        means = super().encode(batch)
        means[means[:, 2] > 50] = np.nan
        return means


@pytest.mark.parametrize("stored", [True, False])
def test_a_picture_without_a_vector_is_told_as_a_broken_one(tmp_path: Path, stored: bool) -> None:
    red, blue = picture(tmp_path, "red", (200, 0, 0)), picture(tmp_path, "blue", (0, 0, 100))
    asked = [Post("1", images=(red, blue)), Post("2", text="a", images=(blue,))]
    for _ in range(2):  # what is stored is no answer to the same question
        found = run(asked, image=NoNumbersForBlue(), store_folder=tmp_path / "store" if stored else None)
        assert [(one.post_id, Path(one.image).name) for one in found.broken] == [("1", "blue.png"), ("2", "blue.png")]
        assert "gives no numbers for it" in found.broken[0].reason
        np.testing.assert_array_equal(found.image_vectors, [[200, 0, 0]])
        assert found.image_index.tolist() == [[0], [-1]]


class NoNumbersForTen(Lengths):
    """Its network overflows on ten characters."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        vectors = super().encode(texts)
        vectors[vectors[:, 0] == 10, 1] = np.inf
        return vectors


@pytest.mark.parametrize("ten", [Post("7", text="ten signs!"), Post("7", text="hi", hashtags=("ten", "signs?"))])
def test_a_text_without_a_vector_is_an_error_that_names_the_post(tmp_path: Path, ten: Post) -> None:
    asked = [Post("1", text="a walk"), ten]
    with pytest.raises(Diverged, match=r"post 7: the text encoder lengths gives no numbers for it; leave the post out"):
        run(asked, text=NoNumbersForTen(), store_folder=tmp_path)
    whole = Lengths()
    run(asked, text=whole, store_folder=tmp_path)
    assert "a walk" not in whole.seen  # what was sound is kept
