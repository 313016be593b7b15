"""Who gets through which route: route × role × own or another unit × own or another area."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from unittest import mock

import pytest
from flask import Flask

from engine.access import ACTIONS as ENGINE_ACTIONS
from engine.access import ROLES
from engine.acts import people
from engine.acts.people import Newcomer
from tests import samples
from tests.browser import city
from tests.browser.city import Clock, Person
from tests.integration.office import CHEAP
from webapp.door import REFRESHED
from webapp.pages import ACTIONS, OPEN, SIGNED_IN

WHO = {
    "call_taker": "sun",
    "dispatcher": "pan",
    "officer": "li",
    "another_officer": "wang",
    "reviewer": "shen",
    "follow_up": "hui",
    "archivist": "an",
    "leader": "ling",
    "duty_leader": "ban",
    "supervisor": "du",
    "auditor": "ji",
    "administrator": "guan",
    "process_owner": "liu",
}
"""A person of each role; the own ticket waits for the officers of li's unit."""

COUNTY = {
    "officer": "gf-water",
    "another_officer": "gf-pipes",
    "leader": "gf-water",
    "supervisor": "gf-authority",
    "auditor": "gf-authority",
    "process_owner": "gf-authority",
}
"""The county's unit in which somebody of each role is; the others are in its centre."""

NOBODY_ON_TICKETS = {"administrator": 403, "process_owner": 403}
CENTRE = ("call_taker", "dispatcher", "reviewer", "follow_up", "archivist", "duty_leader")


def everybody(status: int, **others: int) -> dict[str, int]:
    return {**dict.fromkeys(WHO, status), **others}


def of_centre(status: int) -> dict[str, int]:
    return dict.fromkeys(CENTRE, status)


LISTED = everybody(
    200, **{"call_taker": 403, "follow_up": 403, "archivist": 403}, **NOBODY_ON_TICKETS
)

SPOKEN_ON_OWN = everybody(200, another_officer=404, auditor=403, **NOBODY_ON_TICKETS)
SPOKEN_ON_OTHER = everybody(404, supervisor=200, auditor=403, **NOBODY_ON_TICKETS)

CALLED = dict.fromkeys(("call_taker", "dispatcher", "follow_up", "duty_leader"))
"""Who notes that somebody calls again."""
SUPERVISED = dict.fromkeys(("dispatcher", "reviewer", "supervisor", "auditor"), 200)
"""Who reads the ledger of supervision."""


ANNOUNCERS = dict.fromkeys(("dispatcher", "duty_leader"))
"""Who writes announcements."""
TOLD_OF_THEM = everybody(403, supervisor=200, auditor=200, leader=200, **of_centre(200))
"""Who reads them; a unit's leader gets a list, and has none in it."""


def announcers(status: int) -> dict[str, int]:
    return everybody(403, **dict.fromkeys(ANNOUNCERS, status))


def callers(status: int) -> dict[str, int]:
    return everybody(403, **dict.fromkeys(CALLED, status))


def leaders(status: int) -> dict[str, int]:
    return everybody(403, leader=status, duty_leader=status)


def workers(status: int) -> dict[str, int]:
    return everybody(status, auditor=403, **NOBODY_ON_TICKETS)


def writers(status: int) -> dict[str, int]:
    """Who keeps texts ready."""
    roles = ("officer", "another_officer", "reviewer", "leader", "duty_leader")
    return everybody(403, **dict.fromkeys(roles, status))


