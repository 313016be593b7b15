"""Statements on a step's path: written in Core, compiled once, then given to the driver as text.

A step executes some twenty small statements. SQLite answers one in 20 µs; SQLAlchemy takes 80
more to look it up, bind it and wrap its rows, each time anew.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, Dialect, Select
from sqlalchemy.exc import DBAPIError, NoResultFound

Values = Mapping[str, Any]

NOTHING: Values = {}


class Prepared:
    """A statement of Core, or one for each dialect (upsert.both), ready to be executed.

    Rows are named tuples with the values that SQLAlchemy would give. An insert or update without
    columns of its own writes those that an execution names. Lists of unknown length cannot be
    bound. Errors: SQLAlchemy's, as if it had executed the statement itself.
    """

    def __init__(self, statement: Any) -> None:
        self._statement = statement
        self._texts: dict[tuple[str, ...], _Text] = {}
        self._by_columns = not isinstance(statement, Select)

    def all(self, conn: Connection, values: Values = NOTHING) -> list[Any]:
        """All rows."""
        return self._text(conn, values).rows(conn, values)

    def first(self, conn: Connection, values: Values = NOTHING) -> Any:
        """The first row; None if there is none."""
        return next(iter(self._text(conn, values).rows(conn, values)), None)

    def one(self, conn: Connection, values: Values = NOTHING) -> Any:
        """The first row. Errors: NoResultFound."""
        found = self.first(conn, values)
        if found is None:
            raise NoResultFound("a row was expected")
        return found

    def scalar(self, conn: Connection, values: Values = NOTHING) -> Any:
        """The first column of the first row; None if there is no row."""
        found = self.first(conn, values)
        return None if found is None else found[0]

    def run(self, conn: Connection, values: Values = NOTHING) -> int:
        """Execute what returns no rows; how many were written."""
        return self._text(conn, values).run(conn, values)

    def each(self, conn: Connection, rows: Sequence[Values]) -> None:
        """Execute what returns no rows for each of several values, all with the same names."""
        if rows:
            self._text(conn, rows[0]).each(conn, rows)

    def _text(self, conn: Connection, values: Values) -> _Text:
        dialect = conn.dialect
        key = (dialect.name, *values) if self._by_columns else (dialect.name,)
        found = self._texts.get(key)
        if found is None:
            several = isinstance(self._statement, Mapping)
            statement = self._statement[dialect.name] if several else self._statement
            found = self._texts[key] = _Text(statement, dialect, list(values))
        return found


Bind = tuple[str, str | None, Callable[[Any], Any] | None, Any]
"""A parameter: its name in the text, the value's name or None, what converts it, the constant."""


class _Text:
    """A statement as text for one driver, and how values become parameters and rows."""

    def __init__(self, statement: Any, dialect: Dialect, columns: list[str]) -> None:
        returned = statement.exported_columns.items()
        # Many or one: without it, PostgreSQL's text would return keys that nobody asked for.
        many = not returned
        compiled = statement.compile(dialect=dialect, column_keys=columns, for_executemany=many)
        self._sql = str(compiled)
        if "POSTCOMPILE" in self._sql:
            raise ValueError("a list of unknown length cannot be prepared")
        self._dialect = dialect
        self._positional = compiled.positional
        binds = compiled.positiontup if compiled.positional else list(compiled.binds)
        defaults = _defaults(compiled)
        self._binds = [_bind(name, compiled.binds[name], dialect, defaults) for name in binds]
        names = [name or "" for name, _ in returned]
        row: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]
        self._make: Callable[[Sequence[Any]], Any] = partial(tuple.__new__, row)
        self._converted = [
            (place, convert)
            for place, (_, one) in enumerate(returned)
            if (convert := one.type.dialect_impl(dialect).result_processor(dialect, None))
        ]

    def rows(self, conn: Connection, values: Values) -> list[Any]:
        try:
            found = _driver(conn).execute(self._sql, self._parameters(values)).fetchall()
        except self._driver_error as error:
            raise self._wrapped(error, values) from error
        make, converted = self._make, self._converted
        if not converted:
            return [make(row) for row in found]
        rows = []
        for row in found:
            columns = list(row)
            for place, convert in converted:
                if columns[place] is not None:
                    columns[place] = convert(columns[place])
            rows.append(make(columns))
        return rows

    def run(self, conn: Connection, values: Values) -> int:
        try:
            count: int = _driver(conn).execute(self._sql, self._parameters(values)).rowcount
        except self._driver_error as error:
            raise self._wrapped(error, values) from error
        return count

    def each(self, conn: Connection, rows: Sequence[Values]) -> None:
        try:
            _driver(conn).cursor().executemany(self._sql, [self._parameters(row) for row in rows])
        except self._driver_error as error:
            raise self._wrapped(error, rows[0]) from error

    def _parameters(self, values: Values) -> Any:
        found = [
            constant if name is None else values[name] if convert is None else convert(values[name])
            for _, name, convert, constant in self._binds
        ]
        if self._positional:
            return found
        return {bind[0]: value for bind, value in zip(self._binds, found, strict=True)}

    @property
    def _driver_error(self) -> type[Exception]:
        return self._dialect.loaded_dbapi.Error

    def _wrapped(self, error: Exception, values: Values) -> BaseException:
        return DBAPIError.instance(
            self._sql, dict(values), error, self._driver_error, dialect=self._dialect
        )


def _driver(conn: Connection) -> Any:
    return conn.connection.dbapi_connection


def _defaults(compiled: Any) -> Values:
    """What columns hold that a statement does not name; SQLAlchemy sets it when it executes."""
    columns = (*compiled.insert_prefetch, *compiled.update_prefetch)
    found = {column.key: column.default or column.onupdate for column in columns}
    if not all(default.is_scalar for default in found.values()):
        raise ValueError("a default that is reckoned anew each time cannot be prepared")
    return {key: default.arg for key, default in found.items()}


def _bind(name: str, bind: Any, dialect: Dialect, defaults: Values) -> Bind:
    convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
    if bind.required:
        return name, bind.key, convert, None
    constant = defaults.get(name, bind.effective_value)
    return name, None, None, constant if convert is None else convert(constant)
