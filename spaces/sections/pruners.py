"""The pruners of the search section: which trials end early for being behind others."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from cnnsearch.spaces.sections.json_schema import MendSchema, with_a_bound
from cnnsearch.spaces.sections.numbers import Positive
from cnnsearch.spaces.sections.rules import broken
from cnnsearch.spaces.sections.section import Branches, Section

NotNegative = Annotated[int, Field(ge=0)]


class NoPruner(Section):
    """Every trial trains to its end."""


class PrunerSection(Section):
    """What all pruners have."""

    first: Positive | None = None
    """Epochs before a trial is looked at; null for a sixth of the most that one may train, and 3 at least."""


class Asha(PrunerSection):
    """Asynchronous successive halving (arXiv:1810.05934): at each look the best third goes on."""

    reduction: Annotated[int, Field(ge=2)] = 3
    """One trial in so many passes a look; the next look comes after so many times the epochs."""


class Hyperband(Asha):
    """Hyperband (arXiv:1603.06560): successive halving in several brackets, which look first at different epochs."""


class Median(PrunerSection):
    """Ends a trial whose best value so far is below the median of the others at the same epoch (Golovin 2017)."""

    startup: NotNegative = 5
    """Trials that run to their end before, to have others."""


class Percentile(Median):
    """Ends a trial that is not among the best so many in a hundred at the same epoch."""

    percentile: Annotated[float, Field(gt=0, le=100)] = 25.0
    """So many in a hundred go on."""


class Patient(Median):
    """As `median`, but only a trial whose latest epochs were all worse than its best before them."""

    patience: NotNegative = 3
    """So many epochs and the present one are the latest."""
    min_delta: Annotated[float, Field(ge=0)] = 0.0
    """By more than this they must be worse."""


class Threshold(PrunerSection):
    """Ends a trial outside fixed bounds."""

    lower: float | None = None
    """The least value that the objective may have."""
    upper: float | None = None
    """The greatest value that the objective may have."""

    wants_settings: ClassVar[bool] = True
    mend_schema: ClassVar[MendSchema] = staticmethod(with_a_bound)

    @model_validator(mode="after")
    def _some_bound(self) -> Self:
        if self.lower is None and self.upper is None:
            raise broken(
                "a threshold has a `lower` or an `upper` bound, got neither", "Write {threshold: {lower: 0.6}}."
            )
        if self.lower is not None and self.upper is not None and self.lower >= self.upper:
            raise broken(f"`lower` is below `upper`, got {self.lower} and {self.upper}", "Swap them.")
        return self


class Pruner(Branches):
    """Which trials end early for being behind: one of these."""

    asha: Asha | None = None
    hyperband: Hyperband | None = None
    median: Median | None = None
    percentile: Percentile | None = None
    patient: Patient | None = None
    threshold: Threshold | None = None
    none: NoPruner | None = None
