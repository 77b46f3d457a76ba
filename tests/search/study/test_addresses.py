"""A storage's address: what is shown of it has no secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import URL

from cnnsearch.search.study.addresses import address, shown, without_secrets
from cnnsearch.spaces.errors import CnnSearchError

PASSWORDS = st.text(st.characters(codec="utf-8"), min_size=1).map(lambda text: f"S{text}T")
"""Beginning and ending with letters that nothing else in the URLs below has."""


@given(password=PASSWORDS)
def test_no_password_is_shown(password: str) -> None:
    url = URL.create("postgresql", "ann", password, "db.example", 5432, "runs").render_as_string(hide_password=False)
    assert shown(url) == "postgresql://ann:***@db.example:5432/runs"
    assert address(url).password == password


@given(password=PASSWORDS)
def test_a_password_that_makes_a_url_unreadable_is_not_shown(password: str) -> None:
    url = f"postgresql://ann:{password}@db.example:port/runs"
    assert password not in shown(url)
    with pytest.raises(CnnSearchError, match=r"postgresql://\*\*\*: .* must be named by a URL") as caught:
        address(url)
    assert password not in str(caught.value)


def test_a_password_among_the_settings_is_not_shown() -> None:
    url = "postgresql://ann@db.example/runs?password=secret&sslpassword=other&sslmode=require"
    assert shown(url) == "postgresql://ann@db.example/runs?password=***&sslmode=require&sslpassword=***"


@pytest.mark.parametrize("url", ["sqlite:///my.db", "postgresql://ann@/runs?host=/run/pg", "grpc://proxy:13000"])
def test_a_url_without_secrets_is_shown_as_it_is(url: str) -> None:
    assert shown(url) == url


def test_a_message_that_quotes_a_password_is_cleared_of_it() -> None:
    url = "postgresql://ann:s%40cret@db/runs"
    assert without_secrets(f"cannot open {url}: s@cret is wrong", url) == (
        "cannot open postgresql://ann:***@db/runs: *** is wrong"
    )


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_postgresql_is_spoken_to_with_psycopg(scheme: str) -> None:
    assert address(f"{scheme}://ann@db/runs").drivername == "postgresql+psycopg"
