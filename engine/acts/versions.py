"""Versions of the definitions: all diagrams, tables and forms under one hash, deployed together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import insert, select

from engine import quarantine
from engine.access import User, authorize
from engine.flow import DefinitionsRefused
from engine.flow.definitions import hash_of
from engine.store import Store, log, spoken, usage
from engine.store.tables import deployments, version_files, versions


def deploy(
    store: Store,
    user: User | None,
    files: Mapping[str, bytes],
    reason: str,
    now: datetime,
    in_force_from: datetime | None = None,
    operator: str = "",
) -> int:
    """Store and put in force a set of files; the version's id.

    Tickets that are open keep the version that they were started with. Files that are known
    already are not stored twice; what is in force already is not deployed again. `user` None is
    the system (hotline init); `operator`: whose hands it was then, as the computer knows them.
    Errors: DefinitionsRefused (findings) for whatever engine.flow.check refuses, what is in use
    now and would vanish included; Denied; Trouble
    reason_needed, reason_long, text_characters.
    """
    if user is not None:
        authorize(user, "deploy", {})
    reason = spoken.reason(reason)
    if findings := quarantine.judge(files, usage.in_use(store, now)):
        raise DefinitionsRefused(findings)
    hash = hash_of(files)
    with store.write() as conn:
        log.system(conn, store)  # one at a time: two may deploy the same files
        version = conn.execute(
            select(versions.c.id).where(versions.c.hash == hash)
        ).scalar_one_or_none()
        latest = conn.execute(
            select(deployments.c.version).order_by(deployments.c.id.desc()).limit(1)
        ).scalar_one_or_none()
        if version is not None and version == latest:
            return int(version)
        if version is None:
            made = conn.execute(insert(versions).returning(versions.c.id), {"hash": hash})
            version = made.scalar_one()
            conn.execute(
                insert(version_files),
                [
                    {"version": version, "path": path, "content": content}
                    for path, content in sorted(files.items())
                ],
            )
        since = in_force_from or now
        actor, unit = (user.name, user.unit) if user else ("system", "")
        conn.execute(
            insert(deployments).values(
                version=version,
                in_force_from=since,
                deployed_at=now,
                actor=actor,
                reason=reason,
            )
        )
        said = log.by_hand(user, operator)
        said |= {"version": hash, "in_force_from": since.isoformat(), "reason": reason}
        log.append_system(conn, store, "deploy", now, actor, unit, said)
        return int(version)
