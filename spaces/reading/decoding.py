"""Turns the bytes of a file into the text of a space; says of a file of another kind what it is."""

from cnnsearch.spaces.errors import Excerpt, Problem, SpaceError

_KINDS = (
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "a zip archive"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89PNG", "a PNG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "a RIFF file, such as a WebP image"),
    (b"\x89HDF", "an HDF5 file, such as a model's weights"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"\x93NUMPY", "a NumPy array"),
)
_WIDE = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"), (b"\x00\x00\xfe\xff", "UTF-32"))
_OTHER = {
    ".py": "a Python file",
    ".ipynb": "a notebook",
    ".toml": "a TOML file",
    ".ini": "an INI file",
    ".csv": "a CSV table",
    ".xml": "an XML file",
    ".html": "a web page",
    ".md": "a Markdown page",
}


def text_in(content: bytes, where: str) -> str:
    """The text in a file's bytes, a byte order mark taken off.

    Raises:
        SpaceError: they are no UTF-8 text, or by their first bytes or the file's name something other than YAML.
    """
    kind = next((kind for start, kind in _KINDS if content.startswith(start)), None)
    kind = kind or _OTHER.get("." + where.lower().rpartition(".")[2])
    if kind is not None:
        raise SpaceError([Problem(where, f"a space is a YAML text, got {kind}", "Name the space's own file.")])
    encoding = next((name for start, name in _WIDE if content.startswith(start)), None)
    if encoding is None and b"\x00" in (content[0:1], content[1:2]) and len(content) > 1:
        encoding = "UTF-16"
    if encoding is not None:
        raise SpaceError([Problem(where, f"a space must be UTF-8 text, got {encoding}", "Save it as UTF-8.")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong_byte(error.object, error.start, where) from None  # `object` begins behind a byte order mark


def _wrong_byte(content: bytes, index: int, where: str) -> SpaceError:
    number = content.count(b"\n", 0, index) + 1
    begin = content.rfind(b"\n", 0, index) + 1
    before = content[begin:index].decode("utf-8", "replace")
    line = content[begin:].partition(b"\n")[0].rstrip(b"\r").decode("utf-8", "replace")
    rule = f"a space must be UTF-8 text, got the byte {content[index]:#04x}"
    excerpt = Excerpt(line, len(before), 1, number)
    return SpaceError([Problem(f"{where}:{number}:{len(before) + 1}", rule, "Save it as UTF-8.", excerpt)])
