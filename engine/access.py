"""Who may do what: one table of actions and roles, and one function that reads it. Pure.

Another unit's ticket is not there at all (Denied.hidden); what a person can see but may not do
is refused openly. Nothing here asks the database: the caller brings the facts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from engine.errors import Denied

__all__ = [
    "ACTIONS",
    "ROLES",
    "Denied",
    "Reach",
    "User",
    "authorize",
    "content_reader",
    "may_give",
    "reach",
    "sees_reporter",
]

# A role may do an action to:
#   .  nothing        *  everything
#   t  a task that waits for this role in the person's own unit
#   o  a task that waits in the person's own unit, for whichever role
#   u  a ticket in which the person's unit has a leg or a task
#   c  a ticket of the person's centre: it dispatched (派单中心) or is the unit's own (同级中心)
#   a  a ticket or a leg under the person's authority; the city's authority sees the counties'
#   s  what is the person's own unit's
#   p  what belongs to the person's area; at the city's level, to any area
_TABLE: Final = """
action              call_taker dispatcher officer reviewer follow_up archivist leader duty_leader supervisor auditor administrator process_owner
start_ticket        c          .          .       .        .         .         .      .           .          .       .             .
read_ticket         c          c          u       c        c         c         u      c           a          *       .             .
comment_ticket      c          c          u       c        c         c         u      c           a          .       .             .
unmask              c          c          u       c        c         c         u      c           a          .       .             .
read_reporter       c          c          c       c        c         c         c      c           c          .       .             .
call_again          c          c          .       .        c         .         .      c           .          .       .             .
work_task           t          t          t       t        t         t         t      t           t          .       .             .
reassign_task       .          .          .       .        .         .         o      .           .          .       .             .
write_templates     .          .          s       s        .         .         s      s           .          .       .             .
list_overdue        .          c          u       c        .         .         u      c           a          *       .             .
read_announcements  c          c          .       c        c         c         c      c           a          *       .             .
announce            .          c          .       .        .         .         .      c           .          .       .             .
read_ledger         .          c          .       c        .         .         .      .           a          *       .             .
verify              .          .          .       .        .         .         .      .           a          *       *             .
replay              .          .          .       .        .         .         .      .           .          *       .             .
read_system_log     .          .          .       .        .         .         .      .           .          *       .             .
erase               .          .          .       .        .         .         .      .           a          .       .             .
read_calendar       *          *          *       *        *         *         *      *           *          *       *             *
publish_calendar    .          .          .       .        .         .         .      .           p          .       .             .
read_versions       .          .          .       .        .         .         .      .           *          *       *             *
deploy              .          .          .       .        .         .         .      .           .          .       .             *
manage_users        .          .          .       .        .         .         .      .           .          .       p             .
manage_places       .          .          .       .        .         .         .      .           .          .       p             .
watch               .          .          .       .        .         .         .      .           .          .       *             .
read_duty           s          s          s       s        s         s         s      s           s          s       s             s
set_duty            .          .          .       .        .         .         s      s           .          .       .             .
"""  # noqa: E501 - a table that is wrapped is no table

_SCOPES: Final = frozenset(".*toucasp")


def _read_table(text: str) -> tuple[tuple[str, ...], dict[str, dict[str, str]]]:
    head, *rows = (line.split() for line in text.strip().splitlines())
    roles = tuple(head[1:])
    found: dict[str, dict[str, str]] = {}
    for action, *scopes in rows:
        if len(scopes) != len(roles) or not _SCOPES.issuperset(scopes) or action in found:
            raise ValueError(f"the row of {action} does not fit the table")
        found[action] = {r: s for r, s in zip(roles, scopes, strict=True) if s != "."}
    return roles, found


_roles, ACTIONS = _read_table(_TABLE)
"""Action → role → scope; a role that may not is absent."""

ROLES: Final = frozenset(_roles)
"""Every role there is."""


@dataclass(frozen=True, slots=True)
class User:
    """A person who acts: `centre` and `authority` are those of the area of the person's unit."""

    id: int
    name: str
    display_name: str
    unit: str
    area: str
    level: str  # city | county
    roles: frozenset[str]
    centre: str
    authority: str
    stands_for: frozenset[int] = frozenset()
    """Colleagues on leave, by id, whose work this person does meanwhile."""

    def may_take(self, claimed_by: int | None) -> bool:
        """Whether a task that somebody has taken, or nobody, may be taken by this person."""
        return claimed_by in (None, self.id) or claimed_by in self.stands_for


