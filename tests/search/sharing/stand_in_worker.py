"""A worker of a shared study whose trials only sleep; its engine, its files and its database are real.

    python stand_in_worker.py run|worker SPACE STUDY RUNS CACHE MODEL PACE BEAT

The storage is in CNNSEARCH_STORAGE. MODEL stands for every trial's model, PACE is the seconds of an epoch, BEAT those
between two heartbeats; a worker counts as dead after four of them. The exit code is that of the command.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

from stand_in import MODEL, PACE, train  # beside the campaign of kills; PYTHONPATH leads there

from cnnsearch.search.engine.processes import start_forkserver
from cnnsearch.search.request import Request
from cnnsearch.search.run import run_search
from cnnsearch.search.sharing import company
from cnnsearch.search.sharing.meeting import described
from cnnsearch.search.study_link import StudyLink, without_password
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.load import load_space, loads_space


def main() -> int:
    """Take part; gives the exit code."""
    kind, space_file, study, runs, cache, os.environ[MODEL], os.environ[PACE], beat = sys.argv[1:9]
    company.INTERVAL, company.GRACE = float(beat), 4 * float(beat)
    link = StudyLink(without_password(os.environ["CNNSEARCH_STORAGE"]), study)
    start_forkserver()
    try:
        if kind == "run":
            space = load_space(space_file)
        else:
            known = described(link)
            space = loads_space(known.space, known.name)
        link = replace(link, artifacts=space.document.search.artifacts)
        request = Request(space, Path(runs), study, cache=Path(cache), link=link, begins=kind == "run")
        run_search(request, train=train)
    except CnnSearchError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
