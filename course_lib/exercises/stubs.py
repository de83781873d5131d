"""Is it a stub? An answer with its ``...`` still in place is not wrong, it has not been attempted."""

from __future__ import annotations

import ast
import dis
import inspect
import textwrap
import types
from itertools import islice
from typing import Any

__all__ = ["has_placeholder", "is_stub", "stub_result"]

_IDLE = {"RESUME", "NOP", "POP_TOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "COPY_FREE_VARS"}


def is_stub(answer: Any) -> bool:
    """Whether the answer is ``...`` itself or a function whose body does nothing and returns nothing."""
    if answer is Ellipsis or answer is NotImplemented:
        return True
    code = getattr(inspect.unwrap(answer) if callable(answer) else answer, "__code__", None)
    if not isinstance(code, types.CodeType) or code.co_flags & inspect.CO_GENERATOR:
        return False
    steps = list(dis.get_instructions(code))
    idle = all(step.opname in _IDLE for step in steps)
    constants = {step.argval for step in steps if step.opname in ("LOAD_CONST", "RETURN_CONST")}
    return idle and constants <= {None, Ellipsis} and len(constants) > 0


def stub_result(value: Any) -> bool:
    """Whether a result is, or holds (among its first hundred entries), an Ellipsis."""
    if isinstance(value, tuple | list):
        return any(stub_result(entry) for entry in value[:100])
    if isinstance(value, dict):
        return any(stub_result(entry) for entry in islice(value.values(), 100))
    return value is Ellipsis or value is NotImplemented


def has_placeholder(answer: Any, *, as_value: bool = False) -> bool:
    """Whether ``...`` still stands in the code of a function or class (``x[..., 0]`` is not a placeholder).

    With ``as_value`` a ``...`` that stands on a line of its own beside other statements does not count:
    someone who leaves it under the docstring and writes the body below has attempted the exercise.
    """
    if isinstance(answer, type):  # a class typed into a notebook has no source, its methods have
        methods = [value for value in vars(answer).values() if inspect.isfunction(value)]
        return any(is_stub(method) or has_placeholder(method, as_value=as_value) for method in methods)
    if getattr(answer, "__name__", "") == "<lambda>":  # its source line may hold anything
        return _in_constants(getattr(answer, "__code__", None))
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(answer)))
    except Exception:  # no source: typed into exec
        return _in_constants(getattr(answer, "__code__", None))
    return _Placeholders(as_value).search(tree)


class _Placeholders(ast.NodeVisitor):
    def __init__(self, as_value: bool):
        self.as_value, self.found = as_value, False

    def search(self, tree: ast.AST) -> bool:
        self.visit(tree)
        return self.found

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        self.found = self.found or node.value is Ellipsis

    def visit_arguments(self, node: ast.arguments) -> None:
        """Annotations and defaults are not the answer's body."""

    def generic_visit(self, node: ast.AST) -> None:
        body = getattr(node, "body", None)
        if self.as_value and isinstance(body, list) and len(_without_docstring(body)) > 1:
            for child in ast.iter_child_nodes(node):
                if not (isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)):
                    self.visit(child)
        else:
            super().generic_visit(node)


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return body[1:] if text and isinstance(first.value.value, str) else body  # type: ignore[union-attr]


def _in_constants(code: types.CodeType | None) -> bool:
    return code is not None and any(
        constant is Ellipsis or (isinstance(constant, types.CodeType) and _in_constants(constant))
        for constant in code.co_consts
    )