@dataclass(frozen=True, slots=True)
class Reach:
    """What a person may list: rows that fit one of the fields; nothing when all are empty.

    `centre` fits a ticket's centre or a leg's peer centre, `unit` a leg's or task's unit,
    `authority` a ticket's or leg's authority.
    """

    everything: bool = False
    centre: str | None = None
    unit: str | None = None
    authority: str | None = None


def reach(user: User, action: str) -> Reach:
    """How far an action on tickets reaches for a person, as a filter for a query."""
    scopes = set(_scopes(user, action).values())
    top = "a" in scopes and user.level == "city"
    return Reach(
        everything="*" in scopes or top,
        centre=user.unit if "c" in scopes else None,
        unit=user.unit if "u" in scopes else None,
        authority=user.unit if "a" in scopes else None,
    )


def authorize(user: User, action: str, facts: Mapping[str, Any]) -> None:
    """Return if the person may do the action to what the facts describe.

    Facts of a ticket: centre, authority (ids), and of its legs and tasks units, peer_centres,
    authorities (collections of ids), about_unit (whom a report is about: for its people there is
    no such ticket, whatever their role; 回避). Of a task also: role, unit, claimed_by (a user's id
    or None). Of a place or person: area. Of a roster: unit alone. A fact that is absent allows
    nothing. With no facts at all the question is only whether the person's roles allow the action
    on anything.

    Errors: Denied, `hidden` when the person may not know of the ticket; KeyError for an action
    that is not in the table.
    """
    scopes = _scopes(user, action)
    if scopes and not facts:
        return
    if _is_ticket(facts) and facts.get("about_unit") == user.unit:
        raise Denied("denied_hidden", hidden=True)
    allowed = any(_holds(scope, role, user, facts) for role, scope in scopes.items())
    if allowed and action == "work_task" and not user.may_take(facts.get("claimed_by")):
        raise Denied("denied_claimed")
    if allowed:
        return
    if _is_ticket(facts) and not _sees(user, facts):
        raise Denied("denied_hidden", hidden=True)
    raise Denied("denied_task" if action == "work_task" and scopes else "denied")


def may_give(user: User, role: str) -> bool:
    """Whether a role may be given by somebody: what it does everywhere they must do everywhere.

    So an administrator of a county makes nobody an auditor or process owner of the whole city.
    """
    everywhere = (action for action, by_role in ACTIONS.items() if by_role.get(role) == "*")
    return user.level == "city" or all("*" in _scopes(user, one).values() for one in everywhere)


def content_reader(user: User) -> User:
    """The person with those roles alone by which what was said is read: not an auditor's."""
    return replace(user, roles=user.roles - {"auditor"})


def sees_reporter(user: User, protected: bool) -> bool:
    """Whether a person who may read a ticket may know who called.

    Of a protected reporter only those do who may `read_reporter`, and they are at a centre.
    """
    return not protected or reach(user, "read_reporter").centre == user.centre


def _scopes(user: User, action: str) -> dict[str, str]:
    by_role = ACTIONS[action]
    return {role: by_role[role] for role in user.roles if role in by_role}


def _is_ticket(facts: Mapping[str, Any]) -> bool:
    return "centre" in facts or "units" in facts or "role" in facts


def _sees(user: User, facts: Mapping[str, Any]) -> bool:
    scopes = _scopes(user, "read_ticket")
    return any(_holds(scope, role, user, facts) for role, scope in scopes.items())


def _holds(scope: str, role: str, user: User, facts: Mapping[str, Any]) -> bool:
    match scope:
        case "*":
            return True
        case "t":
            return facts.get("role") == role and facts.get("unit") == user.unit
        case "o":
            return "role" in facts and facts.get("unit") == user.unit
        case "u":
            return user.unit in _ids(facts, "units")
        case "c":
            return user.unit == facts.get("centre") or user.unit in _ids(facts, "peer_centres")
        case "a":
            at_top = user.level == "city" and _is_ticket(facts)
            mine = user.unit == facts.get("authority") or user.unit in _ids(facts, "authorities")
            return at_top or mine
        case "s":
            return user.unit == facts.get("unit")
        case "p":
            return "area" in facts and (user.level == "city" or facts["area"] == user.area)
    return False


def _ids(facts: Mapping[str, Any], name: str) -> Collection[str]:
    found: Collection[str] = facts.get(name) or ()
    if isinstance(found, str):  # "in" would look for a part of the word
        raise TypeError(f"{name} is a collection of ids")
    return found