# Endpoint and method -> what each role is answered on its own ticket and on another unit's.
# 302: done, and on to another page. Where no ticket is meant, both columns are the same.
OWN_AND_OTHER: dict[tuple[str, str], tuple[dict[str, int], dict[str, int]]] = {
    ("work.tasks", "GET"): (everybody(200), everybody(200)),
    ("leave.leave", "GET"): (workers(200),) * 2,
    ("leave.leave", "POST"): (workers(422),) * 2,  # nothing was filled in
    ("leave.end", "POST"): (workers(400),) * 2,  # there is none
    ("duty.month", "GET"): (everybody(200),) * 2,
    ("duty.untaken", "GET"): (everybody(200),) * 2,
    ("duty.lines", "POST"): (leaders(422),) * 2,  # nothing was written
    ("duty.days", "POST"): (leaders(422),) * 2,
    ("duty.shift", "GET"): (leaders(404),) * 2,  # there is none
    ("duty.shift", "POST"): (leaders(404),) * 2,
    ("shifts.shifts", "GET"): (everybody(200),) * 2,
    ("shifts.shifts", "POST"): (everybody(422),) * 2,  # nobody is on duty
    ("shifts.shift", "GET"): (everybody(404),) * 2,  # there is none
    ("shifts.confirm", "POST"): (everybody(404),) * 2,
    ("work.figures", "GET"): (workers(200),) * 2,
    ("work.workbook", "GET"): (workers(200),) * 2,
    ("work.keep_list", "POST"): (workers(400),) * 2,  # nothing was narrowed
    ("work.drop_list", "POST"): (workers(302),) * 2,
    ("several.together", "GET"): (workers(400),) * 2,  # nothing was chosen
    ("several.together", "POST"): (workers(400),) * 2,
    ("work.overdue", "GET"): (LISTED, LISTED),
    ("work.unsigned", "GET"): (LISTED, LISTED),
    ("desks.decisions", "GET"): (workers(200),) * 2,
    ("desks.calls", "GET"): (workers(200),) * 2,
    ("desks.take_next", "POST"): (workers(400),) * 2,  # of no desk
    ("unit.shared", "GET"): (everybody(403, leader=200),) * 2,
    ("unit.hand_over", "POST"): (everybody(403, leader=400),) * 2,  # nothing was chosen
    ("texts.listed", "GET"): (writers(200),) * 2,
    ("texts.new", "GET"): (writers(200),) * 2,
    ("texts.new", "POST"): (writers(422),) * 2,  # nothing was filled in
    ("texts.change", "GET"): (writers(404),) * 2,  # there is none
    ("texts.change", "POST"): (writers(422),) * 2,
    ("texts.use", "POST"): (writers(404),) * 2,
    ("people.password", "GET"): (everybody(200), everybody(200)),
    ("people.password", "POST"): (everybody(400), everybody(400)),  # nothing was filled in
    ("people.sign_out", "POST"): (everybody(302), everybody(302)),
    ("people.sign_in", "GET"): (everybody(302), everybody(302)),  # already signed in
    ("people.sign_in", "POST"): (everybody(400), everybody(400)),  # nothing was filled in
    ("people.language", "GET"): (everybody(302), everybody(302)),
    ("health.healthz", "GET"): (everybody(200), everybody(200)),
    ("static", "GET"): (everybody(200), everybody(200)),
    ("tickets.find", "GET"): (everybody(200, **NOBODY_ON_TICKETS),) * 2,
    ("tickets.new", "GET"): (everybody(403, call_taker=200),) * 2,
    ("tickets.new", "POST"): (everybody(403, call_taker=422),) * 2,  # nothing was filled in
    ("tickets.ticket", "GET"): (
        everybody(200, another_officer=404, **NOBODY_ON_TICKETS),
        everybody(404, supervisor=200, auditor=200, **NOBODY_ON_TICKETS),
    ),
    ("tickets.order", "GET"): (
        everybody(200, another_officer=404, **NOBODY_ON_TICKETS),
        everybody(404, supervisor=200, auditor=200, **NOBODY_ON_TICKETS),
    ),
    ("tickets.news", "GET"): (
        everybody(200, another_officer=404, **NOBODY_ON_TICKETS),
        everybody(404, supervisor=200, auditor=200, **NOBODY_ON_TICKETS),
    ),
    ("drawings.excerpt", "GET"): (
        everybody(200, another_officer=404, **NOBODY_ON_TICKETS),
        everybody(404, supervisor=200, auditor=200, **NOBODY_ON_TICKETS),
    ),
    ("attachments.attachment", "GET"): (SPOKEN_ON_OWN, SPOKEN_ON_OTHER),
    ("drawings.drawing", "GET"): (
        everybody(200, another_officer=404, **NOBODY_ON_TICKETS),
        everybody(404, supervisor=200, auditor=200, **NOBODY_ON_TICKETS),
    ),
    ("tickets.task", "GET"): (
        everybody(403, officer=200, another_officer=404),
        everybody(404, supervisor=403, auditor=403, **NOBODY_ON_TICKETS),
    ),
    ("tickets.task", "POST"): (
        everybody(403, officer=302, another_officer=404),
        everybody(404, supervisor=403, auditor=403, **NOBODY_ON_TICKETS),
    ),
    ("tickets.comment", "POST"): (
        everybody(302, another_officer=404, auditor=403, **NOBODY_ON_TICKETS),
        everybody(404, supervisor=302, auditor=403, **NOBODY_ON_TICKETS),
    ),
    ("tickets.caller", "GET"): (SPOKEN_ON_OWN, SPOKEN_ON_OTHER),
    ("tickets.caller", "POST"): (SPOKEN_ON_OWN, SPOKEN_ON_OTHER),
    ("intake.beside", "POST"): (everybody(403, call_taker=200),) * 2,
    ("intake.join", "POST"): (everybody(403, call_taker=200), everybody(403, call_taker=404)),
    ("announcements.listed", "GET"): (TOLD_OF_THEM,) * 2,
    ("announcements.announcement", "GET"): (
        {**TOLD_OF_THEM, "leader": 404},
        {**TOLD_OF_THEM, "leader": 404, **of_centre(404)},
    ),
    ("announcements.workbook", "GET"): (
        {**TOLD_OF_THEM, "leader": 404},
        {**TOLD_OF_THEM, "leader": 404, **of_centre(404)},
    ),
    ("announcements.new", "GET"): (announcers(200),) * 2,
    ("announcements.new", "POST"): (announcers(422),) * 2,  # nothing was filled in
    ("announcements.edit", "GET"): (announcers(200), announcers(404)),
    ("announcements.edit", "POST"): (announcers(422), announcers(404)),
    ("announcements.link", "POST"): (
        everybody(403, call_taker=302),
        everybody(403, call_taker=404),
    ),
    ("announcements.end", "POST"): (
        # Whoever comes second finds it ended.
        everybody(403, dispatcher=302, duty_leader=409),
        announcers(404),
    ),
    ("calls.find", "GET"): (callers(200), callers(200)),
    ("calls.again", "GET"): (callers(200), callers(404)),
    ("calls.again", "POST"): (callers(302), callers(404)),
    ("supervision.overview", "GET"): (everybody(403, **SUPERVISED),) * 2,
    ("supervision.entries", "GET"): (everybody(403, **SUPERVISED),) * 2,
    ("work.claim", "POST"): (
        everybody(403, officer=302, another_officer=404),
        everybody(404, supervisor=403, auditor=403, **NOBODY_ON_TICKETS),
    ),
    ("work.hand_over", "POST"): (
        # There is nobody called that.
        everybody(403, officer=400, leader=400, another_officer=404),
        everybody(404, supervisor=403, auditor=403, **NOBODY_ON_TICKETS),
    ),
    ("work.release", "POST"): (
        everybody(403, officer=409, another_officer=404),  # it was not taken
        everybody(404, supervisor=403, auditor=403, **NOBODY_ON_TICKETS),
    ),
}

