"""Every story of this folder, each step of it taken three ways (story.py)."""

from pytest_bdd import scenarios

scenarios(".")
