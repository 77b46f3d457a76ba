"""`cnnsearch worker`: take part in a search that another machine has begun."""

from collections.abc import Sequence
from dataclasses import replace

from cnnsearch.commands.run import search_and_report
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.study_link import StudyLink
from cnnsearch.searching import RunChoice
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.space import Space
from cnnsearch.storage_option import link_of


def worker(link: StudyLink, own: Sequence[str], which: RunChoice, *, allow_code: bool) -> None:
    """Run trials of a shared study until it has all of them or its time is up; the space comes from the study.

    Args:
        own: what this machine has for itself, as `KEY=VALUE`: where its images are, its devices.

    Raises:
        CnnSearchError: there is no such study, or this machine cannot work for it; the message says what differs.
        SystemExit: interrupted by Ctrl-C (130), or told to end by SIGTERM (0).
    """

    def asked() -> tuple[Space, RunChoice]:
        from cnnsearch.search.sharing.meeting import described

        known = described(link)
        place = [f"search.storage={link.storage}", f"search.study={link.study}"]
        where = f"study {link.study}"
        space = loads_space(known.space, known.name, [*place, *own], where=where, allow_code=allow_code)
        return space, replace(which, name=link.study, link=link_of(space.document.search, link.study), begins=False)

    try:
        search_and_report(asked)
    except DataError as error:
        raise CnnSearchError(f"{error} --data names the study's images on this machine.") from error
