"""What can be wrong with a person's images: the whole source, or one of its files."""

from cnnsearch.spaces.errors import CnnSearchError, Problem


class DataError(CnnSearchError):
    """Images, or a split of them, that no search can run on."""

    def __init__(self, where: str, rule: str, advice: str = "") -> None:
        self.problem = Problem(where, rule, advice)
        super().__init__(where, rule, advice)

    def __str__(self) -> str:
        return str(self.problem)


class UnreadableImage(CnnSearchError):
    """One image file that cannot be used. Its text is the reason alone, such as `is empty`; the caller has the name."""
