"""DeepGeo: a character BiLSTM with attention (Lau et al., IJCNLP 2017, arXiv 1710.04802, sec. 3.1), the text network.

(1) x_i = E[c_i], and the states h-> and h<- of a forward and a backward LSTM over x
(2) g_i = ReLU(W_g [h->_(i-1); x_i; h<-_(i+1)] + b_g): the context left and right of character i, zero at the ends
(3) p_t = max of g_t ... g_(t+P-1): max-pooling over a window of P characters, stride 1
(4) alpha = softmax(v . tanh(W_a p_t)),  f = sum_t alpha_t p_t
(5) r = tanh(W_r f + b_r);  logits = W_o r + b_o

The equations' numbers are ours; their form is that of the paper and its released code. Time, time zone, user location
and the hashing loss are left out: nothing but characters is read. The characters of the hashtags follow those of the
text as one string, with a separator of its own between them (and before hashtags without a text).
Letters: B posts, L characters, d embedding, h LSTM width, f filters, T windows, C classes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.concatenated_text import by_length, concatenated_text, from_the_end, places_from_the_end
from postplace.models.blocks.pooling import fill_absent
from postplace.models.blocks.windows import window_maxima
from postplace.models.entry import READS_TEXT, Training
from postplace.models.registry import register_model


@register_model(
    "deepgeo",
    title="DeepGeo",
    family="text",
    modalities=READS_TEXT,
    inputs=frozenset({"characters"}),
    training=Training("adam", 1e-3, 128, 30, patience=5, decay_factor=0.5, decay_patience=2),
    citation="Lau et al., End-to-end Network for Twitter Geolocation Prediction and Hashing, IJCNLP 2017, arXiv "
    "1710.04802",
    prefer_when="language and spelling tell more than words, and there are many thousand posts to learn them from",
    deviations="No metadata and no hashing; hashtags follow the text in one string, of at most 300 characters each, "
    "a character counting from its second occurrence, not its fifth; widths 64 and 128, not 200 and 400, "
    "batches of 128, not 512, up to 30 epochs, not 10, with early stopping: posts are few, and learned on "
    "one core.",
    vocabulary={"max_characters": 300},
    search={"dropout": (0.2, 0.4), "filters": (128, 400), "hidden": (64, 200)},
)
class DeepGeo(nn.Module):
    """Batch -> logits (B, C). `window` is P; `noise` the deviation of the Gaussian added to f while training."""

    def __init__(
        self,
        sizes: InputSizes,
        *,
        classes: int,
        embedding: int = 64,
        hidden: int = 64,
        filters: int = 128,
        window: int = 10,
        representation: int = 128,
        dropout: float = 0.2,
        noise: float = 0.0,
    ) -> None:
        super().__init__()
        self.separator = sizes.characters
        self.characters = nn.Embedding(sizes.characters + 1, embedding, padding_idx=0)
        # Two, each over text that starts at once: one of both directions would need packed sequences, whose gradient
        # takes time that grows with the square of the length
        self.forward_lstm = nn.LSTM(embedding, hidden, batch_first=True)
        self.backward_lstm = nn.LSTM(embedding, hidden, batch_first=True)
        self.context = nn.Linear(2 * hidden + embedding, filters)
        self.window = window
        self.attention = nn.Linear(filters, filters, bias=False)  # W_a
        self.score = nn.Linear(filters, 1, bias=False)  # v
        self.absent_text = nn.Parameter(torch.zeros(filters))
        self.noise = noise
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(filters, representation)
        self.classifier = nn.Linear(representation, classes)
        for lstm in (self.forward_lstm, self.backward_lstm):
            _remember_at_first(lstm)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C)."""
        text = batch.text_characters * batch.text_mask[:, None]
        hashtags = batch.hashtag_characters * batch.hashtag_mask[:, None]
        ids = concatenated_text(text, hashtags, separator=self.separator)
        f = fill_absent(by_length(ids, self.text_vectors), (ids != 0).any(dim=1), self.absent_text)
        if self.training and self.noise:
            f = f + self.noise * torch.randn_like(f)
        r = torch.tanh(self.dense(self.dropout(f)))
        logits: Tensor = self.classifier(r)  # (5)
        return logits

    def text_vectors(self, ids: Tensor) -> Tensor:
        """(1)-(4): ids (B, L) -> f (B, f); whatever, where there is no character."""
        return self.attended(*self.pooled(self.contexts(ids), ids != 0))

    def contexts(self, ids: Tensor) -> Tensor:
        """(1), (2): ids (B, L), 0 at the end alone -> g (B, L, f), 0 where there is no character."""
        mask = ids != 0
        x = self._embedded(ids)
        before = _one_later(self.forward_lstm(x)[0])  # h->_(i-1)
        # Read from the last character on, what comes before i is what follows it in the text: h<-_(i+1)
        after = _one_later(self.backward_lstm(self._embedded(from_the_end(ids)))[0])
        places = places_from_the_end(mask)[..., None].expand_as(after)
        g = functional.relu(self.context(torch.cat([before, x, after.gather(1, places)], dim=2)))
        return g.masked_fill(~mask[..., None], 0.0)

    def _embedded(self, ids: Tensor) -> Tensor:
        embedded: Tensor = self.characters(ids)
        return embedded.masked_fill((ids == 0)[..., None], 0.0)

    def pooled(self, g: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(3): g (B, L, f) -> p (B, T, f) and which windows are real (B, T).

        A window is real if it lies within the text; of a text shorter than a window the first one is.
        """
        p = window_maxima(g, window=self.window, stride=1)
        last = (mask.sum(dim=1, keepdim=True) - self.window).clamp(min=0)
        return p, (torch.arange(p.shape[1], device=p.device) <= last) & mask

    def attended(self, p: Tensor, mask: Tensor) -> Tensor:
        """(4): p (B, T, f) -> f (B, f); whatever, where no window is real."""
        scores = self.score(torch.tanh(self.attention(p)))[..., 0]
        scores = scores.masked_fill(~(mask | ~mask.any(dim=1, keepdim=True)), -torch.inf)
        f: Tensor = (torch.softmax(scores, dim=1)[..., None] * p).sum(dim=1)
        return f


def _one_later(states: Tensor) -> Tensor:
    """States (B, L, h), each where the next one was, a zero at the first place."""
    return functional.pad(states, (0, 0, 1, 0))[:, :-1]


def _remember_at_first(lstm: nn.LSTM) -> None:
    """A bias of 1 for the forget gates, as in the released code."""
    with torch.no_grad():
        bias: Tensor = lstm.get_parameter("bias_ih_l0")
        bias[lstm.hidden_size : 2 * lstm.hidden_size] = 1.0
