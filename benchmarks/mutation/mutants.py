"""The mutants: what mutmut makes of each function, one change at a time, and how one is put in place.

A mutant is one function compiled anew. Its code replaces that of the function wherever the function is referred to, so
nothing need be imported again and a forked process can hold one mutant each.
"""

from __future__ import annotations
import __future__

import ast
import difflib
import functools
import hashlib
import importlib
import importlib.util
import inspect
import random
import sys
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import libcst as cst
from mutmut.mutation.file_mutation import create_mutations

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "analyzers.reasoning"
EVALUATOR = ("matching", "decision", "hearing", "strength", "bucket_access", "acl")
ENCODER = ("symbolic", "conditions", "layers", "callers", "axioms")
FILES = (*EVALUATOR, *ENCODER)
SEED = 3


@dataclass(frozen=True)
class Mutant:
    """`function` by its qualified name, `source` as mutated, `number` among the mutants of the function.

    `key` stays the same as long as the function and the change do.
    """

    file: str
    function: str
    number: int
    key: str
    source: str
    original: str

    @property
    def place(self) -> str:
        return f"{self.file}.{self.function}"

    @property
    def name(self) -> str:
        return f"{self.place}#{self.number}"

    def diff(self) -> str:
        """The lines that differ."""
        lines = difflib.unified_diff(self.original.splitlines(), self.source.splitlines(), lineterm="", n=0)
        return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


class _Bare(cst.CSTTransformer):
    """Without caches: mutmut leaves decorated functions alone, and these are worth mutating."""

    def leave_Decorator(  # noqa: N802
        self, original_node: cst.Decorator, updated_node: cst.Decorator
    ) -> cst.Decorator | cst.RemovalSentinel:
        call = updated_node.decorator
        cache = isinstance(call, cst.Call) and isinstance(call.func, cst.Name) and call.func.value == "lru_cache"
        return cst.RemoveFromParent() if cache else updated_node


@functools.cache
def mutants_of(file: str) -> tuple[Mutant, ...]:
    """Every mutant of a file, in the order of the source; two changes with one result are one."""
    return tuple(_mutants_of(file))


def sample(file: str, share: float) -> tuple[Mutant, ...]:
    """The same part of a file's mutants each time."""
    every = mutants_of(file)
    chosen = set(random.Random(f"{SEED} {file}").sample(range(len(every)), round(len(every) * share)))
    return tuple(mutant for place, mutant in enumerate(every) if place in chosen)


def _mutants_of(file: str) -> Iterator[Mutant]:
    source = cst.parse_module((ROOT / PACKAGE.replace(".", "/") / f"{file}.py").read_text()).visit(_Bare()).code
    module, mutations, _, _ = create_mutations(f"{file}.py", source)
    names = _names(module)
    originals: dict[cst.FunctionDef, tuple[str, str]] = {}
    seen: set[str] = set()
    numbers: dict[str, int] = {}
    for mutation in mutations:
        function = mutation.contained_by_top_level_function
        if not isinstance(function, cst.FunctionDef) or function not in names:
            continue  # tables and constants of the module, which mutmut leaves alone too
        if function not in originals:
            code = textwrap.dedent(module.code_for_node(function))
            originals[function] = code, ast.dump(ast.parse(code))
        name, (original, meaning) = names[function], originals[function]
        mutated = function.deep_replace(mutation.original_node, mutation.mutated_node)
        changed = textwrap.dedent(module.code_for_node(mutated))  # type: ignore[arg-type]
        key = hashlib.sha256(f"{name}\n{original}\n{changed}".encode()).hexdigest()[:16]
        if key in seen or ast.dump(ast.parse(changed)) == meaning:
            continue
        seen.add(key)
        numbers[name] = numbers.get(name, 0) + 1
        yield Mutant(file, name, numbers[name], key, changed, original)


def _names(module: cst.Module) -> dict[cst.FunctionDef, str]:
    found: dict[cst.FunctionDef, str] = {}
    for node in module.body:
        if isinstance(node, cst.FunctionDef):
            found[node] = node.name.value
        elif isinstance(node, cst.ClassDef) and isinstance(node.body, cst.IndentedBlock):
            for inner in node.body.body:
                if isinstance(inner, cst.FunctionDef):
                    found[inner] = f"{node.name.value}.{inner.name.value}"
    return found


def function_of(module: ModuleType, name: str) -> FunctionType:
    """The plain function of that qualified name, without its decorators."""
    found: Any = module
    for part in name.split("."):
        found = inspect.getattr_static(found, part)
    while not isinstance(found, FunctionType):
        found = getattr(found, "__wrapped__", None) or found.__func__
    return found


def codes(mutants: Iterable[Mutant]) -> dict[CodeType, str]:
    """The code of every function that is mutated, with its place (`matching.all_of`)."""
    places = {(mutant.file, mutant.function): mutant.place for mutant in mutants}
    return {
        function_of(importlib.import_module(f"{PACKAGE}.{file}"), function).__code__: place
        for (file, function), place in places.items()
    }


def apply(mutant: Mutant, module: ModuleType | None = None) -> None:
    """Put the mutant in place of the function, and forget what caches hold."""
    module = module or importlib.import_module(f"{PACKAGE}.{mutant.file}")
    function = function_of(module, mutant.function)
    scope = dict(vars(module))
    tree = ast.parse(mutant.source)
    definition = tree.body[0]
    assert isinstance(definition, ast.FunctionDef)
    definition.decorator_list = []
    flags = __future__.annotations.compiler_flag
    exec(compile(tree, f"<{mutant.name}>", "exec", dont_inherit=True, flags=flags), scope)
    mutated = scope[definition.name]
    function.__code__ = mutated.__code__
    function.__defaults__, function.__kwdefaults__ = mutated.__defaults__, mutated.__kwdefaults__
    forget()


def forget() -> None:
    """Empty the caches of the functions that take part."""
    modules = [module for name, module in sys.modules.items() if name.startswith((PACKAGE, "analyzers.policy"))]
    for value in [value for module in modules for value in vars(module).values()]:
        if type(value) is functools._lru_cache_wrapper:
            value.cache_clear()


def read_with(mutant: Mutant) -> None:
    """Read the module with the mutant instead of the function, before anybody else does."""
    whole = f"{PACKAGE}.{mutant.file}"
    spec = importlib.util.find_spec(whole)
    assert spec is not None
    assert spec.origin is not None
    assert whole not in sys.modules
    tree = ast.parse(Path(spec.origin).read_text())
    body: list[ast.stmt] = tree.body
    *classes, name = mutant.function.split(".")
    for class_name in classes:
        body = next(node.body for node in body if isinstance(node, ast.ClassDef) and node.name == class_name)
    at = next(at for at, node in enumerate(body) if isinstance(node, ast.FunctionDef) and node.name == name)
    mutated = ast.parse(mutant.source).body[0]
    assert isinstance(mutated, ast.FunctionDef)
    mutated.decorator_list = body[at].decorator_list  # type: ignore[attr-defined]
    body[at] = mutated
    module = importlib.util.module_from_spec(spec)
    sys.modules[whole] = module
    exec(compile(tree, spec.origin, "exec"), vars(module))
    setattr(importlib.import_module(PACKAGE), mutant.file, module)
