"""BalanceMLA, a reconstruction: balanced learning of each modality and adaptive fusion of decisions (Fu et al., 2024).

Neither text nor code of the submission is public. Known is the outline alone: an objective of its own for each
modality, control of how fast each is learned, and decisions weighted for each post. What fills it in here is ours:

(1) p_m = softmax(W_m h_m + b_m), h_m = dropout(ReLU(W x_m + b)), for text and image each
(2) c_m <- momentum c_m + (1 - momentum) mean_b p_m,b[y_b], the running confidence in the right class
(3) lambda_m = 2 exp(-(c_m - mean c) / T) / sum_m exp(-(c_m - mean c) / T);  L = sum_m lambda_m CE_m
(4) a_m = kappa (1 - H(p_m) / log C) + beta_m, H the entropy;  w = softmax over m of a
(5) p = sum_m w_m p_m;  logits = log p

The side that lags behind learns with the greater weight. kappa and beta are chosen on the validation part once the rest
is learned. Letters: B posts, D widths of the stored vectors, d of a side, M = 2 sides, C classes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional

from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.modality_tokens import image_mean, text_mean, to_width
from postplace.models.blocks.pooling import fill_absent
from postplace.models.entry import ON_VECTORS, READS_ALL, VECTORS
from postplace.models.registry import register_model

MOMENTUM = 0.9
SHARPNESS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)  # of kappa: tried on the validation part
OFFSETS = tuple(step / 2 for step in range(-8, 9))  # of beta of the text; that of the image is 0


class Heads(nn.Module):
    """The last layer of (1) of both sides: [h_t; h_v] (B, 2 d) -> logits (B, M, C), each side from its own half."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.text, self.image = nn.Linear(width, classes), nn.Linear(width, classes)

    def forward(self, h: Tensor) -> Tensor:
        """See the class."""
        h_t, h_v = h.chunk(2, dim=1)
        return torch.stack([self.text(h_t), self.image(h_v)], dim=1)


@register_model(
    "balance-mla",
    title="BalanceMLA (reconstruction)",
    family="text and image",
    modalities=READS_ALL,
    inputs=VECTORS,
    training=ON_VECTORS,
    citation="after Fu et al., BalanceMLA, OpenReview submission, 2024",
    prefer_when="which of text and image to believe differs from post to post, or one is often missing",
    deviations="Text and code are not public: a reconstruction from a description in a few lines. The weights of the "
    "losses, the running confidences and the weights of the decisions are ours.",
    ranges={"temperature": (0.01, 1.0)},
    search={"dropout": (0.1, 0.3, 0.5), "temperature": (0.05, 0.2, 1.0), "width": (128, 256)},
)
class BalanceMLA(nn.Module):
    """Batch -> logits (B, C), the logarithm of (5). `classifier` holds the last layers of both sides.

    `temperature` is T. A side that is absent has no part in (2) and, if the other is there, none in (5); a learned
    vector stands for h_m in training, and for a post of nothing.
    """

    def __init__(
        self, sizes: InputSizes, *, classes: int, width: int = 256, dropout: float = 0.3, temperature: float = 0.2
    ) -> None:
        super().__init__()
        self.temperature, self.classes = temperature, classes
        self.text, self.image = (
            nn.Sequential(to_width(d, d, norm=True, dropout=0.0), nn.Linear(d, width), nn.ReLU(), nn.Dropout(dropout))
            for d in (sizes.text_width, sizes.image_width)
        )
        self.absent_text, self.absent_image = (nn.Parameter(torch.zeros(width)) for _ in range(2))
        self.classifier = Heads(width, classes)
        self.confidence: Tensor
        self.kappa: Tensor
        self.beta: Tensor
        self.register_buffer("confidence", torch.full((2,), 1.0 / classes))
        self.register_buffer("kappa", torch.tensor(1.0))
        self.register_buffer("beta", torch.zeros(2))

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C): (4), (5)."""
        logits, present = self.sides(batch)
        return fused(torch.log_softmax(logits, dim=2), present, kappa=self.kappa, beta=self.beta)

    def sides(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """(1): logits (B, M, C) of each side, and which of them (B, M) are there."""
        text, has_text = text_mean(batch)
        image, has_image = image_mean(batch)
        h_t = fill_absent(self.text(text), has_text, self.absent_text)
        h_v = fill_absent(self.image(image), has_image, self.absent_image)
        return self.classifier(torch.cat([h_t, h_v], dim=1)), torch.stack([has_text, has_image], dim=1)

    def loss(self, batch: Batch, labels: Tensor, class_weights: Tensor | None) -> Tensor:
        """(3), by the confidences up to the batch before; in training they then take in this one, (2)."""
        logits, present = self.sides(batch)
        losses = [functional.cross_entropy(side, labels, weight=class_weights) for side in logits.unbind(dim=1)]
        total = (self.weights() * torch.stack(losses)).sum()
        if self.training:
            self._remember(logits.detach(), present, labels)
        return total

    def weights(self) -> Tensor:
        """(3): lambda (M,), 1 on average."""
        return 2 * torch.softmax(-(self.confidence - self.confidence.mean()) / self.temperature, dim=0)

    def _remember(self, logits: Tensor, present: Tensor, labels: Tensor) -> None:
        right = torch.softmax(logits, dim=2)[torch.arange(len(labels), device=labels.device), :, labels]  # (B, M)
        count = present.sum(dim=0)
        now = (right * present).sum(dim=0) / count.clamp(min=1)
        taken = torch.where(count > 0, MOMENTUM * self.confidence + (1 - MOMENTUM) * now, self.confidence)
        self.confidence.copy_(taken)

    def fit_on_validation(self, validation: Iterable[Batch]) -> None:
        """Choose kappa and beta of (4) from a grid, by the cross-entropy of (5) on the validation part."""
        known = [(*self.sides(batch), batch.labels) for batch in validation if batch.labels is not None]
        if not known:
            return
        logits, present, labels = (torch.cat(parts) for parts in zip(*known, strict=True))
        log_p = torch.log_softmax(logits, dim=2)
        grid = [(log_p.new_tensor(kappa), log_p.new_tensor([b, 0.0])) for kappa in SHARPNESS for b in OFFSETS]
        losses = [functional.nll_loss(fused(log_p, present, kappa=k, beta=b), labels) for k, b in grid]
        kappa, beta = grid[int(torch.stack(losses).argmin())]
        self.kappa.copy_(kappa)
        self.beta.copy_(beta)


def fused(log_p: Tensor, present: Tensor, *, kappa: Tensor, beta: Tensor) -> Tensor:
    """(4), (5): log p_m (B, M, C), which sides are there (B, M) -> log p (B, C)."""
    entropy = -(log_p.exp() * log_p).sum(dim=2)
    certainty = 1 - entropy / math.log(max(2, log_p.shape[2]))
    used = present | ~present.any(dim=1, keepdim=True)
    log_w = torch.log_softmax((kappa * certainty + beta).masked_fill(~used, -torch.inf), dim=1)
    return torch.logsumexp(log_w[..., None] + log_p, dim=1)