SENT = {
    "tickets.comment": {"text": "请抓紧。"},
    "calls.again": {"text": "灯还是不亮。"},
    "tickets.caller": {"reason": "回电核实"},
    "work.hand_over": {"to": "nobody"},
}


def routes(app: Flask) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods or ()):
            if method not in ("HEAD", "OPTIONS"):
                yield rule.endpoint, method


def test_every_route_declares_an_action_and_stands_in_the_matrix(app: Flask):
    found = set(routes(app))
    assert found == set(OWN_AND_OTHER), "a route without a row, or a row without a route"
    assert {endpoint for endpoint, _ in found} == set(ACTIONS)
    assert set(ACTIONS.values()) <= {*ENGINE_ACTIONS, OPEN, SIGNED_IN}
    assert {who for who in WHO if who != "another_officer"} == ROLES


def test_whoever_is_not_signed_in_reaches_only_what_is_open(app: Flask):
    for endpoint, method in routes(app):
        person = Person(app)
        path = re.sub("<[^>]*>", "1", next(r.rule for r in app.url_map.iter_rules(endpoint)))
        answer = person.client.open(path, method=method)
        if ACTIONS[endpoint] == OPEN:
            assert answer.status_code in (200, 302, 400, 404), endpoint
            assert "/sign-in?" not in (answer.location or "")
        elif endpoint in REFRESHED:  # a part of a page, into which no page to sign in on belongs
            assert (answer.status_code, answer.data) == (401, b""), endpoint
        elif method == "GET":
            assert answer.status_code == 302, endpoint
            assert "/sign-in?next=" in answer.location
        else:
            assert answer.status_code == 401, endpoint


def test_a_first_password_has_to_be_changed_before_anything_else(app: Flask, clock: Clock):
    store = app.extensions["hotline"].store
    word = people.add_user(store, None, "new", "新来的", "sr-lights", ["officer"], clock())
    person = Person(app)
    person.sign_in("new", word)
    for endpoint, method in routes(app):
        if ACTIONS[endpoint] == OPEN or endpoint in ("people.password", "people.sign_out"):
            continue
        path = re.sub("<[^>]*>", "1", next(r.rule for r in app.url_map.iter_rules(endpoint)))
        answer = person.client.open(path, method=method, data=person.token())
        assert answer.status_code == 302, endpoint
        assert answer.location.startswith("/password?next="), endpoint


