"""The sections of the language that a document is put together from, and what makes a section of a pydantic model."""
