"""`cnnsearch schema`: the JSON schema of the space language, by which an editor completes and checks a space."""

from importlib import resources


def schema() -> str:
    """The schema's text as the package ships it; docs/generate.py writes that file from the language itself."""
    return (resources.files("cnnsearch.spaces") / "space.schema.json").read_text(encoding="utf-8")
