"""Versions of the definitions: what was deployed, when, by whom, and how many tickets are on it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from engine.errors import StoreError
from engine.record import SYSTEM
from engine.store import Store
from engine.store.tables import deployments, events, tickets, version_files, versions

_DEPLOYED = select(events.c.at, events.c.body).where(
    events.c.chain == SYSTEM, events.c.name == "deploy"
)


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment; `current`: new tickets start on it."""

    version: int
    hash: str
    in_force_from: datetime
    deployed_at: datetime
    actor: str
    operator: str
    """Whose hands it was at the computer, where the actor is the system; "" if nobody knows."""
    reason: str
    tickets: int
    current: bool


def files_of(store: Store, version: int) -> dict[str, bytes]:
    """The files of a version by their path, as they were deployed.

    Errors: StoreError version_unknown, version_changed; DefinitionsRefused when no longer read.
    """
    store.definitions(version)
    with store.read() as conn:
        rows = conn.execute(
            select(version_files.c.path, version_files.c.content)
            .where(version_files.c.version == version)
            .order_by(version_files.c.path)
        )
        return {row.path: row.content for row in rows}


def deployments_of(store: Store, now: datetime) -> tuple[Deployment, ...]:
    """All deployments, the latest in force first."""
    with store.read() as conn:
        counts = {
            row.version: row.n
            for row in conn.execute(
                select(tickets.c.version, func.count().label("n")).group_by(tickets.c.version)
            )
        }
        hands = {
            row.at: json.loads(row.body).get("operator", "") for row in conn.execute(_DEPLOYED)
        }
        rows = conn.execute(
            select(deployments, versions.c.hash)
            .join(versions, versions.c.id == deployments.c.version)
            .order_by(deployments.c.in_force_from.desc(), deployments.c.id.desc())
        ).all()
        try:
            current = store.current_version(conn, now)
        except StoreError:
            current = None
    found = []
    for row in rows:
        is_current = row.version == current and row.in_force_from <= now
        if is_current:
            current = None  # an earlier deployment of the same version is history
        found.append(
            Deployment(
                row.version,
                row.hash,
                row.in_force_from,
                row.deployed_at,
                row.actor,
                hands.get(row.deployed_at, ""),
                row.reason,
                counts.get(row.version, 0),
                is_current,
            )
        )
    return tuple(found)
