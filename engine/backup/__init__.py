"""Backups: a snapshot with its manifest, the key kept apart, and both brought back.

A backup is a folder: `manifest.json`, the database (`database.sqlite` or `database.dump`) and the
messages that lay in the outbox folder. It has its name only once everything is on disk.
"""

from engine.backup.making import backup
from engine.backup.manifest import Manifest
from engine.backup.restoring import check, restore

__all__ = ["Manifest", "backup", "check", "restore"]
