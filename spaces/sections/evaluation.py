"""The evaluation section: how a trained model looks at an image."""

from typing import Literal

from cnnsearch.spaces.sections.searched import Searched
from cnnsearch.spaces.sections.section import Section


class Evaluation(Section):
    """A trained model's answer is the mean over these views of an image; the model that is written looks so, too."""

    flip: Searched[bool] = False
    """The image and its mirror image: twice the time."""
    crops: Searched[Literal[1, 5]] = 1
    """1: the image as it is; 5: its four corners and its middle, seven eighths of its height and width each, brought to
    its size (Krizhevsky, Sutskever and Hinton 2012)."""

    @property
    def views(self) -> int:
        """How many views of an image a configuration looks at."""
        return self.crops * (2 if self.flip else 1)
