"""The part of FEEL that conditions of forms use, read strictly and evaluated with its null logic.

Literals, names, lists, `and`, `or`, `not(…)`, `= != < <= > >=`, `in` lists, tests and ranges,
`between … and …`, `if … then … else …`, and the functions of `FUNCTIONS`. Anything else is refused
when the form is read. As in FEEL, a comparison that makes no sense is null, not false.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

LONGEST = 1000
"""Characters of an expression."""
_DEPTH = 30


class FeelRefused(ValueError):
    """An expression outside the subset; str() is a Chinese clause that says what is wrong."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A read expression: `op` with its parts; leaves have a `value` (op "literal" or "name")."""

    op: str
    parts: tuple[Expression, ...] = ()
    value: Any = None

    def names(self) -> frozenset[str]:
        """The names that it reads."""
        own = frozenset({self.value}) if self.op == "name" else frozenset()
        return own.union(*(part.names() for part in self.parts))

    def compared(self) -> Iterator[tuple[str, Any]]:
        """Every pair of a name and a literal that are compared for equality."""
        if self.op in ("=", "!=", "in"):
            left, *others = self.parts
            if left.op == "literal" and len(others) == 1:
                left, others = others[0], [left]
            for other in others:
                for leaf in other.parts if other.op in ("list", "tests") else (other,):
                    if left.op == "name" and leaf.op == "literal":
                        yield left.value, leaf.value
        for part in self.parts:
            yield from part.compared()

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether it is true, not false or null, for these values; a missing one is null."""
        return _evaluate(self, values) is True


_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d+)?(?![\w]|\.\d))
    | (?P<string>"(?:[^"\\]|\\["\\nrt]|\\u[0-9a-fA-F]{4})*")
    | (?P<op>\.\.|!=|<=|>=|[=<>()\[\],-])
    | (?P<function>(?:list[ ]contains|starts[ ]with|ends[ ]with|string[ ]length)(?=\s*\())
    | (?P<name>[^\W\d]\w*)
    )""",
    re.VERBOSE,
)
_WORDS = {"and", "or", "in", "between", "if", "then", "else"}
_CONSTANTS = {"true": True, "false": False, "null": None}
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")


def read(text: str) -> Expression:
    """The expression of `text` (without the leading "="); FeelRefused says what is wrong."""
    if len(text) > LONGEST:
        raise FeelRefused(f"超过{LONGEST}个字符")
    reader = _Reader(list(_tokens(text)))
    expression = reader.expression(0)
    if reader.peek():
        raise FeelRefused(f"不认识“{reader.peek()}”及其后的内容")
    return expression


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if not found or not found.lastgroup:
            raise FeelRefused(f"不认识“{text[at:].strip()[:20]}”")
        yield found.lastgroup, found[found.lastgroup]
        at = found.end()


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.at = 0

    def peek(self) -> str:
        """The next token as written, "" at the end; a string never looks like an operator."""
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def accept(self, *texts: str) -> str:
        if self.peek() in texts and self.peek():
            self.at += 1
            return self.tokens[self.at - 1][1]
        return ""

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise FeelRefused(f"“{self.peek() or '末尾'}”之前缺少“{text}”")

    def expression(self, depth: int) -> Expression:
        if depth > _DEPTH:
            raise FeelRefused("嵌套太深")
        if self.accept("if"):
            condition = self.expression(depth + 1)
            self.expect("then")
            yes = self.expression(depth + 1)
            self.expect("else")
            return Expression("if", (condition, yes, self.expression(depth + 1)))
        return self.joined("or", depth)

    def joined(self, word: str, depth: int) -> Expression:
        def part() -> Expression:
            return self.joined("and", depth) if word == "or" else self.comparison(depth)

        parts = [part()]
        while self.accept(word):
            parts.append(part())
        return Expression(word, tuple(parts)) if len(parts) > 1 else parts[0]

    def comparison(self, depth: int) -> Expression:
        left = self.operand(depth)
        if op := self.accept(*_COMPARISONS):
            return Expression(op, (left, self.operand(depth)))
        if self.accept("between"):
            low = self.operand(depth)
            self.expect("and")
            return Expression("[..]", (left, low, self.operand(depth)))
        if self.accept("in"):
            return self.membership(left, depth)
        return left

    def membership(self, left: Expression, depth: int) -> Expression:
        opening = self.peek()
        if opening not in ("(", "["):
            return Expression("in", (left, self.operand(depth)))
        self.at += 1
        items = [] if self.peek() == "]" else [self.expression(depth + 1)]
        if len(items) == 1 and self.accept(".."):
            high = self.expression(depth + 1)
            closing = self.accept(")", "]", "[")
            if not closing:
                raise FeelRefused("范围没有写完")
            op = f"{opening}..{']' if closing == ']' else ')'}"
            return Expression(op, (left, items[0], high))
        while self.accept(","):
            items.append(self.expression(depth + 1))
        self.expect(")" if opening == "(" else "]")
        kind = "tests" if opening == "(" else "list"
        return Expression("in", (left, Expression(kind, tuple(items))))

    def operand(self, depth: int) -> Expression:
        if self.at >= len(self.tokens):
            raise FeelRefused("没有写完")
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return Expression("literal", value=float(text) if "." in text else int(text))
        if kind == "string":
            return Expression("literal", value=_unquoted(text))
        if kind == "function":
            return self.call(text, depth)
        if kind == "name" and text not in _WORDS:
            if text in _CONSTANTS:
                return Expression("literal", value=_CONSTANTS[text])
            if self.peek() == "(":
                return self.call(text, depth)
            return Expression("name", value=text)
        if text == "-" and self.at < len(self.tokens) and self.tokens[self.at][0] == "number":
            return Expression("literal", value=-self.operand(depth).value)
        if text == "(":
            inner = self.expression(depth + 1)
            self.expect(")")
            return inner
        if text == "[":
            items: list[Expression] = []
            while self.peek() != "]" and (not items or self.accept(",")):
                items.append(self.expression(depth + 1))
            self.expect("]")
            return Expression("list", tuple(items))
        raise FeelRefused(f"“{text}”的位置不对")

    def call(self, name: str, depth: int) -> Expression:
        if name not in FUNCTIONS:
            raise FeelRefused(f"没有函数“{name}”，可用：{'、'.join(FUNCTIONS)}")
        self.expect("(")
        arguments = [self.expression(depth + 1)]
        while self.accept(","):
            arguments.append(self.expression(depth + 1))
        self.expect(")")
        count, _ = FUNCTIONS[name]
        if len(arguments) != count:
            raise FeelRefused(f"函数“{name}”应有{count}个参数")
        return Expression(name, tuple(arguments))


