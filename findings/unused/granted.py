"""Which actions of a service the policies of a principal allow, as unused access reads them."""

from __future__ import annotations

from analyzers.catalogue import Action, actions_of
from analyzers.inventory.holders import holder_rows, with_texts
from analyzers.kinds.unused import grants
from analyzers.models import Principal


def granted(arn: str, prefix: str) -> list[Action]:
    """All of the service's actions, if the principal or one of its policies is not known."""
    every = list(actions_of(prefix))
    rows = holder_rows(list(Principal.objects.filter(arn=arn).values_list("pk", flat=True)))
    texts = [policy.text for holder in with_texts(rows) for policy in holder.policies]
    if not texts:
        return every
    held = [grants.grants_of(text) for text in texts if text is not None]
    if len(held) < len(texts) or any(one.problem for one in held):
        return every
    allowed = grants.less(grants.join(one.allowed for one in held), grants.join(one.denied for one in held))
    names = set(grants.split(prefix, allowed.get(prefix, 0)))
    return [one for one in every if one.full_name in names]
