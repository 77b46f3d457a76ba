"""history.csv: what is read is what was written."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.history_file import read_history, write_history
from cnnsearch.search.records import Epoch

METRICS = st.dictionaries(st.sampled_from(["loss", "val_loss", "accuracy"]), st.floats(allow_nan=False), min_size=1)
SECONDS = st.integers(0, 10**7).map(lambda milliseconds: milliseconds / 1000)


@given(st.lists(st.builds(Epoch, st.integers(1, 999), METRICS, SECONDS), max_size=5), st.sampled_from([None, 1, 2]))
def test_it_is_read_as_it_was_written(epochs: list[Epoch], fold: int | None) -> None:
    written = tuple(Epoch(epoch.number, epoch.metrics, epoch.seconds, fold) for epoch in epochs)
    with TemporaryDirectory() as folder:
        write_history(Path(folder, "history.csv"), written)
        assert read_history(Path(folder, "history.csv")) == written


def test_a_damaged_one_has_no_epochs(tmp_path: Path) -> None:
    history = tmp_path / "history.csv"
    assert read_history(history) == ()
    history.write_text("epoch,seconds,loss\n1,0.5,0.3\n2,half")
    assert read_history(history) == ()
