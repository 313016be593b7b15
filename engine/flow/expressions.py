"""The expression language of the diagrams: `${…}` around a subset of Python over JSON values.

Every place that evaluates (conditions, timers, multi-instance, in and out mappings, decision
inputs, the unit of a lane) comes here. Nothing is handed to Python's own evaluation: the text is
parsed to a syntax tree, the tree is checked against an allow-list when the definitions are read,
and walked by the functions below. Sizes are bounded, because a diagram is uploaded by people.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from engine.flow.instants import ZONE, instant, natural
from engine.flow.model import Json, Refused, World
from engine.flow.slips import slip

LONGEST_TEXT = 1_000
DEEPEST = 40
LARGEST_NUMBER = 10**15
LARGEST_VALUE = 10_000
"""Characters in a string or members of a list that an expression may make."""

CONSTANTS: Mapping[str, Json] = {"true": True, "false": False, "null": None}

OF_UNIT: Mapping[str, str] = {
    "kind_of": "kind",
    "level_of": "level",
    "superior_of": "superior",
    "authority_of": "authority",
    "centre_of": "centre",
}
"""The functions that tell something of a unit, and where it stands in the answer."""

FUNCTIONS = frozenset(OF_UNIT) | frozenset(
    ["now", "workdays", "days", "extend", "leg", "len", "without", "min", "max", "abs", "round"]
)


ASKING = frozenset({"workdays", "extend", *OF_UNIT})
"""The functions whose answers come from outside, and are kept as readings."""


class ExpressionError(Exception):
    """An expression that cannot be read; str() is a Chinese sentence saying what to write."""


class Expression:
    """A checked expression; it reads the variables `names` and calls the functions `functions`."""

    __slots__ = ("functions", "names", "text", "tree")

    def __init__(self, text: str, tree: ast.expr) -> None:
        self.text = text
        self.tree = tree
        # A name is a function's only where it is called: variables may be named alike.
        called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        self.names = frozenset(
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and id(node) not in called and node.id not in CONSTANTS
        )
        self.functions = frozenset(
            node.func.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        )

    def value(self, values: Mapping[str, Json], world: World | None = None) -> Json:
        """The expression's value; Refused("expression") when it has none."""
        try:
            return _Walk(values, world).visit(self.tree)
        except Refused:
            raise
        except _Wrong as wrong:
            raise Refused("expression", expression=self.text, problem=str(wrong)) from None
        except (TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
            raise Refused("expression", expression=self.text, problem=str(error)) from error


class _Wrong(Exception):
    pass


_BRACES = re.compile(r"\s*\$\{(.*)\}\s*", re.DOTALL)
_PIECES = re.compile(
    r"""(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
    r"""|(?<!\w)\d[\d.]*+(?:[eE][+-]?\d++)?+(?P<glued>[^\W\d])"""
    r"""|(?P<both>&&)|(?P<either>\|\|)|(?P<differs>!=)|(?P<not>!)|(?P<tilde>~)"""
)


def _stock_spelling(text: str) -> str:
    """`&&`, `||` and `!` of Camunda's language, outside strings, as this language has them."""

    def replace(match: re.Match[str]) -> str:
        match match.lastgroup:
            case "both":
                return " and "
            case "either":
                return " or "
            case "not":
                return "~"  # binds as tightly as `!` does; checked below to be a negation
            case "glued":  # Python reads `1if` and `0x1`, and warns
                why = slip(text[match.start() :]) or f"“{match.group()}”要分开写"
                raise ExpressionError(f"表达式写得不对：{why}")
            case "tilde":
                raise ExpressionError("表达式里不能用“~”")
        return match.group()

    return _PIECES.sub(replace, text)


@lru_cache(maxsize=4_096)
def read(text: str) -> Expression:
    """The expression in `${…}`; ExpressionError says in Chinese what is wrong with it."""
    match = _BRACES.fullmatch(text)
    if match is None:
        raise ExpressionError("表达式要写成 ${…} 的形式")
    return read_bare(match.group(1))


@lru_cache(maxsize=4_096)
def read_bare(text: str) -> Expression:
    """The same without the braces, as in the input of a decision table."""
    text = text.strip()
    if len(text) > LONGEST_TEXT:
        raise ExpressionError(f"表达式太长，最多{LONGEST_TEXT}个字符")
    try:
        tree = ast.parse(_stock_spelling(text), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError(f"表达式写得不对：{slip(text) or text}") from None
    _check(tree)
    return Expression(text, tree)


def read_value(text: str) -> Expression:
    """`${…}`, or a bare text that stands for itself, as Camunda reads attributes."""
    if "${" in text or "#{" in text:
        return read(text)
    return Expression(text, ast.Constant(text))


_PLAIN = (
    ast.Expression,
    ast.Load,
    ast.And,
    ast.Or,
    ast.Not,
    ast.Invert,
    ast.USub,
    ast.UAdd,
    ast.BoolOp,
    ast.UnaryOp,
    ast.IfExp,
)
_ARITHMETIC: Mapping[type[ast.operator], Callable[[Json, Json], Json]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Json, Json], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}


def _check(tree: ast.expr) -> None:
    """Refuses every kind of node that is not in the language, and trees too deep to walk."""
    level: list[ast.AST] = [tree]
    for _ in range(DEEPEST):
        for node in level:
            _check_node(node)
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return
    raise ExpressionError("表达式嵌套太深")


def _check_node(node: ast.AST) -> None:
    if isinstance(node, _PLAIN):
        return
    match node:
        case ast.Constant(value=value) if value is None or isinstance(value, bool | int | float):
            if isinstance(value, int | float) and not abs(value) <= LARGEST_NUMBER:
                raise ExpressionError("表达式里的数太大")
        case ast.Constant(value=str(), kind=None):
            pass
        case ast.Name() | ast.List():
            pass
        case ast.Dict(keys=keys):
            texts = [key.value for key in keys if isinstance(key, ast.Constant)]
            if len(texts) < len(keys) or not all(isinstance(text, str) for text in texts):
                raise ExpressionError("字典的键只能是字符串")
        case ast.BinOp(op=op) if type(op) in _ARITHMETIC:
            pass
        case ast.operator() if type(node) in _ARITHMETIC:
            pass
        case ast.Compare(ops=ops) if all(type(op) in _COMPARISONS for op in ops):
            pass
        case ast.cmpop() if type(node) in _COMPARISONS:
            pass
        case ast.Subscript(slice=ast.Slice() | ast.Tuple()):
            raise ExpressionError("表达式里不能取片段，只能取一项")
        case ast.Subscript():
            pass
        case ast.Call(func=ast.Name(id=name), keywords=[]) if name in FUNCTIONS:
            pass
        case ast.Call(func=ast.Name(id=name)):
            raise ExpressionError(f"表达式里没有函数“{name}”")
        case ast.Attribute(attr=name):
            raise ExpressionError(f"表达式里不能用“.{name}”，取一项请写 变量['{name}']")
        case _:
            raise ExpressionError("表达式里用了不支持的写法")


class _Walk:
    """Walks a checked tree; a kind of node without a method here has no meaning."""

    def __init__(self, values: Mapping[str, Json], world: World | None) -> None:
        self.values = values
        self.world = world

    def visit(self, node: ast.AST) -> Json:
        method = _METHODS.get(type(node))
        if method is None:
            raise _Wrong(f"不支持 {type(node).__name__}")
        return method(self, node)

    def visit_Constant(self, node: ast.Constant) -> Json:
        return node.value

    def visit_Name(self, node: ast.Name) -> Json:
        if node.id in self.values:
            return self.values[node.id]
        if node.id in CONSTANTS:
            return CONSTANTS[node.id]
        raise _Wrong(f"没有变量“{node.id}”")

    def visit_BoolOp(self, node: ast.BoolOp) -> bool:
        # Both must be true or false: `${a or b}` as a default value would hide what is missing.
        if isinstance(node.op, ast.And):
            return all(self._truth(value) for value in node.values)
        return any(self._truth(value) for value in node.values)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Json:
        if isinstance(node.op, ast.Not | ast.Invert):
            return not self._truth(node.operand)
        value = _number(self.visit(node.operand))
        return -value if isinstance(node.op, ast.USub) else value

    def visit_IfExp(self, node: ast.IfExp) -> Json:
        return self.visit(node.body if self._truth(node.test) else node.orelse)

    def visit_Compare(self, node: ast.Compare) -> bool:
        left = self.visit(node.left)
        for op, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.visit(right_node)
            if isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE):
                _comparable(left, right)
            # To Python True is 1; to JSON it is not.
            elif isinstance(op, ast.Eq | ast.NotEq) and isinstance(left, bool) != isinstance(
                right, bool
            ):
                if isinstance(op, ast.Eq):
                    return False
                left = right
                continue
            if not _COMPARISONS[type(op)](left, right):
                return False
            left = right
        return True

    def visit_BinOp(self, node: ast.BinOp) -> Json:
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.Add) and type(left) is type(right) and type(left) in (str, list):
            return _small(left + right)
        return _bounded(_ARITHMETIC[type(node.op)](_number(left), _number(right)))

    def visit_List(self, node: ast.List) -> Json:
        return [self.visit(item) for item in node.elts]

    def visit_Dict(self, node: ast.Dict) -> Json:
        return {
            key.value: self.visit(value)
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ast.Constant)
        }

    def visit_Subscript(self, node: ast.Subscript) -> Json:
        whole, key = self.visit(node.value), self.visit(node.slice)
        if isinstance(whole, dict) and isinstance(key, str):
            if key not in whole:
                raise _Wrong(f"没有“{key}”这一项")
            return whole[key]
        if isinstance(whole, list) and isinstance(key, int) and not isinstance(key, bool):
            if not -len(whole) <= key < len(whole):
                raise _Wrong(f"列表没有第{key}项")
            return whole[key]
        raise _Wrong("只能从列表或字典里取一项")

    def visit_Call(self, node: ast.Call) -> Json:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        arguments = [self.visit(argument) for argument in node.args]
        match name, arguments:
            case "now", []:
                return self._ask().now().astimezone(ZONE).isoformat()
            case "workdays", [str(start), int(days)] if not isinstance(days, bool):
                return self._ask().workdays(instant(start), days)
            case "days", [str(start), int(days)] if not isinstance(days, bool):
                return natural(instant(start), days)
            case "extend", [str(due), int(days)] if not isinstance(days, bool):
                at = instant(due)
                return due if days == 0 else self._ask().extend(at, days)
            case "leg", []:
                return self._ask().standing_leg()
            case _, [str(unit)] if name in OF_UNIT:
                return self._ask().unit(unit)[OF_UNIT[name]]
            case "len", [str() | list() | dict() as value]:
                return len(value)
            case "without", [list(members), left_out]:
                return [member for member in members if member != left_out]
            case "min" | "max", [list(members)] if members:
                return _extreme(name, members)
            case "min" | "max", [_, _, *_]:
                return _extreme(name, arguments)
            case "abs", [value]:
                return abs(_number(value))
            case "round", [value]:
                return round(_number(value))
            case "round", [value, int(digits)] if 0 <= digits <= 9 and not isinstance(digits, bool):
                return round(_number(value), digits)
        raise _Wrong(f"函数“{name}”的参数不对")

    def _ask(self) -> World:
        if self.world is None:
            raise _Wrong("这里不能用时间")
        return self.world

    def _truth(self, node: ast.expr) -> bool:
        value = self.visit(node)
        if not isinstance(value, bool):
            raise _Wrong("条件要得出“是”或“否”")
        return value


_METHODS: Mapping[type[ast.AST], Callable[[_Walk, Any], Json]] = {
    getattr(ast, name.removeprefix("visit_")): method
    for name, method in vars(_Walk).items()
    if name.startswith("visit_")
}


def _number(value: Json) -> Json:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Wrong("只有数能计算")
    return value


def _bounded(value: Json) -> Json:
    if not math.isfinite(value) or abs(value) > LARGEST_NUMBER:
        raise _Wrong("得出的数太大")
    return value


def _small(value: Json) -> Json:
    if len(value) > LARGEST_VALUE:
        raise _Wrong("得出的内容太长")
    return value


def _comparable(left: Json, right: Json) -> None:
    if isinstance(left, str) and isinstance(right, str):
        return
    _number(left)
    _number(right)


def _extreme(name: str, members: list[Json]) -> Json:
    bounds = [member for member in members if member is not None]  # null is no bound
    for bound in bounds:
        _comparable(bounds[0], bound)
    if not bounds:
        return None
    return min(bounds) if name == "min" else max(bounds)
