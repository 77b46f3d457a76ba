"""The written guide says what is so: the command reference is current, links and named files exist."""

import importlib.util
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import typer


@pytest.fixture(scope="module")
def generate(checkout: Path) -> Any:
    """The module docs/generate.py, which is in no package."""
    spec = importlib.util.spec_from_file_location("generate", checkout / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def command_reference(generate: Any) -> Callable[..., str]:
    """The function that writes the page of commands."""
    return generate.command_reference


def stand_in() -> typer.Typer:
    """A small app with one of everything the page must show."""
    app = typer.Typer(help="Finds things.", add_completion=False)

    @app.command()
    def run(
        space: Annotated[Path, typer.Argument(help="The space | a file.")],
        trials: Annotated[int, typer.Option("--trials", "-n", help="How many.", min=1)] = 20,
        new: Annotated[bool, typer.Option("--new/--go-on", help="Start afresh.")] = False,
        values: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A value.")] = None,
        pruner: Annotated[Literal["asha", "none"], typer.Option(help="Who stops.")] = "asha",
        images: Annotated[list[Path] | None, typer.Argument(help="Some images.")] = None,
        secret: Annotated[str, typer.Option(hidden=True)] = "",
    ) -> None:
        """Search.

        A second paragraph.
        \f
        Not for readers.
        """

    @app.command(hidden=True)
    def internal() -> None:
        """Not for people."""

    study = typer.Typer(help="Looks at studies.")
    app.add_typer(study, name="study")

    @study.command("list")
    def list_() -> None:
        """List them."""

    @study.command()
    def show() -> None:
        """Show one."""

    return app


def test_the_page_shows_commands_arguments_and_options(command_reference: Callable[..., str]) -> None:
    page = command_reference(stand_in(), "finder")
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert headings == ["finder", "finder run", "finder study", "finder study list", "finder study show"]
    assert "finder run [OPTIONS] SPACE [IMAGES...]" in page
    assert "The space \\| a file." in page
    assert "| [`run`](#finder-run) | Search. |" in page
    assert "| `-n, --trials NUMBER` | How many. (at least 1; default: 20) |" in page
    assert "| `--new / --go-on` | Start afresh. (default: --go-on) |" in page
    assert "| `--set KEY=VALUE` | A value. (repeatable) |" in page
    assert "| `--pruner asha\\|none` | Who stops. (default: asha) |" in page
    assert "A second paragraph." in page


def test_the_page_leaves_out_what_is_hidden(command_reference: Callable[..., str]) -> None:
    page = command_reference(stand_in(), "finder")
    for hidden in ("secret", "internal", "Not for"):
        assert hidden not in page


def test_the_page_is_the_same_each_time_and_ends_cleanly(command_reference: Callable[..., str]) -> None:
    page = command_reference(stand_in())
    assert page == command_reference(stand_in())
    assert page.endswith("|\n")
    assert "\x1b" not in page


def test_the_command_reference_is_current(command_reference: Callable[..., str], checkout: Path) -> None:
    from cnnsearch.app import app

    written = (checkout / "docs" / "commands.md").read_text(encoding="utf-8")
    assert written == command_reference(app), "docs/commands.md is out of date: run make docs"


def test_the_guide_to_the_language_is_current(generate: Any, checkout: Path) -> None:
    written = (checkout / "docs" / "spaces.md").read_text(encoding="utf-8")
    assert written == generate.spaces_page(), "docs/spaces.md is out of date: run make docs"
    assert generate.REFERENCE_PLACE not in written


def test_the_shipped_schema_is_current(checkout: Path) -> None:
    from cnnsearch.spaces.schema.space_schema import SCHEMA_FILE, space_schema_text

    written = (checkout / "spaces" / SCHEMA_FILE).read_text(encoding="utf-8")
    assert written == space_schema_text(), f"spaces/{SCHEMA_FILE} is out of date: run make docs"


def test_the_guide_tells_of_every_key_and_its_links_lead_to_headings(checkout: Path) -> None:
    import cnnsearch.spaces.document  # noqa: F401 - makes all sections known
    from cnnsearch.spaces.sections.section import Section

    text = (checkout / "docs" / "spaces.md").read_text(encoding="utf-8")
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    headings = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
    links = set(re.findall(r"\]\(#([^)]+)\)", text))
    assert links <= headings, sorted(links - headings)
    keys = {name for part in _below(Section) if "spaces" in part.__module__ for name in part.model_fields}
    assert {key for key in keys if f"`{key}`" not in text} == set()


def _below(section: type) -> list[type]:
    return [found for part in section.__subclasses__() for found in (part, *_below(part))]


@pytest.mark.parametrize("page", ["spaces.md", "transfer.md"])
def test_the_examples_of_a_guide_load_and_are_valid_by_the_schema(checkout: Path, page: str) -> None:
    from jsonschema import Draft202012Validator

    from cnnsearch.spaces.load import loads_space
    from cnnsearch.spaces.reading.nodes import read_nodes
    from cnnsearch.spaces.schema.space_schema import space_schema
    from cnnsearch.spaces.written import as_yaml

    text = (checkout / "docs" / page).read_text(encoding="utf-8")
    examples = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert len(examples) > 5
    for example in examples:
        root, problems = read_nodes(example, "example")
        assert root is not None
        assert problems == []
        tree = {"data": {"source": "sample:digits", "image_size": 64}, "model": "vgg16", **root.plain()}
        assert [error.message for error in Draft202012Validator(space_schema()).iter_errors(tree)] == []
        loads_space(as_yaml(tree), "example")


def pages(checkout: Path) -> list[Path]:
    return [*sorted(checkout.glob("*.md")), *sorted((checkout / "docs").glob("*.md"))]


def test_links_between_pages_lead_somewhere(checkout: Path) -> None:
    broken = [
        f"{page.name}: {link}"
        for page in pages(checkout)
        for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not link.startswith(("http://", "https://")) and not (page.parent / link).exists()
    ]
    assert broken == []


def test_every_runtime_dependency_has_its_reason(checkout: Path) -> None:
    required = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in required}
    rows = re.findall(r"^\| `([\w.-]+)` \| .+ \|$", (checkout / "docs/dependencies.md").read_text(), re.MULTILINE)
    assert set(rows) >= names, sorted(names - set(rows))
    assert set(rows) <= names, sorted(set(rows) - names)


def test_the_commands_of_the_first_lines_exist(checkout: Path) -> None:
    makefile = (checkout / "Makefile").read_text(encoding="utf-8")
    named = {target for page in pages(checkout) for target in re.findall(r"`make (\w+)", page.read_text())}
    assert named
    assert {target for target in named if not re.search(rf"^{target}:", makefile, re.MULTILINE)} == set()
