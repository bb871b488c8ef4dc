"""OGM-GE: on-the-fly gradient modulation with generalisation enhancement (Peng et al., CVPR 2022).

(1) h_m = ReLU(W_m x_m + b_m) of text and image;  logits = W_t h_t + W_v h_v + b
(2) o_m = W_m h_m + b / 2, what a side says alone, and s_m = sum_b softmax(o_m,b)[y_b]
(3) r_m = s_m / s_other;  k_m = 1 - tanh(alpha r_m) where r_m > 1, else 1
(4) the gradient g of each weight of the encoder of side m becomes k_m g + noise, noise ~ N(0, std(g)^2)

In each step the side that is ahead learns more slowly, so that the other is not left behind; the classifier learns as
usual. No answer is changed by this. The equations' numbers are ours, their form is that of the released code, which
modulates convolutions alone. Here there are none: each encoder is one layer on stored vectors.
Letters: B posts, D widths of the vectors, d width of a side, C classes.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.modality_tokens import image_mean, text_mean, to_width
from postplace.models.blocks.pooling import fill_absent
from postplace.models.entry import ON_VECTORS, READS_ALL, VECTORS
from postplace.models.registry import register_model


class Modulate(torch.autograd.Function):
    """A weight as it is; of its gradient g comes k g + noise N(0, (scale std(g))^2) back: (4)."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, k: Tensor, scale: float) -> Tensor:
        """Weight of any shape, k a number."""
        ctx.save_for_backward(k)
        ctx.scale = scale
        return weight.view_as(weight)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        """The gradient of the weight."""
        (k,), (g,) = ctx.saved_tensors, gradients
        noise = torch.randn_like(g) * (ctx.scale * g.std(correction=0)) if ctx.scale else 0.0
        return k * g + noise, None, None


class Encoder(nn.Module):
    """One side of (1), (B, D) -> (B, d); under a coefficient k its weights learn by (4)."""

    def __init__(self, encoder_width: int, width: int) -> None:
        super().__init__()
        self.scale = to_width(encoder_width, encoder_width, norm=True, dropout=0.0)
        self.linear = nn.Linear(encoder_width, width)

    def forward(self, x: Tensor, k: Tensor | None = None, *, noise: float = 0.0) -> Tensor:
        """See the class."""
        weight, bias = self.linear.weight, self.linear.bias
        if k is not None:
            weight, bias = (Modulate.apply(part, k, noise) for part in (weight, bias))  # type: ignore[no-untyped-call]
        return functional.relu(functional.linear(self.scale(x), weight, bias))


@register_model(
    "ogm-ge",
    title="OGM-GE",
    family="text and image",
    modalities=READS_ALL,
    inputs=VECTORS,
    training=ON_VECTORS,
    citation="Peng et al., Balanced Multimodal Learning via On-the-fly Gradient Modulation, CVPR 2022, arXiv "
    "2203.15332",
    prefer_when="one side is learned so fast that the other, which also tells the place, is left behind",
    deviations="One layer on stored vectors a side, where there were ResNet18 from scratch and SGD: all weights of "
    "these layers are modulated, not convolutions alone, and in every epoch; alpha is recalled.",
    ranges={"alpha": (0.0, 1.0), "noise": (0.0, 1.0)},
    search={"alpha": (0.1, 0.3, 0.8), "noise": (0.5, 1.0), "width": (128, 256)},
)
class OGMGE(nn.Module):
    """Batch -> logits (B, C); while training on a batch with labels, gradients are modulated by (2)-(4).

    `alpha` is that of (3), 0 for none; `noise` scales that of (4): 1 is OGM-GE, 0 is OGM alone. A learned vector stands
    for h_m of a side that is absent; posts with one side alone do not count in (2).
    """

    def __init__(
        self, sizes: InputSizes, *, classes: int, width: int = 256, alpha: float = 0.1, noise: float = 1.0
    ) -> None:
        super().__init__()
        self.alpha, self.noise = alpha, noise
        self.text, self.image = Encoder(sizes.text_width, width), Encoder(sizes.image_width, width)
        self.absent_text, self.absent_image = (nn.Parameter(torch.zeros(width)) for _ in range(2))
        self.classifier = nn.Linear(2 * width, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C)."""
        k_t, k_v = self.coefficients(batch) if self.training and batch.labels is not None else (None, None)
        text, has_text = text_mean(batch)
        image, has_image = image_mean(batch)
        h_t = fill_absent(self.text(text, k_t, noise=self.noise), has_text, self.absent_text)
        h_v = fill_absent(self.image(image, k_v, noise=self.noise), has_image, self.absent_image)
        logits: Tensor = self.classifier(torch.cat([h_t, h_v], dim=1))  # (1)
        return logits

    @torch.no_grad()
    def coefficients(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """(2), (3): k of the text and of the image; both 1 where no labelled post has both sides."""
        text, has_text = text_mean(batch)
        image, has_image = image_mean(batch)
        known = has_text & has_image
        one = text.new_ones(())
        if batch.labels is None or not bool(known.any()):
            return one, one
        y = batch.labels[known, None]
        weights = self.classifier.weight.chunk(2, dim=1)
        halves = zip((self.text(text[known]), self.image(image[known])), weights, strict=True)
        o_t, o_v = (functional.linear(h, weight, self.classifier.bias / 2) for h, weight in halves)
        s_t, s_v = (torch.softmax(o, dim=1).gather(1, y).sum() for o in (o_t, o_v))
        r_t, r_v = s_t / s_v, s_v / s_t
        return (
            torch.where(r_t > 1, 1 - torch.tanh(self.alpha * r_t), one),
            torch.where(r_t > 1, one, 1 - torch.tanh(self.alpha * r_v)),
        )