def _unquoted(text: str) -> str:
    plain = {"n": "\n", "r": "\r", "t": "\t"}

    def replaced(match: re.Match[str]) -> str:
        body = match[1]
        return chr(int(body[1:], 16)) if len(body) == 5 else plain.get(body, body)

    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", replaced, text[1:-1])


def _kind(value: Any) -> str:
    for kind, types in (("boolean", bool), ("number", (int, float)), ("string", str)):
        if isinstance(value, types):
            return kind
    return "list" if isinstance(value, list) else "null"


def _equal(left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return left is right
    return bool(left == right) if _kind(left) == _kind(right) else None


def _less(left: Any, right: Any, *, or_equal: bool) -> bool | None:
    if _kind(left) != _kind(right) or _kind(left) not in ("number", "string"):
        return None
    return bool(left <= right) if or_equal else bool(left < right)


def _and(results: Iterator[Any]) -> bool | None:
    seen = [result if isinstance(result, bool) else None for result in results]
    return False if False in seen else None if None in seen else True


def _or(results: Iterator[Any]) -> bool | None:
    return _not(_and(_not(result) for result in results))


def _not(value: Any) -> bool | None:
    return not value if isinstance(value, bool) else None


def _within(op: str, value: Any, low: Any, high: Any) -> bool | None:
    ends = (
        _less(low, value, or_equal=op[0] == "["),
        _less(value, high, or_equal=op[-1] == "]"),
    )
    return _and(iter(ends))


def _member(value: Any, among: Any) -> bool | None:
    if not isinstance(among, list):
        return _equal(value, among)
    return any(
        _equal(value, item) is True or (isinstance(item, list) and _member(value, item))
        for item in among
    )


def _of_strings(test: Callable[[str, str], bool]) -> Callable[[Any, Any], bool | None]:
    def tested(left: Any, right: Any) -> bool | None:
        both = isinstance(left, str) and isinstance(right, str)
        return test(left, right) if both else None

    return tested


FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "not": (1, _not),
    "contains": (2, _of_strings(lambda text, part: part in text)),
    "starts with": (2, _of_strings(str.startswith)),
    "ends with": (2, _of_strings(str.endswith)),
    "list contains": (2, lambda among, v: _member(v, among) if isinstance(among, list) else None),
    "count": (1, lambda among: len(among) if isinstance(among, list) else None),
    "string length": (1, lambda text: len(text) if isinstance(text, str) else None),
}
"""The functions that an expression may call, each with the number of its arguments."""


def _evaluate(expression: Expression, values: Mapping[str, Any]) -> Any:
    op, parts = expression.op, expression.parts
    if op == "literal":
        return expression.value
    if op == "name":
        return values.get(expression.value)
    if op == "if":
        chosen = parts[1] if _evaluate(parts[0], values) is True else parts[2]
        return _evaluate(chosen, values)
    results = [_evaluate(part, values) for part in parts]
    if op in ("list", "tests"):
        return results
    if op == "and":
        return _and(iter(results))
    if op == "or":
        return _or(iter(results))
    if op == "=":
        return _equal(*results)
    if op == "!=":
        return _not(_equal(*results))
    if op in ("<", "<="):
        return _less(*results, or_equal=op == "<=")
    if op in (">", ">="):
        return _less(results[1], results[0], or_equal=op == ">=")
    if op == "in":
        return _member(*results)
    if ".." in op:
        return _within(op, *results)
    return FUNCTIONS[op][1](*results)
