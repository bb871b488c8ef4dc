"""Integrated gradients (Sundararajan, Taly and Yan, ICML 2017) of a network's inputs, embedded tokens and vectors.

From a baseline in a straight line to the post: the gradient of the log-odds on the way, times what changed, is each
input's share of the difference. `baseline_inputs.py` finds the baseline.
Frozen encoders are not looked into: a text's or an image's vector is one part.
Letters: P positions that hold a token, d width of an embedding, V rows of a table.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from postplace.errors import BadOption
from postplace.explain.baseline_inputs import find_baseline_inputs
from postplace.explain.explanation import Effect
from postplace.explain.parts import Part, image_part
from postplace.explain.token_parts import parts_of_tokens
from postplace.explain.variants import OpenedPost, encode
from postplace.features.batch import TOKEN_IDS, Batch
from postplace.locator import PostLocator
from postplace.models.estimator import Estimator
from postplace.models.inputs import build_tensors
from postplace.schema import Post
from postplace.text.stop_words import PLACES, WordRules

STEPS = 32
MORE_STEPS = 128  # where the shares of 32 do not add up: a layer norm may turn sharply on the way
TOLERANCE = 0.05  # of the difference: beyond it the sum is said to be off
LEAST_OFF = 0.02  # nats: nobody is misled by less, however small the difference is
ALIKE = 1e-3  # of a probability: the network that gradients are taken of must answer as the one that is asked
VECTORS = ("text_vector", "hashtag_vector", "image_vectors", "text_states", "image_states", "image_grids")
Inputs = Mapping[str, Tensor]


class Shares(NamedTuple):
    """What inputs gave: (log-odds, probability) each; `start` and `end` are both at the ends of the way."""

    of: Mapping[str, Tensor]
    start: Tensor
    end: Tensor


def gradient_effects(locator: PostLocator, opened: OpenedPost, column: int) -> tuple[list[Effect], list[str]]:
    """Words, hashtags, images and vectors with their shares, and notes on them.

    Raises BadOption for a model that is no network, or whose inputs gradients cannot be followed to.
    """
    model_name, fitted = locator.entry.name, locator.predictor
    if isinstance(fitted.model, Estimator):
        raise BadOption("method", f"{model_name} is no network and has no gradients", "leave it out")
    posts, encoded = encode(locator, [opened.post])
    batch = build_tensors(locator.plan, posts, encoded, fitted.vocabularies)[[0]]
    answer = float(locator.probabilities(posts, encoded)[0, column])
    device = next((weight.device for weight in fitted.model.parameters()), torch.device("cpu"))
    known = fitted.calibration
    calibration = {} if known is None else {"temperature": known.temperature, "floor": known.uniform_weight}
    network = Differentiable(fitted.model.eval(), batch.to(device), column, **calibration)
    try:
        start = network.baseline(_means(locator))
        baseline = find_baseline_inputs(network, start, prior=_prior(locator), scales=_scales(locator))
        ends = network.inputs(), baseline.inputs
        shares = integrated(network, *ends)
        if not _adds_up(shares):
            shares = integrated(network, *ends, steps=MORE_STEPS)
    except (RuntimeError, IndexError) as error:  # tokens read in a way that leaves no place for their own embeddings
        raise _no_gradients(model_name) from error
    if abs(float(shares.end[1]) - answer) > ALIKE:
        raise _no_gradients(model_name)
    rules = fitted.vocabularies.word_rules if fitted.vocabularies else PLACES
    return _effects(posts[0], network, shares, rules=rules), [*_complete(shares), *baseline.notes()]


@dataclass(frozen=True)
class Differentiable:
    """A network and one post, as a function of what gradients are followed to.

    Every token gets a row of its own in each table of embeddings, behind the V rows that are there: so two equal tokens
    are kept apart, and whatever a network does with its tables it does with these rows. `temperature` divides logits,
    `floor` is the share that all classes have alike: probabilities are the calibrated ones.
    """

    model: nn.Module
    batch: Batch
    column: int
    temperature: float = 1.0
    floor: float = 0.0

    @property
    def tables(self) -> dict[str, nn.Embedding]:
        """The tables of embeddings, by name."""
        return {name: module for name, module in self.model.named_modules() if isinstance(module, nn.Embedding)}

    @property
    def tokens(self) -> Tensor:
        """The ids (P,) of the post's tokens: of the text's characters and words, then of the hashtags'."""
        return torch.cat([ids[ids != 0] for ids in self._ids()])

    def inputs(self) -> dict[str, Tensor]:
        """Embedded tokens (P, d), by table, and the post's vectors and token states."""
        tokens, embedded = self.tokens, {}
        for name, table in self.tables.items():
            known = tokens < len(table.weight)
            rows = table.weight.detach()[torch.where(known, tokens, 0)]
            embedded[f"{name}.weight"] = torch.where(known[:, None], rows, 0.0)
        vectors = {name: getattr(self.batch, name) for name in VECTORS}
        return embedded | {name: value.float() for name, value in vectors.items() if value is not None}

    def baseline(self, means: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The same inputs of a post that says nothing: zeros; of vectors whose `means` are known, these."""
        zeros = {name: torch.zeros_like(value) for name, value in self.inputs().items()}
        for name, mean in means.items():
            if mean.shape[-1:] == zeros[name].shape[-1:]:
                zeros[name] = torch.zeros_like(zeros[name]) + mean.to(zeros[name].device)
        return zeros

    def __call__(self, inputs: Inputs) -> Tensor:
        """The class's log-odds and probability (2,)."""
        log_p = self.log_probabilities(inputs)
        others = torch.cat([log_p[: self.column], log_p[self.column + 1 :]])
        return torch.stack([log_p[self.column] - torch.logsumexp(others, dim=0), log_p[self.column].exp()])

    def log_probabilities(self, inputs: Inputs) -> Tensor:
        """The logarithms (C,) of all classes' calibrated probabilities."""
        tables = self.tables
        first = max((len(table.weight) for table in tables.values()), default=0)
        extended = {}
        for name, table in tables.items():
            weights = table.weight.detach()
            unused = weights.new_zeros(first - len(weights), weights.shape[1])
            extended[f"{name}.weight"] = torch.cat([weights, unused, inputs[f"{name}.weight"]])
        vectors = {name: inputs[name] for name in VECTORS if name in inputs}
        ids = self._numbered(first) if tables else {}
        logits = torch.func.functional_call(self.model, extended, (replace(self.batch, **ids, **vectors),))
        log_p = torch.log_softmax(logits[0].double() / self.temperature, dim=0)
        if self.floor:
            anything = torch.full_like(log_p, math.log(self.floor / len(log_p)))
            log_p = torch.logaddexp(log_p + math.log1p(-self.floor), anything)
        return log_p

    def _ids(self) -> Iterator[Tensor]:
        return (getattr(self.batch, name)[0] for name in TOKEN_IDS)

    def _numbered(self, first: int) -> dict[str, Tensor]:
        """The batch's ids, its tokens numbered from `first` on."""
        numbered = {}
        for name, ids in zip(TOKEN_IDS, self._ids(), strict=True):
            real = ids != 0
            numbered[name] = torch.where(real, first + torch.cumsum(real, 0) - 1, 0)[None]
            first += int(real.sum())
        return numbered


def integrated(function: Callable[[Inputs], Tensor], inputs: Inputs, baseline: Inputs, *, steps: int = STEPS) -> Shares:
    """Each input's share of function(inputs) - function(baseline), both (2,): the shape of the input, and 2 in front.

    The integral is taken at the middles of `steps` equal pieces of the way.
    """
    total = {name: torch.zeros((2, *value.shape), dtype=torch.float64) for name, value in inputs.items()}
    for step in range(steps):
        way = (step + 0.5) / steps
        here = {name: baseline[name] + way * (value - baseline[name]) for name, value in inputs.items()}
        here = {name: value.detach().requires_grad_() for name, value in here.items()}
        for row, value in enumerate(function(here)):
            gradients = torch.autograd.grad(value, list(here.values()), retain_graph=row == 0, allow_unused=True)
            for name, gradient in zip(here, gradients, strict=True):
                if gradient is not None:
                    total[name][row] += gradient.double().cpu() / steps
    change = {name: (value - baseline[name]).double().cpu() for name, value in inputs.items()}
    with torch.no_grad():
        ends = function(baseline).cpu(), function(inputs).cpu()
    return Shares({name: total[name] * change[name] for name in total}, *ends)


def _effects(post: Post, network: Differentiable, shares: Shares, *, rules: WordRules) -> list[Effect]:
    """Shares of tokens added up over the words and hashtags they stand in, and those of vectors."""
    sums: defaultdict[Part, np.ndarray[tuple[int], np.dtype[np.float64]]] = defaultdict(lambda: np.zeros(2))
    by_token = np.zeros((2, len(network.tokens)))
    for name in network.tables:
        by_token += shares.of[f"{name}.weight"].sum(dim=2).numpy()
    counts = [int((getattr(network.batch, name)[0] != 0).sum()) for name in TOKEN_IDS]
    for part, share in zip(parts_of_tokens(post, counts, rules=rules), by_token.T, strict=True):
        sums[part] += share
    for name, whole in _WHOLE.items():
        if name in shares.of and (share_of_input := shares.of[name].flatten(1).sum(dim=1).numpy()).any():
            sums[whole] += share_of_input
    if "image_vectors" in shares.of:
        for number, share in enumerate(shares.of["image_vectors"].sum(dim=3)[:, 0].T.numpy()):
            if share.any():
                sums[image_part(number)] += share
    return [Effect(part, float(share[0]), float(share[1])) for part, share in sums.items()]


_WHOLE = {
    "text_vector": Part("input", "the text as a whole", of="text"),
    "hashtag_vector": Part("input", "the hashtags as a whole", of="hashtags"),
    "text_states": Part("input", "the text's hidden states", of="text"),
    "image_states": Part("input", "the images' patches", of="image"),
    "image_grids": Part("input", "the images' patches", of="image"),
}


def _complete(shares: Shares) -> list[str]:
    """Of what difference the shares are; and, if they do not add up to it, what they do."""
    difference = float(shares.end[0] - shares.start[0])
    notes = [f"shares of the {difference:+.2f} nats between this post and a baseline without tokens"]
    if not _adds_up(shares):
        notes.append(f"the shares add up to {_total(shares):+.2f} nats instead: take them for rough")
    return notes


def _adds_up(shares: Shares) -> bool:
    """Completeness, an axiom of the method: the shares sum to the difference, here within 5 % of it or 0.02 nats."""
    difference = float(shares.end[0] - shares.start[0])
    return abs(_total(shares) - difference) <= max(TOLERANCE * abs(difference), LEAST_OFF)


def _total(shares: Shares) -> float:
    return float(sum(share[0].sum() for share in shares.of.values()))


def _means(locator: PostLocator) -> dict[str, Tensor]:
    """The training subset's mean vectors, as far as the run knows them."""
    linear = locator.predictor.baselines.linear
    return {
        name: torch.from_numpy(linear[modality].mean.copy()) for name, modality in _KNOWN.items() if modality in linear
    }


def _scales(locator: PostLocator) -> dict[str, Tensor]:
    """The training subset's standard deviations of each number of a vector, as far as the run knows them."""
    linear = locator.predictor.baselines.linear
    return {
        name: torch.from_numpy(linear[modality].scale.copy()) for name, modality in _KNOWN.items() if modality in linear
    }


_KNOWN = {"text_vector": "text", "hashtag_vector": "hashtags", "image_vectors": "image"}


def _prior(locator: PostLocator) -> Tensor:
    """What the run was taught to expect of any post (C,): the classes' shares, all alike if it was taught so."""
    shares = locator.predictor.baselines.majority.frequencies
    return torch.from_numpy(shares.copy() if locator.class_weight is None else np.full_like(shares, 1 / len(shares)))


def _no_gradients(model: str) -> BadOption:
    problem = f"the inputs of {model} cannot be followed by gradients"
    return BadOption("method", problem, "leave it out: parts are then taken away one at a time")
