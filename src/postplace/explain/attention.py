"""stub"""

from postplace.explain.explanation import Explanation
from postplace.locator import PostLocator
from postplace.post import Post


def with_attention(locator: PostLocator, post: Post, explanation: Explanation) -> Explanation:
    """stub"""
    return explanation
