"""What a file really is, told by its first bytes, whatever its name says."""

_AT_START = {
    b"II*\0": "a TIFF image",
    b"MM\0*": "a TIFF image",
    b"II+\0": "a TIFF image",
    b"MM\0+": "a TIFF image",
    b"8BPS": "a Photoshop image",
    b"\0\0\1\0": "an icon (ICO)",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 image",
    b"\xff\x4f\xff\x51": "a JPEG 2000 image",
    b"\0\0\0\x0cJXL ": "a JPEG XL image",
    b"\xff\x0a": "a JPEG XL image",
    b"v/1\1": "an OpenEXR image",
    b"qoif": "a QOI image",
    b"%PDF": "a PDF document",
    b"%!PS": "a PostScript document",
    b"PK\3\4": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"\x1aE\xdf\xa3": "a video (Matroska or WebM)",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy array",
    b"SQLite format 3": "a SQLite database",
    b"version https://git-lfs": "a Git LFS pointer (run git lfs pull)",
}
_BRANDS = {
    b"avif": "an AVIF image",
    b"avis": "an AVIF image",
    b"heic": "an HEIC image",
    b"heix": "an HEIC image",
    b"hevc": "an HEIC image",
    b"mif1": "an HEIF image",
    b"msf1": "an HEIF image",
    b"crx ": "a Canon raw image",
}
"""The family of MP4 names itself behind `ftyp`; whatever is not listed is a video."""
_MARKUP = {
    b"<svg": "an SVG drawing",
    b"<!doctype svg": "an SVG drawing",
    b"<html": "a web page (HTML)",
    b"<!doctype html": "a web page (HTML)",
    b"<?xml": "an XML file",
}
_OURS = {
    b"\xff\xd8": "JPEG",
    b"\x89PNG": "PNG",
    b"GIF8": "GIF",
    b"BM": "BMP",
}
_LOOKED_AT = 512


def foreign_kind(content: bytes) -> str | None:
    """What the file is, with its article, such as `a TIFF image`, where that is known and none of our formats."""
    head = content[:_LOOKED_AT]
    for beginning, kind in _AT_START.items():
        if head.startswith(beginning):
            return kind
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "a video (MP4 or QuickTime)")
    if head[:4] == b"RIFF" and head[8:12] != b"WEBP":
        return "a sound or video (RIFF)"
    if head[128:132] == b"DICM":
        return "a DICOM image"
    return "full of zeros" if head and not any(content) else _markup(head)


def our_kind(content: bytes) -> str | None:
    """The format that the first bytes promise, of those that are read."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    return next((name for beginning, name in _OURS.items() if content.startswith(beginning)), None)


def is_text(content: bytes) -> bool:
    """Whether the beginning can be read as text."""
    try:
        text = content[:_LOOKED_AT].decode("utf-8", "strict" if len(content) <= _LOOKED_AT else "ignore")
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character.isspace() for character in text)


def _markup(head: bytes) -> str | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    kind = next((kind for beginning, kind in _MARKUP.items() if text.startswith(beginning)), None)
    if kind == "an XML file":
        return next((told for mark, told in _MARKUP.items() if mark != b"<?xml" and mark in text), kind)
    return kind
