"""The question "does the new policy allow what the old one does not" once more, as plain string theory.

Deliberately simple, and shares nothing with the product but the parsed policies: every part of a request is a string of
the solver's, every pattern a regular expression. Written as SMT-LIB text, so that more than one solver can read it.
Identity policies without policy variables and short ARNs; values of keys are texts, numbers or IPv4 addresses.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from ipaddress import ip_network

from analyzers.policy import Policy
from analyzers.policy.model import Condition, Effect, Patterns, SetQualifier, Statement
from analyzers.policy.operators import Family, OperatorRule, lookup
from analyzers.policy.pattern import Wildcard, tokens
from analyzers.policy.values import instant, number

MANY = {"aws:tagkeys": 4}
"""Multivalued keys, and how many elements are enough for the questions that are asked."""
NO_COLON = '(re.union (re.range "\\u{0}" "9") (re.range ";" "\\u{2ffff}"))'


def question(old: Policy, new: Policy) -> str:
    """SMT-LIB text that is satisfiable exactly if the new policy allows something that the old one does not."""
    keys = sorted({c.key.lower() for p in (old, new) for s in p.statements for c in s.conditions})
    lines = ["(set-logic ALL)", "(declare-const action String)", "(declare-const resource String)"]
    lines.append(f"(assert (str.in_re action (re.++ (re.+ {NO_COLON}) {COLON} (re.+ re.allchar))))")
    field = f"(re.* {NO_COLON})"
    arn = f'(re.++ (str.to_re "arn:") {" ".join([field, COLON] * 4)} re.all)'
    lines.append(f'(assert (or (= resource "*") (str.in_re resource {arn})))')
    for key in keys:
        lines += _declare(key)
    lines.append(f"(assert {_allowed(new)})")
    lines.append(f"(assert (not {_allowed(old)}))")
    return "\n".join([*lines, "(check-sat)"])


COLON = '(str.to_re ":")'


def _name(key: str) -> str:
    return f"|{key}|"


def _declare(key: str) -> list[str]:
    lines = [f"(declare-const |{key} present| Bool)"]
    for i in range(MANY.get(key, 0)):
        lines += [f"(declare-const |{key} {i}| String)", f"(declare-const |{key} in {i}| Bool)"]
        lines.append(f'(assert (=> |{key} in {i}| (not (= |{key} {i}| ""))))')
    if key in MANY:
        some = _or(f"|{key} in {i}|" for i in range(MANY[key]))
        lines.append(f"(assert (= |{key} present| {some}))")
    else:
        lines += [f"(declare-const |{key}| String)", f"(declare-const |{key} number| Real)"]
        lines += [f"(declare-const |{key} address| Int)", f"(assert (<= 0 |{key} address| 4294967295))"]
        lines.append(f"(declare-const |{key} six| Bool)")
    return lines


def _allowed(policy: Policy) -> str:
    allow = _or(_statement(s) for s in policy.statements if s.effect is Effect.ALLOW)
    deny = _or(_statement(s) for s in policy.statements if s.effect is Effect.DENY)
    return f"(and {allow} (not {deny}))"


def _statement(statement: Statement) -> str:
    assert statement.actions is not None
    assert statement.resources is not None
    parts = [_patterns(statement.actions, "action", fold=True), _patterns(statement.resources, "resource", fields=5)]
    return _and([*parts, *map(_condition, statement.conditions)])


def _patterns(patterns: Patterns, name: str, *, fold: bool = False, fields: int = 0) -> str:
    found = _or(
        "true" if text == "*" else f"(str.in_re {name} {_regex(text.lower() if fold else text, fields=fields)})"
        for text in patterns.values
    )
    return f"(not {found})" if patterns.negated else found


def _regex(text: str, *, wildcards: bool = True, fields: int = 0, fold: bool = False) -> str:
    parts, colons = ['(str.to_re "")'], 0
    for token in tokens(text, wildcards=wildcards, variables=True):
        inside = colons < fields
        if token is Wildcard.RUN:
            parts.append(f"(re.* {NO_COLON})" if inside else "re.all")
        elif token is Wildcard.ONE:
            parts.append(NO_COLON if inside else "re.allchar")
        else:
            assert isinstance(token, str), "no variables here"
            colons += token.count(":")
            parts += [_either_case(char) for char in token] if fold else [f"(str.to_re {_text(token)})"]
    return f"(re.++ {' '.join([*parts, parts[0]])})"


def _either_case(char: str) -> str:
    return f"(re.union (str.to_re {_text(char.lower())}) (str.to_re {_text(char.upper())}))"


def _text(value: str) -> str:
    return '"' + "".join(c if c.isalnum() or c in ":/-_.*? " else f"\\u{{{ord(c):x}}}" for c in value) + '"'


def _condition(condition: Condition) -> str:
    rule = lookup(condition.operator.name)
    assert rule is not None
    key = condition.key.lower()
    present = f"|{key} present|"
    if rule.family is Family.NULL:
        return _or(f"(not {present})" if value == "true" else present for value in condition.values)
    qualifier = condition.operator.qualifier
    if key in MANY:
        if qualifier is None:
            passes = "false"
        elif qualifier is SetQualifier.FOR_ANY_VALUE:
            passes = _or(_and([f"|{key} in {i}|", _value(condition, rule, f"|{key} {i}|")]) for i in range(MANY[key]))
        else:
            passes = _and(f"(=> |{key} in {i}| {_value(condition, rule, f'|{key} {i}|')})" for i in range(MANY[key]))
    else:
        passes = _value(condition, rule, _name(key))
        if qualifier and rule.family in {Family.STRING, Family.BOOL}:
            present = f'(and {present} (not (= {_name(key)} "")))'
    absent = condition.operator.if_exists or (
        rule.negated if qualifier is None else qualifier is SetQualifier.FOR_ALL_VALUES
    )
    return f"(ite {present} {passes} {'true' if absent else 'false'})"


def _value(condition: Condition, rule: OperatorRule, name: str) -> str:
    found = _or(_compare(rule, value, name) for value in condition.values)
    return f"(not {found})" if rule.negated else found


def _compare(rule: OperatorRule, value: str, name: str) -> str:
    if rule.family in {Family.NUMERIC, Family.DATE}:
        bound = number(value) if rule.family is Family.NUMERIC else instant(value)
        assert bound is not None
        sign = {"lt": "<", "le": "<=", "ge": ">=", "gt": ">"}.get(rule.comparison or "", "=")
        return f"({sign} {name[:-1]} number| {_real(bound)})"
    if rule.family is Family.IP:
        block = ip_network(value)
        low, high = int(block.network_address), int(block.broadcast_address)
        return f"(and (not {name[:-1]} six|) (<= {low} {name[:-1]} address| {high}))"
    if rule.family is Family.BOOL:
        return f"(str.in_re {name} {_regex(value, wildcards=False, fold=True)})"
    if rule.family is Family.ARN:
        return f"(str.in_re {name} {_regex(value, fields=5)})"
    return f"(str.in_re {name} {_regex(value, wildcards=rule.glob, fold=rule.ignore_case)})"


def _real(value: Fraction) -> str:
    top = f"{abs(value.numerator)}.0"
    text = top if value.denominator == 1 else f"(/ {top} {value.denominator}.0)"
    return f"(- {text})" if value < 0 else text


def _and(parts: Iterable[str]) -> str:
    return f"(and true {' '.join(parts)})"


def _or(parts: Iterable[str]) -> str:
    return f"(or false {' '.join(parts)})"


def ask_cvc5(text: str, seconds: float) -> bool | None:
    """Whether the text is satisfiable; None if cvc5 does not know within the limit."""
    import cvc5

    solver = cvc5.Solver(cvc5.TermManager())
    solver.setOption("strings-exp", "true")
    solver.setOption("tlimit-per", str(int(seconds * 1000)))
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "question")
    symbols, told = parser.getSymbolManager(), ""
    while not (command := parser.nextCommand()).isNull():
        told = command.invoke(solver, symbols) or told
    return {"sat": True, "unsat": False}.get(told.strip())


def ask_z3(text: str, seconds: float) -> bool | None:
    """The same of z3's strings."""
    import z3

    solver = z3.Solver()
    solver.set("timeout", int(seconds * 1000))
    solver.add(z3.parse_smt2_string(text.replace("(check-sat)", "")))
    answer = solver.check()
    return None if answer == z3.unknown else bool(answer == z3.sat)