LAST = ("announcements.end", "people.sign_out")
"""After which nothing else can be tried."""
ORDER = ("tickets.comment", "work.release", "work.hand_over", "work.claim", "tickets.task")
"""What changes a ticket, in the order in which it can be tried on one."""


def of_neighbour(own: dict[str, int]) -> dict[str, int]:
    """The ticket of another unit of the same area: its officer works there, li's unit is out."""
    out = own["another_officer"]
    if own["officer"] == out:  # an announcement, which is the centre's and no unit's
        return own
    return {**own, "officer": out, "another_officer": own["officer"], "leader": out}


def from_below(other: dict[str, int]) -> dict[str, int]:
    """The county's people at the city's ticket: an authority sees what is below it, not above.

    So it is no better off than a unit that has nothing to do with it. Auditors see everything.
    """
    return {**other, "supervisor": other["leader"]}


def county(app: Flask) -> dict[str, str]:
    """A person of each role in the county, with no other role."""
    names = {who: f"gf-{who}".replace("_", "-") for who in WHO}
    newcomers = [
        Newcomer(
            name,
            name,
            COUNTY.get(who, "gf-centre"),
            ("officer" if who == "another_officer" else who,),
        )
        for who, name in names.items()
    ]
    with mock.patch.object(people, "_hasher", CHEAP):
        people.add_crowd(app.extensions["hotline"].store, newcomers, city.PASSWORD, city.MORNING)
    return names


# Whose ticket it is, where it was dispatched to, whose announcement there is, and who comes.
CASES = {
    "own": (("sun", "pan", "sr-lights"), "pan"),
    "another unit's": (("sun", "pan", "sr-water"), "pan"),
    "another area's": (("guo", "guo", "gf-water"), "geng"),
    "a superior area's": (("sun", "pan", "sr-lights"), "pan"),
}

FULL = ("own", "another area's")


@pytest.mark.parametrize("whose", CASES)
def test_everybody_gets_where_the_matrix_says(app: Flask, whose: str):
    photo = {"_file-materials": (io.BytesIO(samples.png()), "现场.png")}
    route, centre = CASES[whose]
    number, task = city.dispatched(app, *route, **photo)
    announcement = city.announced(app.extensions["hotline"].store, city.MORNING, centre)
    found: dict[tuple[str, str], dict[str, int]] = {}
    names = county(app) if whose == "a superior area's" else WHO
    signed_in = {who: Person(app, name) for who, name in names.items()}
    # Whose turn changes things comes last.
    turn = "another_officer" if whose == "another unit's" else "officer"
    rows = sorted(
        # Where no ticket is meant, the first two cases have said it all.
        (row for row, (own, other) in OWN_AND_OTHER.items() if whose in FULL or own != other),
        key=lambda row: (_after(row[0]), row[1], _place(row[0])),
    )
    for endpoint, method in rows:
        rule = next(r.rule for r in app.url_map.iter_rules(endpoint))
        path = (
            rule.replace(
                "<number>", announcement if endpoint.startswith("announcements") else number
            )
            .replace("<int(max=2147483647):task>", str(task))
            .replace("<int(max=2147483647):leave>", "1")
            .replace("<int(max=2147483647):shift>", "1")
            .replace("<int(max=2147483647):seq>", "1")
            .replace("<int(max=2147483647):n>", "1")
            .replace("<int(max=2147483647):id>", "1")
            .replace("<code>", "zh")
            .replace("<path:filename>", "app/icon.svg")
        )
        for who in sorted(WHO, key=turn.__eq__):
            sent = (
                {**signed_in[who].token(), **SENT.get(endpoint, {})} if method == "POST" else None
            )
            with signed_in[who].client.open(path, method=method, data=sent) as answer:
                found.setdefault((endpoint, method), {})[who] = answer.status_code
                if answer.status_code == 404:
                    assert city.CALL["title"] not in answer.get_data(as_text=True)
    wrong = {
        (*row, who): (status, _wanted(whose, *OWN_AND_OTHER[row])[who])
        for row, column in found.items()
        for who, status in column.items()
        if status != _wanted(whose, *OWN_AND_OTHER[row])[who]
    }
    assert wrong == {}, "what was answered, and what the matrix says"
    assert set(found) == set(rows)


def _wanted(whose: str, own: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    if whose == "another unit's":
        return of_neighbour(own)
    if whose == "a superior area's":
        return from_below(other)
    return own if whose == "own" else other


def _place(endpoint: str) -> int:
    return ORDER.index(endpoint) if endpoint in ORDER else -1


def _after(endpoint: str) -> int:
    return LAST.index(endpoint) if endpoint in LAST else -1
