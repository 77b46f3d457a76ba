"""`cnnsearch render SPACE`: a space with its overrides and every default filled in."""

from collections.abc import Sequence

from cnnsearch.spaces.load import load_space


def render(space: str, overrides: Sequence[str] = (), *, allow_code: bool = False) -> str:
    """The whole space as YAML; it can be saved and run as it stands.

    Raises:
        SpaceError: the space breaks rules of the language, with all problems at once.
    """
    return load_space(space, overrides, allow_code=allow_code).to_yaml()
