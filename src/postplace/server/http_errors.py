"""Why a request is not answered: a status, and the three parts that every error of the house has."""

from __future__ import annotations

from postplace.errors import PostplaceError


class Refusal(Exception):
    """What a client gets: a status, where, what was found, what to do; `retry_s`: when to come back."""

    def __init__(self, status: int, problem: PostplaceError, *, retry_s: int | None = None) -> None:
        super().__init__(status)  # never the content: what is raised may be logged
        self.status, self.problem, self.retry_s = status, problem, retry_s

    @property
    def record(self) -> dict[str, str]:
        """The body of the answer."""
        return {"where": self.problem.where, "found": self.problem.found, "remedy": self.problem.remedy}

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer."""
        return {} if self.retry_s is None else {"Retry-After": str(self.retry_s)}


def refuse(status: int, where: str, found: str, remedy: str, *, retry_s: int | None = None) -> Refusal:
    """A refusal from its parts.

    >>> refuse(413, "body", "is too long", "send less").record["found"]
    'is too long'
    """
    return Refusal(status, PostplaceError(where, found, remedy), retry_s=retry_s)
