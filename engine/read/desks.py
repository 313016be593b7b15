"""Desks beside the work list: which tasks lie on one, and who works there.

What is drawn says so (the property `desk` of a user task). The version in force says it for all
tickets, also for those that go by an older one: a desk is complete from the day it is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from engine.access import User
from engine.flow import Definitions
from engine.store import Store


def in_force(conn: Connection, store: Store, now: datetime) -> Definitions:
    """The definitions that say what lies where. Errors: StoreError nothing_deployed."""
    return store.definitions(store.current_version(conn, now))


def saying(current: Definitions, own: Definitions, element: str) -> Definitions:
    """Of the version in force and a ticket's own, the one that speaks of a user task."""
    return current if element in current.desks else own


def elements(current: Definitions, older: Iterable[Definitions], desk: str) -> frozenset[str]:
    """The user tasks of a desk, among tickets that go by these versions."""
    found = {element for one in older for element, lies in one.desks.items() if lies == desk}
    found -= current.desks.keys()
    return frozenset(found | {one for one, lies in current.desks.items() if lies == desk})


def open_to(store: Store, user: User, now: datetime) -> frozenset[str]:
    """The desks on which tasks for the person's roles may lie."""
    with store.read() as conn:
        current = in_force(conn, store, now)
    # A unit's leader has the role of the centre's, and none of its tasks.
    offices = {"${centre}": user.centre, "${authority}": user.authority}
    return frozenset(
        desk
        for task in current.user_tasks()
        if (desk := current.desks[task.element])
        and task.role in user.roles
        and offices.get(task.unit_expression, user.unit) == user.unit
    )
