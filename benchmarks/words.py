"""Words, old and new: what each change of the rules of words, and lower case for the text encoder, do to accuracy.

First how many posts each change touches. Then, on the same splits, the accuracy on the validation part, on which the
choice is made, and on the test part, as means and standard deviations over seeds: of logistic regression on TF-IDF of
the words, change by change (`changes`); of the `--models` under the old rules ("sg-mft", as in version 0.1.0) and the
new (`models`); and of logistic regression on sentence vectors, asked about posts as written, in Title Case and in UPPER
CASE, and trained on what the encoder reads in title case (`case`).
usage: OMP_NUM_THREADS=1 python benchmarks/words.py POSTS [--target category] [--min-posts 20] [--cells 80]
       [--models feature-cnns] [--seeds 0 1 2 3 4] [--cache FOLDER] [--parts changes models case]
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from postplace import Post, PostLocator, read_posts
from postplace.evaluation.baselines import no_baselines
from postplace.features.extraction import EncodedPosts
from postplace.text import hashtags, segmentation, stop_words
from postplace.text.cleaning import for_encoder
from postplace.text.stop_words import PLACES, SG_MFT, WORD_RULES
from postplace.text.tokens import TextTokens, tokenize
from postplace.training.dataset import SplitDataset

Accuracies = dict[str, tuple[float, float]]  # by row of the table: validation, test
PARTS = ("changes", "models", "case")
BATCH = 256
STRENGTHS = (1.0, 10.0)  # of the logistic regression, chosen on the validation part


def main() -> None:
    """Print the tables."""
    options = arguments()
    posts = read_posts(options.posts)
    print(f"{options.posts.parent.name}, {len(posts):,} posts", *touched(posts), sep="\n", flush=True)
    found: dict[str, list[tuple[float, float]]] = {}
    memory: dict[str, Any] = {}
    for seed in options.seeds:
        first = locator_of(options, "logistic", seed)
        dataset = first.build_dataset(posts)
        rows = by_change(dataset) if "changes" in options.parts else {}
        for model in options.models if "models" in options.parts else ():
            for rules in reversed(WORD_RULES):  # the old ones first
                rows[f"{model}, {rules}"] = trained(dataset, locator_of(options, model, seed, rules))[1]
        if "case" in options.parts:
            rows |= by_case(dataset, first, memory)
        for name, pair in rows.items():
            found.setdefault(name, []).append(pair)
        print(f"seed {seed} done", flush=True)
    print("\n| what | validation | test |\n|---|---|---|")
    for name, of_seeds in found.items():
        mean, spread = np.mean(of_seeds, axis=0), np.std(of_seeds, axis=0, ddof=int(len(of_seeds) > 1))
        cells = " | ".join(f"{own:.4f} ± {around:.4f}" for own, around in zip(mean, spread, strict=True))
        print(f"| {name} | {cells} |")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("posts", type=Path)
    parser.add_argument("--target", choices=("place", "category"), default="place")
    parser.add_argument("--min-posts", type=int)
    parser.add_argument("--cells", type=int)
    parser.add_argument("--models", nargs="*", default=["feature-cnns"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    return parser.parse_args()


def locator_of(options: argparse.Namespace, model: str, seed: int, rules: str | None = None) -> PostLocator:
    """A locator of this model, which cuts words by these rules."""
    return PostLocator(
        options.target,
        model,
        cells=options.cells,
        min_posts=options.min_posts,
        settings={} if rules is None else {"word_rules": rules},
        seed=seed,
        device="cpu",
        text_encoder="bundled-cased",
        cache=options.cache,
    )


# ---------------------------------------------------------------------- words, change by change


@contextmanager
def _without(left_out: frozenset[str]) -> Iterator[None]:
    """With these stop words in the place of the paper's."""
    with patch.object(segmentation, "stop_words", lambda _: left_out):
        yield


@contextmanager
def _simplified() -> Iterator[None]:
    """With traditional Chinese cut as simplified."""
    cut = segmentation.chinese_words
    with ExitStack() as stack:
        for module in (segmentation, hashtags):
            stack.enter_context(patch.object(module, "chinese_words", lambda text, _: cut(text, PLACES)))
        yield


def changes() -> Mapping[str, AbstractContextManager[None]]:
    """What makes other words of the paper's, one change at a time."""
    paper = stop_words.stop_words(SG_MFT)
    return {
        "numbers stay": _without(frozenset(word for word in paper if not word.isdecimal())),
        "function words alone are left out": _without(stop_words.stop_words(PLACES)),
        "nothing is left out": _without(frozenset()),
        "cut as simplified": _simplified(),
    }


def ways_to_cut(posts: Sequence[Post]) -> Iterator[tuple[str, list[TextTokens]]]:
    """The tokens of posts by the old rules, by each change, and by the new rules."""
    yield "old", [tokenize(post, SG_MFT) for post in posts]
    for name, change in changes().items():
        with change:
            yield name, [tokenize(post, SG_MFT) for post in posts]
    yield "new", [tokenize(post, PLACES) for post in posts]


