"""`cnnsearch data cache`: the decoded images that are kept between runs, and how to be rid of them."""

from cnnsearch import terminal
from cnnsearch.search.dataset.cache.naming import default_cache_folder


def cache() -> None:
    """Print where decoded images are kept, and the folders there."""
    root = default_cache_folder()
    terminal.say(root)
    for folder in sorted(path for path in root.glob("*") if path.is_dir()):
        terminal.say(f"  {folder.name}")
