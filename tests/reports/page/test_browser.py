"""The page in a real browser: it sorts, filters and picks by mouse and by keyboard, and fits every screen."""

import csv
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from cnnsearch.reports.ranking.conditions import condition_of, kept
from cnnsearch.reports.ranking.ranking import ranking_of
from cnnsearch.reports.ranking.reading import ranked_run
from cnnsearch.reports.run_report import write_run_report
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study.reading import read_study
from tests.reports.page.conftest import ended, fill

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
WIDTHS = (360, 768, 1280, 1920)

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run of 130 trials, which are more than the page shows at once, with its page and its tables."""
    made = RunFolder(tmp_path_factory.mktemp("runs") / "basic-001")
    fill(made, [ended(number) for number in range(130)])
    study = read_study(made)
    write_run_report(made, list(study.trials), study.objectives)
    return made


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Debian's Chromium, without a window."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not binary or not driver:
        pytest.skip("chromium and chromedriver are not installed: apt-get install chromium chromium-driver")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(flag)
    started = webdriver.Chrome(options=options, service=Service(driver))
    yield started
    started.quit()


@pytest.fixture
def page(run: RunFolder, chromium: Any) -> Iterator[Any]:
    """The page, freshly opened; whatever a test does to it, the console stays empty."""
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    chromium.get(run.page.as_uri())
    yield chromium
    assert chromium.get_log("browser") == []


def find(page: Any, selector: str) -> Any:
    return page.find_element("css selector", selector)


def column(page: Any, name: str) -> list[str]:
    """The exact values of a column, in the order of the rows that are shown."""
    script = """
    const at = [...document.querySelectorAll('#board thead button')].findIndex(each => each.title === arguments[0]);
    return [...document.querySelectorAll('#board tbody tr')].map(row => row.cells[at].dataset.value ?? '');
    """
    found: list[str] = page.execute_script(script, name)
    return found


def heading(page: Any, name: str) -> Any:
    return find(page, f'#board thead button[title="{name}"]')


def table(run: RunFolder) -> list[dict[str, str]]:
    with run.trials_table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_its_numbers_are_those_of_trials_csv(page: Any, run: RunFolder) -> None:
    lines = table(run)
    find(page, "#more").click()
    assert not find(page, "#more").is_displayed()
    for name in ("trial", "status", "score", "seconds", "val_loss", "optimizer.adam.learning_rate"):
        shown, known = column(page, name), [line[name] for line in lines]
        assert [_number(value) for value in shown] == [_number(value) for value in known]


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def test_a_click_sorts_and_a_second_one_turns_the_order(page: Any) -> None:
    heading(page, "seconds").click()
    rising = [float(value) for value in column(page, "seconds")]
    assert rising == sorted(rising)
    assert heading(page, "seconds").find_element("xpath", "..").get_attribute("aria-sort") == "ascending"
    heading(page, "trial").click()
    heading(page, "trial").click()
    assert column(page, "trial")[:3] == ["129", "128", "127"]
    assert heading(page, "trial").find_element("xpath", "..").get_attribute("aria-sort") == "descending"
    assert heading(page, "seconds").find_element("xpath", "..").get_attribute("aria-sort") is None


def test_the_keyboard_sorts_and_picks_too(page: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    heading(page, "trial").send_keys(Keys.ENTER)
    assert column(page, "trial")[:3] == ["0", "1", "2"]
    find(page, '#board tr[data-trial="1"] .pick').send_keys(Keys.SPACE)
    assert find(page, "#chosen-trial").text == "Trial 1 is shown in all charts."
    assert page.execute_script("return document.activeElement.textContent") == "1"
    find(page, "body").send_keys(Keys.ESCAPE)
    assert not find(page, "#chosen").is_displayed()


def test_trials_without_a_value_come_last_both_ways(page: Any) -> None:
    for _ in range(2):
        heading(page, "optimizer.sgd.learning_rate").click()
        values = column(page, "optimizer.sgd.learning_rate")
        assert values[:65].count("") == 0
        assert set(values[65:]) == {""}


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ("optimizer=adam", 65),
        ("optimizer!=adam", 65),
        ("optimizer=ADAM trial<10", 5),
        ("score>=0.89", 2),
        ("adam trial>127", 1),
        ("seconds<0", 0),
        ("score > 0.88 adam", 2),
        ("optimizer == adam trial < 10", 5),
        ("trial<10 adam lr<0.01 completed", 4),
    ],
)
def test_conditions_and_words_filter(page: Any, wanted: str, count: int) -> None:
    find(page, "#filter").send_keys(wanted)
    assert len(column(page, "trial")) == count
    assert find(page, "#count").text.startswith(f"{count} of 130")


@pytest.mark.parametrize(
    "conditions",
    [
        ["score>0.8"],
        ["sgd lr<0.001"],
        ["optimizer.sgd.learning_rate!=0.01", "trial<60"],
        ["optimizer.sgd.learning_rate=", "trial<60"],
        ["optimizer.sgd.learning_rate=0.00398"],
        ["time=1.2s"],
        ["weights<1010"],
        ["#<=3"],
        ["ended=failed: oom"],
        ["SGD-lr<0.001"],
        ["status!=failed", "trial<20"],
        ["score=0.8700"],
        ["reason=behind the others", "optimizer==adam"],
    ],
)
def test_it_keeps_the_trials_that_the_terminal_keeps(page: Any, run: RunFolder, conditions: list[str]) -> None:
    ranking = ranking_of([ranked_run(run, read_study(run), "basic-001")])
    lines = kept(ranking, [condition_of(text, ranking) for text in conditions]).lines
    find(page, "#filter").send_keys(" ".join(conditions))
    assert sorted(map(int, column(page, "trial"))) == sorted(line.trial.number for line in lines)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("learning=3", "No column is called learning."),
        (
            "learning_rate<1",
            "learning_rate may be optimizer.sgd.learning_rate or optimizer.adam.learning_rate: write one.",
        ),
        ("optimizer<adam", '< compares with a number, got "adam".'),
        ("optimizer=adma", '0 of 130. No trial has optimizer "adma". There are adam, sgd.'),
    ],
)
def test_what_cannot_be_meant_is_told(page: Any, wanted: str, told: str) -> None:
    find(page, "#filter").send_keys(wanted)
    assert find(page, "#count").text == told


def test_the_status_filters(page: Any) -> None:
    find(page, '#status option[value="failed"]').click()
    assert set(column(page, "status")) == {"failed"}
    assert len(column(page, "status")) == 18


def test_a_picked_trial_is_marked_in_every_chart_that_has_it(page: Any) -> None:
    find(page, "#board tbody tr td").click()
    marked = "return document.querySelectorAll('svg .chosen').length"
    of_trial = "return document.querySelectorAll(`svg [data-trial='${arguments[0]}']`).length"
    assert page.execute_script(marked) == page.execute_script(of_trial, column(page, "trial")[0]) > 1
    find(page, "#clear").click()
    assert page.execute_script(marked) == 0


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_the_screen(page: Any, width: int, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    ground = page.execute_script("return getComputedStyle(document.body).backgroundColor")
    light = sum(map(int, ground.removeprefix("rgb(").removesuffix(")").split(","))) > 3 * 128
    assert light is (scheme == "light")


def test_it_prints_with_its_table_and_without_its_controls(page: Any) -> None:
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not find(page, "nav").is_displayed()
    assert not find(page, "#filter").is_displayed()
    assert find(page, "#board").is_displayed()
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
