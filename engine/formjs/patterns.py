"""Patterns of text fields, matched in time proportional to the text.

form-js takes any JavaScript regular expression, and a careless one can keep a backtracking matcher
busy for ever. So a subset is read here into a small machine that follows all ways at once:
literals, `.`, escapes, classes, groups, `|`, `^`, `$`, `?`, `*`, `+`, `{n,m}`. It means what
JavaScript means: found anywhere in the text unless anchored, `\\d` and `\\w` in ASCII.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

LONGEST = 200
"""Characters of a pattern."""
STATES = 600
"""States of the machine; repetitions are written out."""
_DEPTH = 20

Test = Callable[[str], bool]


class PatternRefused(ValueError):
    """A pattern outside the subset; str() is a Chinese clause that says what is not supported."""


@dataclass(frozen=True, slots=True)
class _State:
    """One state: `test` for a character, "^" or "$" for an anchor, None for a free way."""

    test: Test | str | None
    out: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A read pattern; `source` is as written in the form."""

    source: str
    states: tuple[_State, ...]
    start: int
    accept: int

    def found(self, text: str) -> bool:
        """Whether the pattern is found in the text."""
        current: set[int] = set()
        for position in range(len(text) + 1):
            self._enter(current, self.start, position, len(text))
            if self.accept in current:
                return True
            if position == len(text):
                return False
            after: set[int] = set()
            for number in current:
                state = self.states[number]
                if callable(state.test) and state.test(text[position]):
                    for out in state.out:
                        self._enter(after, out, position + 1, len(text))
            current = after
        return False

    def _enter(self, into: set[int], number: int, position: int, length: int) -> None:
        waiting = [number]
        while waiting:
            number = waiting.pop()
            if number in into:
                continue
            state = self.states[number]
            if (state.test == "^" and position) or (state.test == "$" and position != length):
                continue
            into.add(number)
            if not callable(state.test):
                waiting.extend(state.out)


def read(source: str) -> Pattern:
    """The machine of a pattern; PatternRefused says in Chinese what it may not contain."""
    if len(source) > LONGEST:
        raise PatternRefused(f"超过{LONGEST}个字符")
    reader = _Reader(source)
    tree = reader.alternatives(0)
    if reader.at < len(source):
        raise PatternRefused("括号不成对")
    builder = _Builder()
    accept = builder.add(None, ())
    start = builder.build(tree, accept)
    return Pattern(source, tuple(builder.states), start, accept)


# ("test", f) | ("anchor", c) | ("all", trees) | ("any", trees) | ("repeat", tree, low, high)
_Tree = tuple[object, ...]