def touched(posts: Sequence[Post]) -> Iterator[str]:
    """How many posts each change touches."""
    old: list[TextTokens] = []
    for name, found in ways_to_cut(posts):
        old = old or found
        changed = sum(before != after for before, after in zip(old, found, strict=True))
        total = sum(len(own.text_words) for own in found)
        yield f"{name}: {changed:,} posts have other words, {total:,} words in texts"
    texts = [for_encoder(post.full_text) + " ".join(post.hashtags) for post in posts]
    yield f"lower case for the encoder: {sum(text != text.lower() for text in texts):,} posts are changed"


def by_change(dataset: SplitDataset) -> Accuracies:
    """Logistic regression on TF-IDF of words and hashtags."""
    found: Accuracies = {}
    for name, tokens in ways_to_cut(dataset.posts):
        documents = [[*own.text_words, *(f"#{word}" for word in own.hashtag_words)] for own in tokens]
        vectorizer = TfidfVectorizer(analyzer=lambda own: own, sublinear_tf=True, min_df=2, dtype=np.float32)
        train = dataset.labelled(dataset.split.train)
        terms = vectorizer.fit([documents[row] for row in train]).transform(documents)
        best = (-1.0, -1.0)
        for strength in STRENGTHS:
            model = LogisticRegression(C=strength, max_iter=300).fit(terms[train], dataset.labels[train])
            best = max(best, accuracies(dataset, model.predict(terms)))
        found[f"TF-IDF of words, {name}"] = best
    return found


# ---------------------------------------------------------------------- models


def trained(dataset: SplitDataset, locator: PostLocator) -> tuple[Callable[[EncodedPosts], NDArray[Any]], Any]:
    """What a model answers to the posts of a dataset with these vectors, and its accuracies on them as they are."""
    locator.fit_dataset(dataset.with_baselines(no_baselines(len(dataset.places))), evaluate=False)

    def answers(encoded: EncodedPosts) -> NDArray[Any]:
        return np.asarray(locator.predictor.uncalibrated_proba(dataset.posts, encoded).argmax(axis=1))

    return answers, accuracies(dataset, answers(dataset.encoded))


# ---------------------------------------------------------------------- case


def in_title_case(text: str) -> str:
    """Each word with a capital letter at its beginning alone, however it was written."""
    return re.sub(r"[^\W\d_]+(?:['’][^\W\d_]+)*", lambda word: word[0].capitalize(), text)


def by_case(dataset: SplitDataset, locator: PostLocator, memory: dict[str, Any]) -> Accuracies:
    """Logistic regression on vectors of texts as written, asked about other spellings; and of all in title case.

    The posts of the three sets are in lower case: read so, each spelling gets the answers of the first row.
    """
    encode = locator.encoders()[0].encode
    answers, as_written = trained(dataset, locator)
    title, upper = (with_texts(dataset, encode, spelt, memory) for spelt in (in_title_case, str.upper))
    return {
        "logistic, as written": as_written,
        "logistic, as written, asked in Title Case": accuracies(dataset, answers(title)),
        "logistic, as written, asked in UPPER CASE": accuracies(dataset, answers(upper)),
        "logistic, read in title case": trained(replace(dataset, encoded=title), locator)[1],
    }


def with_texts(
    dataset: SplitDataset,
    encode: Callable[[Sequence[str]], NDArray[Any]],
    spelt: Callable[[str], str],
    memory: dict[str, Any],
) -> EncodedPosts:
    """The vectors of the dataset with those of texts and hashtags in another spelling, kept in `memory` by the text."""
    sides = {
        "text_vectors": [for_encoder(post.full_text) for post in dataset.posts],
        "hashtag_vectors": [" ".join(post.hashtags).strip() for post in dataset.posts],
    }
    made: dict[str, Any] = {}
    for name, texts in sides.items():
        others = [spelt(text) for text in texts]
        changed = [row for row, other in enumerate(others) if other != texts[row]]
        missing = sorted({others[row] for row in changed} - memory.keys())
        for start in range(0, len(missing), BATCH):
            some = missing[start : start + BATCH]
            memory.update(zip(some, encode(some), strict=True))
        made[name] = vectors = getattr(dataset.encoded, name).copy()
        for row in changed:
            vectors[row] = memory[others[row]]
    return replace(dataset.encoded, **made)


def accuracies(dataset: SplitDataset, answers: NDArray[Any]) -> tuple[float, float]:
    """The accuracy on the validation and on the test part of the answers (N,) to all posts."""
    parts = (dataset.labelled(dataset.split.validation), dataset.labelled(dataset.split.test))
    validation, test = (float((answers[rows] == dataset.labels[rows]).mean()) for rows in parts)
    return validation, test


if __name__ == "__main__":
    main()
