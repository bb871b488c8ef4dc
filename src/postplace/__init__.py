"""postplace: from a social post to the place it was made.

posts = read_posts("posts.jsonl")                          # a dump on disk -> Post
locator = PostLocator(target="place", model="mrlf")        # the paper's model over frozen encoders
locator.fit(posts)                                         # split without leaks, train, judge beside baselines
locator.predict(posts, top_k=5)                            # Prediction: ranked places with coordinates
locator.save("run/"); PostLocator.load("run/")             # a folder that is whole or not there
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from postplace.errors import PostplaceError
from postplace.schema import Place, Post, Prediction, PredictionRegion, Predictions, RankedPlace

if TYPE_CHECKING:
    from postplace.encoders.outside import register_encoder
    from postplace.encoders.vector_table import VectorTable
    from postplace.inference.predictor import Predictor
    from postplace.locator import PostLocator
    from postplace.models.registry import register_model
    from postplace.posts.registry import read_source, register_source
    from postplace.posts.table import PostStream, read_posts, write_posts
    from postplace.synthetic import make_city

__all__ = [
    "Place",
    "Post",
    "PostLocator",
    "PostStream",
    "PostplaceError",
    "Prediction",
    "PredictionRegion",
    "Predictions",
    "Predictor",
    "RankedPlace",
    "VectorTable",
    "make_city",
    "read_posts",
    "read_source",
    "register_encoder",
    "register_model",
    "register_source",
    "write_posts",
]

# Loaded when asked for, so that `import postplace` and `postplace --help` stay quick.
_LAZY = {
    "PostLocator": "postplace.locator",
    "PostStream": "postplace.posts.table",
    "Predictor": "postplace.inference.predictor",
    "read_posts": "postplace.posts.table",
    "write_posts": "postplace.posts.table",
    "make_city": "postplace.synthetic",
    "register_model": "postplace.models.registry",
    "VectorTable": "postplace.encoders.vector_table",
    "register_encoder": "postplace.encoders.outside",
    "read_source": "postplace.posts.registry",
    "register_source": "postplace.posts.registry",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'postplace' has no attribute {name!r}")
