"""Address blocks of conditions. aws:SourceIp is the public address of a caller.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceip
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network

from analyzers.policy import values
from analyzers.policy.errors import quote
from analyzers.policy.operators import Family

from .condition_keys import lines
from .document import Document, Line, Text
from .rule import Found, Rule, found
from .values import FindingType

_PRIVATE4 = tuple(IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_PRIVATE6 = (IPv6Network("fc00::/7"),)


def _is_private(block: IPv4Network | IPv6Network) -> bool:
    if isinstance(block, IPv4Network):
        return any(block.subnet_of(private) for private in _PRIVATE4)
    return any(block.subnet_of(private) for private in _PRIVATE6)


def _lines(document: Document, *, negated: bool, all_private: bool) -> Iterator[tuple[Line, list[Text]]]:
    """Conditions on aws:SourceIp with their private blocks: all of the blocks, or only some."""
    for line in lines(document):
        if line.lower != "aws:sourceip" or line.family is not Family.IP or line.negated != negated:
            continue
        blocks = [(value, block) for value in line.values if (block := values.network(value.value))]
        private = [value for value, block in blocks if _is_private(block)]
        if private and (len(private) == len(blocks)) == all_private:
            yield line, private


def private_ip_address(document: Document) -> Iterator[Found]:
    for line, _ in _lines(document, negated=False, all_private=True):
        yield found(
            "aws:SourceIp is the public address of the caller; with only private ones this never matches. Give public "
            "addresses, or use aws:VpcSourceIp together with aws:SourceVpc.",
            line.path,
        )


def private_not_ip_address(document: Document) -> Iterator[Found]:
    for line, _ in _lines(document, negated=True, all_private=True):
        yield found(
            "aws:SourceIp is the public address of the caller; with only private ones this always matches. Give public "
            "addresses, or use aws:VpcSourceIp together with aws:SourceVpc.",
            line.path,
        )


def private_ip_address_subset(document: Document) -> Iterator[Found]:
    yield from _subset(document, negated=False)


def private_not_ip_address_subset(document: Document) -> Iterator[Found]:
    yield from _subset(document, negated=True)


def _subset(document: Document, *, negated: bool) -> Iterator[Found]:
    for _, private in _lines(document, negated=negated, all_private=False):
        yield found(
            f"{', '.join(quote(value.value) for value in private[:3])}: private addresses never are aws:SourceIp. "
            "Remove them, or use aws:VpcSourceIp for them.",
            *(value.path for value in private),
        )


def improve_ip_range(document: Document) -> Iterator[Found]:
    for line in lines(document):
        for value in line.values if line.family is Family.IP else ():
            block = values.network(value.value)
            address = value.value.strip().partition("/")[0]
            if (
                block
                and block.prefixlen < block.max_prefixlen
                and values.network(address) != values.network(str(block.network_address))
            ):
                yield found(f"The bits behind the mask do not count. Write {block}.", value.path)


RULES = (
    Rule("PRIVATE_IP_ADDRESS", FindingType.ERROR, private_ip_address),
    Rule("PRIVATE_NOT_IP_ADDRESS", FindingType.ERROR, private_not_ip_address),
    Rule("PRIVATE_IP_ADDRESS_SUBSET", FindingType.SUGGESTION, private_ip_address_subset),
    Rule("PRIVATE_NOT_IP_ADDRESS_SUBSET", FindingType.SUGGESTION, private_not_ip_address_subset),
    Rule("IMPROVE_IP_RANGE", FindingType.SUGGESTION, improve_ip_range),
)
