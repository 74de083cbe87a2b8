"""Generated policy documents: every element in every documented form."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from analyzers.policy.operators import RULES

texts = st.text(max_size=12)
some_texts = texts | st.lists(texts, min_size=1, max_size=3)
values = texts | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
operators = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "ForAllValues:", "foranyvalue:"]),
        st.sampled_from([rule.name for rule in RULES] + [rule.name.lower() for rule in RULES] + ["Unheard"]),
        st.sampled_from(["", "IfExists", "ifexists"]),
    ),
)
conditions = st.dictionaries(
    operators,
    st.dictionaries(texts, values | st.lists(values, min_size=1, max_size=3), max_size=3),
    max_size=3,
)
principals = st.just("*") | st.dictionaries(
    st.sampled_from(["AWS", "Service", "Federated", "CanonicalUser", "Martian"]), some_texts, min_size=1
)


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    negation = st.sampled_from(["", "Not"])
    elements: dict[str, Any] = {
        "Effect": draw(st.sampled_from(["Allow", "Deny"])),
        draw(negation) + "Action": draw(some_texts),
    }
    optional = {
        "Sid": texts,
        draw(negation) + "Resource": some_texts,
        draw(negation) + "Principal": principals,
        "Condition": conditions,
        "Novelty": values,
    }
    elements |= {name: draw(value) for name, value in optional.items() if draw(st.booleans())}
    return dict(draw(st.permutations(list(elements.items()))))


documents = st.fixed_dictionaries(
    {"Statement": statements() | st.lists(statements(), min_size=1, max_size=3)},
    optional={"Version": st.sampled_from(["2012-10-17", "2008-10-17"]), "Id": texts, "Comment": values},
)
