"""How fast tickets are found by words, and how exactly, among as many as a city has in years.

`python -m bench.search 300000` prints; it promises nothing. The tickets are rows of a simulated
month many times over with texts, keys and cards of their own, but without events: only what the
search reads. SQLite; the other database by HOTLINE_DATABASE_URL and HOTLINE_OWNER_DATABASE_URL.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import accumulate
from typing import Any

from sqlalchemy import func, insert, select

from engine import settings as settings_of
from engine import terms
from engine.acts import people
from engine.city.arrivals import arrivals, dice
from engine.cli.setting_up import create, furnish_demo
from engine.cli.simulating import month
from engine.read import search as reading
from engine.store import Store, search, steps
from engine.store import tables as t
from engine.store.tickets import seal_of

START = datetime(2026, 9, 1, tzinfo=UTC)
SIMULATED = 120
BATCH = 1000
WORDS = ("路灯", "停水", "噪音", "施工", "信州区 路灯", "施工 噪音 茅家岭", "热力图")


def fill(store: Store, count: int) -> dict[int, str]:
    """Make that many tickets; ticket's id → all that was said of it, as it is indexed."""
    with store.read() as conn:
        form = steps.beginning(conn, store, START).form
        models = [row._asdict() for row in conn.execute(select(t.tickets))]
        legs: dict[int, list[dict[str, Any]]] = {}
        for row in conn.execute(select(t.legs)):
            legs.setdefault(row.ticket, []).append(row._asdict())
    said: dict[int, str] = {}
    calls = arrivals(START, 365.0, count, 7)
    for n in range(0, count, BATCH):
        with store.write() as conn:
            rows, keys, moved, words = [], [], [], []
            for id_, call in enumerate(calls[n : n + BATCH], n + 100_000):
                model = dice(id_).choice(models)
                number = f"29{id_:06d}-{id_:05d}"
                key, wrapped = store.vault.new_key(number)
                card = {**call.words, "phone": "138****1234"}
                card = {
                    name: str(card.get(name, "")) for name in ("title", "place", "caller", "phone")
                }
                sealed = seal_of(key, number, "card", card)
                rows.append(
                    model | {"id": id_, "number": number, "card": sealed, "created_at": call.at}
                )
                keys.append({"ticket": id_, "wrapped": wrapped})
                moved += [leg | {"ticket": id_} for leg in legs.get(model["id"], ())]
                spoken = {**call.words, "matter": f"{call.words['content']}。{chatter(id_)}"}
                answers = {
                    name: spoken.get(name, "") for name in ("title", "place", "matter", "phone")
                }
                words.append((id_, 1, search.words(store.vault, form, {"answers": answers}, "")))
                said[id_] = terms.masked(
                    terms.plain("\n".join(answers[k] for k in ("title", "place", "matter")))
                )
            conn.execute(insert(t.tickets), rows)
            conn.execute(insert(t.ticket_keys), keys)
            conn.execute(insert(t.legs), moved)
            search.add(conn, words)
    return said


@cache
def vocabulary() -> tuple[list[str], list[float]]:
    """Words that nobody knows, of two or three characters, and how often they are said."""
    rng = dice("vocabulary")
    words = [
        "".join(chr(rng.randrange(0x4E00, 0x4E00 + 3000)) for _ in range(rng.choice((2, 2, 3))))
        for _ in range(8000)
    ]
    return words, list(accumulate(1 / (n + 3) for n in range(len(words))))


def chatter(seed: int) -> str:
    """Some eighty characters, for the simulated matters are shorter than people's."""
    words, weights = vocabulary()
    return "".join(dice(seed, "chatter").choices(words, cum_weights=weights, k=36))


def timed(store: Store, who: Any, query: str) -> tuple[float, int]:
    """Milliseconds of the middle one of five looks, and how many hits the first page has."""
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        found = reading.find(store, who, query)
        times.append(time.perf_counter() - begun)
    return sorted(times)[2] * 1000, len(found.hits)


def exact(
    store: Store, said: dict[int, str], words: list[str]
) -> Iterator[tuple[str, int, int, int]]:
    """Word, in how many texts it stands, how many of those are found, how many others."""
    for word in words:
        wanted = {id_ for id_, text in said.items() if word in text}
        (part,) = terms.query(word).parts
        with store.read() as conn:
            query = select(search.TICKET).where(search.holds(conn, store.vault, [part.terms]))
            found = set(conn.execute(query).scalars()) & said.keys()
        yield word, len(wanted), len(wanted & found), len(found - wanted)


def drawn(said: dict[int, str], length: int, count: int) -> list[str]:
    """Words of a length as they stand in the texts, by chance."""
    rng = dice("words", length)
    texts = list(said.values())
    found: set[str] = set()
    while len(found) < count:
        text = rng.choice(texts)
        start = rng.randrange(max(1, len(text) - length))
        word = text[start : start + length]
        if len(word) == length and all("\u4e00" <= char <= "\u9fff" for char in word):
            found.add(word)
    return sorted(found)


def main() -> None:
    """Fill, look, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("tickets", type=int, nargs="?", default=300_000)
    count = parser.parse_args().tickets
    with tempfile.TemporaryDirectory() as home:
        place = {k: v for k, v in os.environ.items() if k.endswith("DATABASE_URL")}
        settings = settings_of.read({"HOTLINE_HOME": home, **place})
        with create(settings) as store:
            furnish_demo(store, START)
            month(store, START, 20.0, SIMULATED, 1).run(lambda *_: None)
            begun = time.perf_counter()
            said = fill(store, count)
            letters = sum(map(len, said.values())) / len(said)
            took = time.perf_counter() - begun
            print(f"{count} tickets of {letters:.0f} characters filled in {took:.0f} s")
            with store.read() as conn:
                size = (
                    conn.execute(select(func.sum(func.length(t.search.c.words)))).scalar()
                    if store.is_sqlite
                    else 0
                )
                print(f"words: {(size or 0) / 1e6:.0f} MB")
                if store.is_sqlite:
                    blocks = conn.exec_driver_sql(
                        "SELECT sum(length(block)) FROM search_data"
                    ).scalar()
                    file = settings.sqlite_file.stat().st_size
                    print(f"index: {blocks / 1e6:.0f} MB; file {file / 1e6:.0f} MB")
            with store.read() as conn:
                names = (
                    conn.execute(
                        select(func.min(t.users.c.name))
                        .join(t.user_roles)
                        .join(t.units, t.units.c.id == t.users.c.unit)
                        .where(t.user_roles.c.role.in_(("call_taker", "officer", "supervisor")))
                        .group_by(t.user_roles.c.role, t.units.c.level)
                    )
                    .scalars()
                    .all()
                )
            for name in names:
                who = people.load(store, name)
                for query in (*WORDS, "13812345678", "00042"):
                    took, hits = timed(store, who, query)
                    print(f"{name:28} {query:12} {took:8.1f} ms  {hits:3d} on the page")
            for length, many in ((2, 200), (3, 200), (4, 200)):
                rows = list(exact(store, said, drawn(said, length, many)))
                missed = sum(stands - got for _, stands, got, _ in rows)
                extra = sum(other for *_, other in rows)
                stands = sum(one[1] for one in rows)
                print(f"{many} words of {length}: {stands} texts, {missed} missed, {extra} beside")


if __name__ == "__main__":
    main()
