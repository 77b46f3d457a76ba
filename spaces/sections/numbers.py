"""Numbers that several sections have, with their limits."""

from typing import Annotated

from pydantic import Field

Positive = Annotated[int, Field(ge=1, le=1_000_000_000)]
"""A count; above a thousand millions its product with another leaves the whole numbers that a device has."""
Seed = Annotated[int, Field(ge=0, lt=2**32)]
"""What Keras and NumPy take for a seed."""
