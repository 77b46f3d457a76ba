"""What a chart is: a drawing with a name, a title, and a sentence for who does not see it."""

from dataclasses import dataclass

from cnnsearch.reports.markup import Element


@dataclass(frozen=True)
class Chart:
    """A picture of a run or of a model, on the page and as files.

    Attributes:
        name: of its files without their ending, such as `learning_curves`; unique within a report.
        title: a few words above it.
        told: what it shows, in a sentence or two with its main numbers: the caption, and the text for who does not see
            it.
        drawing: an `svg` element with a `viewBox`. Its colours come from classes of the style sheet, never from
            attributes, so that it suits light and dark and prints.
    """

    name: str
    title: str
    told: str
    drawing: Element