class _Builder:
    def __init__(self) -> None:
        self.states: list[_State] = []
        self.work = 0

    def add(self, test: Test | str | None, out: tuple[int, ...]) -> int:
        if len(self.states) >= STATES:
            raise PatternRefused("重复次数太多或太长")
        self.states.append(_State(test, out))
        return len(self.states) - 1

    def build(self, tree: _Tree, after: int) -> int:
        """The state to start from so as to match the tree and go on at `after`."""
        self.work += 1
        if self.work > 10 * STATES:  # repetitions of nothing add no states
            raise PatternRefused("重复次数太多或太长")
        match tree:
            case ("test" | "anchor", test):
                return self.add(test, (after,))  # type: ignore[arg-type]
            case ("all", list(parts)):
                for part in reversed(parts):
                    after = self.build(part, after)
                return after
            case ("any", list(parts)):
                return self.add(None, tuple(self.build(part, after) for part in parts))
            case ("repeat", tuple(part), int(low), high):
                if high is None:
                    loop = self.add(None, ())
                    body = self.build(part, loop)
                    self.states[loop] = _State(None, (body, after))
                    after = loop
                else:
                    end = after
                    for _ in range(int(str(high)) - low):
                        after = self.add(None, (self.build(part, after), end))
                for _ in range(low):
                    after = self.build(part, after)
                return after
        raise AssertionError(tree)


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0

    def peek(self) -> str:
        return self.source[self.at : self.at + 1]

    def take(self) -> str:
        if self.at >= len(self.source):
            raise PatternRefused("没有写完")
        self.at += 1
        return self.source[self.at - 1]

    def alternatives(self, depth: int) -> _Tree:
        if depth > _DEPTH:
            raise PatternRefused("括号嵌套太深")
        parts = [self.sequence(depth)]
        while self.peek() == "|":
            self.take()
            parts.append(self.sequence(depth))
        return ("any", parts) if len(parts) > 1 else parts[0]

    def sequence(self, depth: int) -> _Tree:
        parts: list[_Tree] = []
        while self.peek() not in ("", "|", ")"):
            parts.append(self.repeated(self.atom(depth)))
        return ("all", parts)

    def atom(self, depth: int) -> _Tree:
        char = self.take()
        if char == "(":
            if self.peek() == "?" and self.source[self.at : self.at + 2] != "?:":
                raise PatternRefused("不支持以“(?”开头的写法（如前后断言、命名分组）")
            if self.peek() == "?":
                self.at += 2
            tree = self.alternatives(depth + 1)
            if self.peek() != ")":
                raise PatternRefused("括号不成对")
            self.take()
            return tree
        if char in "^$":
            return ("anchor", char)
        if char == "[":
            return ("test", self.klass())
        if char == ".":
            return ("test", lambda c: c not in "\n\r\u2028\u2029")
        if char == "\\":
            return ("test", self.escape())
        if char in "*+?{}]":
            raise PatternRefused(f"“{char}”的位置不对，要匹配这个字符请写成“\\{char}”")
        return ("test", _is(char))

    def repeated(self, tree: _Tree) -> _Tree:
        char = self.peek()
        if char not in ("*", "+", "?", "{"):
            return tree
        if tree[0] == "anchor":
            raise PatternRefused("“^”和“$”不能重复")
        self.take()
        low, high = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(char, (0, None))
        if char == "{":
            low, high = self.bounds()
        if self.peek() == "?":
            self.take()  # lazy or greedy is the same when only asked whether it is found
        if self.peek() in ("*", "+", "?", "{") and self.peek():
            raise PatternRefused("重复符号不能连用")
        return ("repeat", tree, low, high)

    def bounds(self) -> tuple[int, int | None]:
        end = self.source.find("}", self.at)
        low, comma, high = self.source[self.at : max(end, self.at)].partition(",")
        numbers = [low, high] if high else [low]
        if end < 0 or not all(n.isascii() and n.isdigit() and len(n) <= 3 for n in numbers):
            raise PatternRefused("“{ }”中应为次数，如“{18}”或“{1,4}”")
        self.at = end + 1
        top = int(high) if high else None if comma else int(low)
        if top is not None and top < int(low):
            raise PatternRefused("“{ }”中的次数前大后小")
        return int(low), top

    def escape(self) -> Test:
        char = self.take()
        if char in _CLASSES:
            return _CLASSES[char]
        if char in _CONTROLS:
            return _is(_CONTROLS[char])
        if char == "u":
            digits = self.source[self.at : self.at + 4]
            if len(digits) == 4 and all(d in "0123456789abcdefABCDEF" for d in digits):
                self.at += 4
                return _is(chr(int(digits, 16)))
        if char.isalnum():
            raise PatternRefused(f"不支持“\\{char}”")
        return _is(char)

    def klass(self) -> Test:
        negated = self.peek() == "^"
        if negated:
            self.take()
        tests: list[Test] = []
        while self.peek() != "]":
            first = self.member()
            if self.peek() == "-" and self.source[self.at + 1 : self.at + 2] not in ("]", ""):
                self.take()
                last = self.member()
                if not isinstance(first, str) or not isinstance(last, str) or first > last:
                    raise PatternRefused("“[ ]”中的范围不对")
                tests.append(_between(first, last))
            else:
                tests.append(_is(first) if isinstance(first, str) else first)
        self.take()
        return lambda c: any(test(c) for test in tests) is not negated

    def member(self) -> str | Test:
        """One character of a class, or an escaped class."""
        char = self.take()
        if char != "\\":
            return char
        start = self.at
        test = self.escape()
        written = self.source[start : self.at]
        if written in _CLASSES:
            return test
        if written in _CONTROLS:
            return _CONTROLS[written]
        return chr(int(written[1:], 16)) if len(written) == 5 else written


def _is(char: str) -> Test:
    return lambda c: c == char


def _between(first: str, last: str) -> Test:
    return lambda c: first <= c <= last


def _digit(char: str) -> bool:
    return "0" <= char <= "9"


def _word(char: str) -> bool:
    return (char.isascii() and char.isalnum()) or char == "_"


_CLASSES: dict[str, Test] = {
    "d": _digit,
    "D": lambda c: not _digit(c),
    "w": _word,
    "W": lambda c: not _word(c),
    "s": str.isspace,
    "S": lambda c: not c.isspace(),
}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}
