"""The table of routes: every view declares which action it needs; one that does not is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from flask import Blueprint

OPEN = "open"
"""The action of a view for everybody, signed in or not: sign-in, language, health, files."""

SIGNED_IN = "signed_in"
"""The action of a view for whoever is signed in, on what is their own: password, sign-out."""

ACTIONS: dict[str, str] = {"static": OPEN}
"""Endpoint -> action of engine.access, or OPEN or SIGNED_IN."""

TAKES_FILES: set[str] = set()
"""Endpoints of forms that files may come with, so that their requests may be larger."""

View = TypeVar("View", bound=Callable[..., Any])


def page(
    blueprint: Blueprint,
    rule: str,
    action: str,
    methods: Iterable[str] = ("GET",),
    *,
    files: bool = False,
) -> Callable[[View], View]:
    """Add a view to a blueprint together with the action that a person must be allowed.

    `files`: it is a form that files may come with.
    """

    def declare(view: View) -> View:
        blueprint.add_url_rule(rule, view.__name__, view, methods=list(methods))
        endpoint = f"{blueprint.name}.{view.__name__}"
        ACTIONS[endpoint] = action
        if files:
            TAKES_FILES.add(endpoint)
        return view

    return declare
