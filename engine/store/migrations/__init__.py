"""Alembic's migrations, run by engine.store.schema inside its own transaction."""
