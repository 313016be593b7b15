"""The store: tables, sessions and transactions, the log, a ticket's rows.

A `Store` is opened by a door and handed to every act and read. Submodules: tables (all tables),
log (events), tickets (lock, state, projection), people, places, requests, numbers, schema.
"""

from engine.store.session import Store

__all__ = ["Store"]
