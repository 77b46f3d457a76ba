"""Runs the tests of search/ and all others side by side, in two processes, since most tests wait for one of their own.

    python tests/side_by_side.py [arguments of pytest, for both]

What the others say is shown as they say it, what those of search/ say when both have ended. Ends with 1 where either
fails.
"""

import subprocess
import sys
import tempfile

HALVES = {
    "search": ("-o", "cache_dir=.pytest_cache/search", "tests/search"),
    "others": ("--ignore", "tests/search"),
}


def main(arguments: list[str]) -> int:
    """Run both halves; gives the exit code."""
    pytest = [sys.executable, "-m", "pytest", *arguments]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        with subprocess.Popen([*pytest, *HALVES["search"]], stdout=said, stderr=subprocess.STDOUT) as search:
            others = subprocess.run([*pytest, *HALVES["others"]], check=False)
        said.seek(0)
        for line in said:
            sys.stdout.write(line)
    return int(bool(search.returncode or others.returncode))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
