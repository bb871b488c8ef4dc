"""Posts -> stored vectors: images are decoded in worker processes while the encoder runs on the batch before.

Equal content is encoded once, within a call and, through the store, across calls; a call that was killed goes on where
it was. Letters: N posts, M distinct readable images, I images of a post, D width, n token states of an item.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from postplace.encoders.encoder import EncodesPosts, ImageEncoder, OwnBatchSize, TextEncoder, Vectors
from postplace.encoders.outside import TextFailed, encode_texts
from postplace.encoders.store import Store, Stored, Stores, add_finite, digest
from postplace.encoders.token_states import StateRows, image_state_rows, in_one_run, rows_of_both, text_state_rows
from postplace.errors import BadVectors, Diverged
from postplace.features.image_keys import CUT_SHORT, BrokenImage, Image, index_images, key_images
from postplace.features.precomputed import TextSides, vectors_by_id
from postplace.images.decode import from_pixels
from postplace.images.worker import PreparedBatch, prepare_batch
from postplace.schema import Post
from postplace.splitting.duplicates import perceptual_hash
from postplace.system.plugins import failure
from postplace.system.progress import Show, progress_bars
from postplace.system.workers import WorkerPool, map_in_workers
from postplace.text.cleaning import for_encoder

TEXT_BATCH = 256
FLUSH_SECONDS = 10.0  # at most this much work is lost by a kill
HASH_FINGERPRINT = "perceptual hash, 64 bits as four numbers of 16, after decoding to at least {size} px"
HASH_WORDS = 4
_NO_NUMBERS = "the encoder gives no numbers for it; leave it out or name another image encoder"


@dataclass(frozen=True)
class EncodedPosts:
    """The vectors of N posts. Where a mask is False the vector is 0; `image_index` is -1 where there is no image."""

    text_vectors: Vectors  # (N, D_text)
    text_mask: NDArray[np.bool_]  # (N,)
    hashtag_vectors: Vectors  # (N, D_text)
    hashtag_mask: NDArray[np.bool_]  # (N,)
    image_vectors: Vectors  # (M, D_image)
    image_index: NDArray[np.int64]  # (N, I) rows of image_vectors, real ones first
    broken: tuple[BrokenImage, ...]
    image_hashes: NDArray[np.uint64] | None  # (M,) perceptual hashes, if asked for
    text_states: NDArray[np.float16] | None = None  # (N, n_t, D) of text and hashtags, if asked for; padding is all 0
    image_states: NDArray[np.float16] | None = None  # (M, n_i, D), if asked for
    cut_short: tuple[BrokenImage, ...] = ()  # JPEGs without their end, which were read as far as they go


def encode_posts(
    posts: Sequence[Post],
    *,
    text_encoder: TextEncoder,
    image_encoder: ImageEncoder,
    store_folder: Path | None = None,
    workers: int | None = None,
    batch_size: int = 32,
    progress: bool = False,
    image_hashes: bool = False,
    states: bool | Literal["image"] = False,
) -> EncodedPosts:
    """Encode the text (without links, mentions and hashtags), the hashtags and the images of posts.

    With `store_folder` the vectors, and with `image_hashes` the perceptual hashes, are kept there and found again.
    `workers` decode images (default: one fewer than the cores; 0: in this process) and hand them over in quarters of
    a batch, put together to as many as the encoder takes at once where it says so; up to one batch is decoded here.
    With `states` there are token states too, in float16 (`encoders/token_states.py` says what they cost): of a text and
    its hashtags as one sequence, in this order, for the paper that reads them knows one text a post; of a long text an
    encoder reads the beginning alone. "image" are those of images alone.
    An image whose vector is not all numbers is told as one that could not be read. Raises Diverged, with the post, for
    such a text; BadPost when many images are named and not one is there; BadOption when an encoder has no states to
    give; WriteFailed when the store cannot be written.
    """
    token_rows = text_state_rows(text_encoder) if states is True else None
    patch_rows = image_state_rows(image_encoder) if states else None
    texts = [for_encoder(post.full_text) for post in posts]
    tags = [" ".join(post.hashtags).strip() for post in posts]
    with ExitStack() as stack:
        stack.enter_context(_naming(posts, texts, tags, encoder=text_encoder.name))
        stores = Stores(store_folder, stack)
        show = stack.enter_context(progress_bars(progress))
        sentences = stores.open(text_encoder.fingerprint, text_encoder.width)
        text_states = None
        if token_rows is not None:
            pairs, both = list(zip(texts, tags, strict=True)), (sentences, token_rows.open(stores))
            text_states = _text_states(pairs, text_encoder, token_rows, both, show=show)
        if isinstance(text_encoder, EncodesPosts):
            side = vectors_by_id(posts, texts, tags, text_encoder)
        else:
            _encode_texts([*texts, *tags], lambda some: (encode_texts(text_encoder, some),), (sentences,), show=show)
            side = _vectors_by_text(texts, tags, sentences)
        kinds = _image_kinds(image_encoder, patch_rows, stores, hashing=image_hashes)
        files = key_images(posts)
        decoder = _Decoder(image_encoder, workers=workers, batch_size=batch_size, hashing=image_hashes)
        reasons = _encode_images(files.sources, list(kinds.values()), decoder=decoder, show=show)
        index, order = index_images(files.keys, unreadable=reasons)
        kept = {name: kind.store.read(order) for name, kind in kinds.items()}
        return EncodedPosts(
            **side,
            image_vectors=kept["vectors"],
            image_index=index,
            broken=(*files.broken, *files.of_posts(posts, reasons)),
            cut_short=files.of_posts(posts, {key: CUT_SHORT for key in files.cut_short if key not in reasons}),
            image_hashes=_from_words(kept["hashes"]) if image_hashes else None,
            text_states=text_states,
            image_states=None if patch_rows is None else patch_rows.shaped(kept["states"]),
        )


def _vectors_by_text(texts: Sequence[str], tags: Sequence[str], store: Store) -> TextSides:
    return {
        "text_vectors": _read_texts(texts, store),
        "text_mask": np.array([bool(text) for text in texts], dtype=np.bool_),
        "hashtag_vectors": _read_texts(tags, store),
        "hashtag_mask": np.array([bool(tag) for tag in tags], dtype=np.bool_),
    }


@contextmanager
def _naming(posts: Sequence[Post], texts: Sequence[str], tags: Sequence[str], *, encoder: str) -> Iterator[None]:
    """Say of which post the text was that an encoder gave no numbers for."""
    try:
        yield
    except TextFailed as error:
        text, sides = error.args[0], zip(posts, texts, tags, strict=True)
        found = (post.id for post, own, its_tags in sides if text in (own, its_tags, f"{own} {its_tags}"))
        if error.__cause__ is not None:
            where = f"text encoder {encoder}, post {next(found)}"
            raise BadVectors(where, *failure(error.__cause__)) from error.__cause__
        said = f"the text encoder {encoder} gives no numbers for it", "leave the post out, or name another text encoder"
        raise Diverged(f"post {next(found)}", *said) from None


def _encode_texts(
    texts: Sequence[str],
    encode: Callable[[Sequence[str]], tuple[Stored, ...]],
    stores: tuple[Store, ...],
    *,
    show: Show,
    name: str = "encoding texts",
) -> None:
    """Encode what is in none of the stores yet, in batches of similar length; `encode` gives something for each."""
    keys = [_text_key(text) for text in texts]
    lacking = set.intersection(*(set(store.missing(keys)) for store in stores))
    rows = sorted((row for row in lacking if texts[row]), key=lambda row: (len(texts[row]), row))
    for start in show([rows[s : s + TEXT_BATCH] for s in range(0, len(rows), TEXT_BATCH)], name, len(rows)):
        found = encode([texts[row] for row in start])
        for store, vectors in zip(stores, found, strict=True):
            if strange := add_finite(store, [keys[row] for row in start], vectors):
                raise TextFailed(texts[start[strange[0]]])
    if rows:
        for store in stores:
            store.flush()


def _text_states(
    posts: Sequence[tuple[str, str]],
    encoder: TextEncoder,
    rows: StateRows,
    stores: tuple[Store, Store],
    *,
    show: Show,
) -> NDArray[np.float16]:
    """The token states (N, n, D) of posts' texts and hashtags, each as one text; `stores`: of vectors, of states.

    A text without hashtags, or hashtags without text, needs a vector too: one run of the network gives both, if it can.
    """
    whole = [" ".join(filter(None, pair)) for pair in posts]
    if both := rows_of_both(encoder, rows):
        _encode_texts([text for text, pair in zip(whole, posts, strict=True) if text in pair], both, stores, show=show)
    states = stores[1]
    _encode_texts(whole, lambda texts: (rows.encode(texts),), (states,), show=show, name="encoding tokens of texts")
    return rows.shaped(_read_texts(whole, states))


def _read_texts(texts: Sequence[str], store: Store) -> Stored:
    return store.read([_text_key(text) if text else None for text in texts])


def _text_key(text: str) -> bytes:
    return digest(text.encode("utf-8", "surrogatepass"))


# ---------------------------------------------------------------------- images


@dataclass(frozen=True, slots=True)
class _Kind:
    """One thing that is kept of an image: where, and how it is made of prepared images and their hashes."""

    store: Store
    make: Callable[[NDArray[Any], list[int]], Stored]


def _image_kinds(
    encoder: ImageEncoder, patches: StateRows | None, stores: Stores, *, hashing: bool
) -> dict[str, _Kind]:
    vectors = stores.open(from_pixels(encoder.fingerprint), encoder.width)
    encode, encode_states = (encoder.encode, None) if patches is None else in_one_run(encoder, patches)
    kinds = {"vectors": _Kind(vectors, lambda arrays, _: encode(arrays))}
    if hashing:
        steps = HASH_FINGERPRINT.format(size=getattr(encoder.prepare, "size", "all its"))
        kinds["hashes"] = _Kind(stores.open(from_pixels(steps), HASH_WORDS), lambda _, hashes: _to_words(hashes))
    if patches is not None and encode_states is not None:
        rows = replace(patches, fingerprint=from_pixels(patches.fingerprint))
        kinds["states"] = _Kind(rows.open(stores), lambda arrays, _: encode_states(arrays))
    return kinds


def _encode_images(
    sources: Mapping[bytes, Image], kinds: Sequence[_Kind], *, decoder: _Decoder, show: Show
) -> dict[bytes, str]:
    """Encode what is not stored yet; returns why images could not be decoded or encoded, by digest."""
    every = list(sources)
    lacking = [{every[row] for row in kind.store.missing(every)} for kind in kinds]
    keys = [key for key in every if any(key in lack for lack in lacking)]
    reasons: dict[bytes, str] = {}
    flushed = time.monotonic()
    batches = decoder.batches(keys)
    with closing(decoder.decode([[sources[key] for key in batch] for batch in batches])) as decoded:
        pairs = zip(show(batches, "encoding images", len(keys)), decoded, strict=True)
        for good, arrays, hashes in _gathered(pairs, reasons, size=lambda: decoder.at_once):
            for kind, lack in zip(kinds, lacking, strict=True):
                rows = [row for row, key in enumerate(good) if key in lack]
                if rows:
                    own = [hashes[row] for row in rows] if hashes else []
                    strange = add_finite(kind.store, [good[row] for row in rows], kind.make(arrays[rows], own))
                    reasons |= {good[rows[row]]: _NO_NUMBERS for row in strange}
            if time.monotonic() - flushed > FLUSH_SECONDS:
                _flush(kinds)
                flushed = time.monotonic()
    if keys:
        _flush(kinds)
    return reasons


def _gathered(
    decoded: Iterable[tuple[Sequence[bytes], PreparedBatch]], reasons: dict[bytes, str], *, size: Callable[[], int]
) -> Iterator[tuple[list[bytes], NDArray[Any], list[int]]]:
    """The keys, arrays and hashes of decoded images, `size` or a few more at a time, the rest at the end.

    Why others could not be decoded is added to `reasons`.
    """
    keys: list[bytes] = []
    arrays: list[NDArray[Any]] = []
    hashes: list[int] = []
    for batch, ready in decoded:
        reasons |= {batch[position]: reason for position, reason in ready.reasons.items()}
        if ready.arrays is None:
            continue
        keys += [batch[position] for position in ready.positions]
        arrays.append(ready.arrays)
        hashes += ready.hashes
        if len(keys) >= size():
            yield keys, np.concatenate(arrays), hashes
            keys, arrays, hashes = [], [], []
    if keys:
        yield keys, np.concatenate(arrays), hashes


def _flush(kinds: Sequence[_Kind]) -> None:
    for kind in kinds:
        kind.store.flush()


class _Decoder:
    """Decodes batches of images, in order, at most a few batches ahead of who asks for them."""

    def __init__(self, encoder: ImageEncoder, *, workers: int | None, batch_size: int, hashing: bool) -> None:
        self.encoder, self.workers, self.batch_size = encoder, workers, batch_size
        hash_image: Callable[[Any], int] | None = perceptual_hash if hashing else None
        self.task = partial(prepare_batch, prepare=encoder.prepare, hash_image=hash_image)

    @property
    def at_once(self) -> int:
        """How many images the encoder takes at a time; it may find out only while it runs."""
        return self.encoder.batch_size if isinstance(self.encoder, OwnBatchSize) else 1

    def batches(self, keys: Sequence[bytes]) -> list[Sequence[bytes]]:
        """Keys in batches to decode; small ones for workers, so that the encoder gets its first images soon."""
        here = self.workers == 0 or len(keys) <= self.batch_size
        step = self.batch_size if here else max(1, self.batch_size // 4)
        return [keys[start : start + step] for start in range(0, len(keys), step)]

    def decode(self, batches: Sequence[Sequence[Image]]) -> Generator[PreparedBatch]:
        """One result a batch; closing the generator stops the workers."""
        here = self.workers == 0 or len(batches) <= 1
        yield from map(self.task, batches) if here else self._decode_in_workers(batches)

    def _decode_in_workers(self, batches: Sequence[Sequence[Image]]) -> Generator[PreparedBatch]:
        def ahead(workers: int) -> int:
            return max(2 * workers + 2, self.at_once // max(1, len(batches[0])))

        yield from map_in_workers(self.task, batches, workers=self.workers, ahead=ahead, retry=_one_by_one)


def _one_by_one(batch: Sequence[Image], pool: WorkerPool) -> PreparedBatch:
    """Decode each image in a process that has nothing else to do: if it dies, that image was the cause."""
    positions, arrays, hashes, reasons = [], [], [], {}
    for position, image in enumerate(batch):
        ready = pool.result_or(None, [image])
        if ready is None:
            reasons[position] = "the process that decoded it died; look at the file or leave it out"
        elif ready.arrays is None:
            reasons[position] = ready.reasons[0]
        else:
            positions.append(position)
            arrays.append(ready.arrays[0])
            hashes += ready.hashes
    return PreparedBatch(positions, np.stack(arrays) if arrays else None, hashes, reasons)


def _to_words(hashes: Sequence[int]) -> Vectors:
    words = [[(value >> (16 * word)) & 0xFFFF for word in range(HASH_WORDS)] for value in hashes]
    return np.array(words, dtype=np.float32).reshape(-1, HASH_WORDS)


def _from_words(words: Vectors) -> NDArray[np.uint64]:
    shifts = np.arange(HASH_WORDS, dtype=np.uint64) * np.uint64(16)
    hashes: NDArray[np.uint64] = np.bitwise_or.reduce(words.astype(np.uint64) << shifts, axis=1, initial=0)
    return hashes
