"""The pages without a browser, over a city of their own on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from engine.store import Store
from tests.browser import city
from tests.browser.city import Clock


@pytest.fixture
def clock() -> Clock:
    """It stands at the city's morning until it is set."""
    return Clock(city.MORNING)


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    """The city's store, with people and no ticket yet."""
    with city.opened(home) as found:
        yield found


@pytest.fixture
def app(store: Store, clock: Clock) -> Flask:
    """The application over it, by the clock."""
    return city.application(store, clock)
