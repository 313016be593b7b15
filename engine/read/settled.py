"""Whether the installation's tables say what the system chain says.

People, versions, calendar, reply templates, rosters, hand-overs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from engine.record import Event
from engine.store import Store, days, handovers, roster, templates
from engine.store import tables as t

_ROLES = select(t.users.c.name, t.user_roles.c.role).join(
    t.user_roles, t.user_roles.c.user == t.users.c.id
)
_USERS = select(t.users.c.name, t.users.c.active)
_SHIFTS = select(t.shifts, t.users.c.name).join(t.users, t.users.c.id == t.shifts.c.user)
_DEPLOYED = (
    select(
        t.versions.c.hash,
        t.deployments.c.in_force_from,
        t.deployments.c.reason,
        t.deployments.c.actor,
        t.deployments.c.deployed_at,
        t.deployments.c.version,
    )
    .outerjoin(t.versions, t.versions.c.id == t.deployments.c.version)
    .order_by(t.deployments.c.id)
)


def wrong(conn: Connection, store: Store, events: list[Event]) -> str:
    """The first thing that does not follow from the chain's events, in Chinese; "" when all does.

    Errors: StoreError version_*, DefinitionsRefused for a version that no longer reads.
    """
    return (
        _people(conn, events)
        or _versions(conn, store, events)
        or _calendar(conn, events)
        or _templates(conn, events)
        or _roster(conn, events)
        or _handovers(conn, events)
    )


def _people(conn: Connection, events: list[Event]) -> str:
    roles: dict[str, set[str] | None] = {}
    active: dict[str, bool] = {}
    for event in events:
        body = event.body
        match event.name:
            case "add_crowd":
                given = body.get("roles", {})
                for name in body["users"]:
                    # Before events said so, the roles of a crowd are not on record.
                    roles[name] = set(given[name]) if name in given else None
                    active[name] = True
            case "add_user":
                roles[body["user"]], active[body["user"]] = set(body["roles"]), True
            case "set_roles":
                roles[body["user"]] = set(body["roles"])
            case "set_active":
                active[body["user"]] = body["active"]
    found: dict[str, set[str]] = {}
    for row in conn.execute(_ROLES):
        found.setdefault(row.name, set()).add(row.role)
    known = {row.name: row.active for row in conn.execute(_USERS)}
    for name in sorted(known.keys() | active.keys()):
        if known.get(name) != active.get(name):
            return f"人员{name}是否在职与记录不符。"
        expected = roles[name]
        if expected is not None and found.get(name, set()) != expected:
            return f"人员{name}的岗位与记录不符。"
    return ""


def _versions(conn: Connection, store: Store, events: list[Event]) -> str:
    said: list[Any] = [
        (
            event.body["version"],
            datetime.fromisoformat(event.body["in_force_from"]),
            event.body["reason"],
            event.actor,
            event.at,
        )
        for event in events
        if event.name == "deploy"
    ]
    rows = conn.execute(_DEPLOYED).all()
    found = [tuple(row)[:5] for row in rows]
    for n in range(max(len(said), len(found))):
        if said[n : n + 1] != found[n : n + 1]:
            return f"第{n + 1}次部署与记录不符。"
    for version in sorted({row.version for row in rows}):
        store.definitions(version)
    return ""


def _roster(conn: Connection, events: list[Event]) -> str:
    said: Counter[tuple[Any, ...]] = Counter()
    for event in events:
        if event.name == roster.ROSTER:
            unit = event.body["of"]
            said.update(_shift(unit, one) for one in event.body["added"])
            said.subtract(_shift(unit, one) for one in event.body["removed"])
    found = Counter(_shift(row.unit, roster.told(row.name, row)) for row in conn.execute(_SHIFTS))
    wrong = [shift for shift in said.keys() | found.keys() if said[shift] != found[shift]]
    return f"单位{min(wrong)[0]}的值班表与记录不符。" if wrong else ""


def _handovers(conn: Connection, events: list[Event]) -> str:
    said: dict[int, tuple[Any, ...]] = {}
    for event in events:
        body = event.body
        if event.name == handovers.SIGNED:
            times = (datetime.fromisoformat(body[name]) for name in ("since", "until"))
            about = event.unit, event.actor, body["to"], *times, event.at, body["offered"]
            said[event.seq] = *about, None, None
        elif event.name == handovers.CONFIRMED:
            said[body["of"]] = *said[body["of"]][:-2], event.at, body["accepted"]
    found = {
        row.seq: (
            row.unit,
            row.leaver_name,
            row.taker_name,
            row.since,
            row.until,
            row.signed_at,
            row.offered,
            row.confirmed_at,
            row.accepted,
        )
        for row in conn.execute(handovers.rows())
    }
    wrong = [seq for seq in said.keys() | found.keys() if said.get(seq) != found.get(seq)]
    return f"第{min(wrong)}个事件的交接班与记录不符。" if wrong else ""


def _shift(unit: str, said: Mapping[str, Any]) -> tuple[Any, ...]:
    return (unit, *(said[name] for name in sorted(said)))


def _calendar(conn: Connection, events: list[Event]) -> str:
    told = [event for event in events if event.name in ("seed_calendar", "publish_calendar")]
    if told and "digest" in told[-1].body and told[-1].body["digest"] != days.digest(conn):
        return "工作日历与最近一次公布的不符。"
    return ""


def _templates(conn: Connection, events: list[Event]) -> str:
    said: dict[int, tuple[str, str, bool]] = {}  # unit, digest, in use
    for event in events:
        body = event.body
        match event.name:
            case templates.WRITE:
                said[body["template"]] = event.unit, body["digest"], True
            case templates.CHANGE:
                used = said[body["template"]][2]
                said[body["template"]] = event.unit, body["digest"], used
            case templates.RETIRE | templates.RESTORE:
                active = event.name == templates.RESTORE
                said[body["template"]] = *said[body["template"]][:2], active
    rows = conn.execute(select(t.templates)).all()
    found = {
        row.id: (row.unit, templates.digest(row.kind, row.name, row.text), row.active)
        for row in rows
    }
    for id in sorted(said.keys() | found.keys()):
        if said.get(id) != found.get(id):
            return f"答复模板{id}与记录不符。"
    return ""
