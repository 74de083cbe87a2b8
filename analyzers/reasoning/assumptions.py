"""What AWS does not document, or documents twice: the reading we chose, each a named constant.

Three readings are so plain in the rules that they have no switch: ArnNotEquals on what is no ARN holds, since it does
not match (2.4); NotResource with an unresolved variable covers every resource, since it matches none (1.4.7); and
`aws:PrincipalArn` of a session is its role without a path, unless the request tells it (1.6).

A decision that rests on one of those marked in `BECAUSE` says so in its `assumptions`. The section is that of the
rules this project was written from; where a reading is *unknown*, the documents leave two answers open.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

UNDECIDED = None
"""The truth of what the documents leave open."""

# -- grammar (section 1) -------------------------------------------------------------------------------------------

ALLOW_ACROSS_COLONS = UNDECIDED
"""1.4.4. A Resource pattern of an Allow that matches only if its wildcards cross colons."""
DENY_ACROSS_COLONS = UNDECIDED
"""1.4.4. The same of a Deny: it may be missed, so access that it would close is not proved closed."""
MULTIVALUED_WITHOUT_SET_OPERATOR = False
"""2.3. A multivalued key under an operator without ForAnyValue or ForAllValues never matches, negated or not."""
ANY_VALUE_IF_EXISTS_WITHOUT_KEY = {"Allow": True, "Deny": False}
"""2.3. `ForAnyValue:…IfExists` on an absent key: the reading that grants more, by effect."""
UNREADABLE_NUMBER_IS_NOT_EQUAL = UNDECIDED
"""2.4. NumericNotEquals, DateNotEquals and NotIpAddress on what is no number, date or address."""
ACTION_WITHOUT_SERVICE = UNDECIDED
"""1.3. An Action pattern whose service is no literal, other than `*` and `*:*`, where it matches as a whole."""
SHORT_ARN = UNDECIDED
"""1.4.6. A Resource pattern of fewer than six fields that matches if the missing ones are taken as `*`."""

ANYTHING_AS_ARN = False
"""2.4. An Arn operator and the pattern `*`, which is no ARN. Findings leave it open all the same."""

# -- principals (section 1.6) --------------------------------------------------------------------------------------

CANONICAL_USER_IS_CALLER = UNDECIDED
"""Which account a canonical id stands for is not in a request; an entry for one may mean the caller's account."""
FEDERATED_USER_IS_NAMESAKE = True
"""A session of GetFederationToken is taken to be of the user of its name: its ARN does not tell the user."""
NOT_PRINCIPAL_NEEDS_ACCOUNT = True
"""Deny with NotPrincipal that names the caller but not the caller's account denies all the same."""
NOT_PRINCIPAL_DENIES_BOUNDED = True
"""Deny with NotPrincipal denies every principal that has a permissions boundary."""

# -- decision (section 3) ------------------------------------------------------------------------------------------

MISPLACED_PRINCIPAL = UNDECIDED
"""A Principal where none belongs, or none where one is required: AWS refuses such a document, so it should not be."""
DIRECT_GRANT_PASSES_SESSION_POLICY = True
"""3.2. A grant to the caller itself, in its own account, is not limited by the silence of its session policy (the
guide; a known simulator says otherwise). In another account boundary and session policy always bind."""
SERVICE_OUTSIDE_RCP_LIST = UNDECIDED
"""3.3. Whether a resource control policy binds a service that is not in `data/rcp_services.json`."""
GRANT_ON_ACCESS_POINT = UNDECIDED
"""3.4. An Allow on an access point: its policy and its bucket's must agree, and a policy set holds one of them."""
ACL_OF_AN_OBJECT_REQUEST = "object"
"""3.4. An ACL beside a request for an object is that object's, and what it says of writing is its bucket's."""
ACLS_WITHOUT_OWNERSHIP = "enabled"
"""3.4. An ACL that is given without the ownership setting counts."""

BECAUSE = {
    "NOT_PRINCIPAL_NEEDS_ACCOUNT": "NotPrincipal names the caller but not the caller's account; some services then "
    "deny, which is assumed here.",
    "NOT_PRINCIPAL_DENIES_BOUNDED": "NotPrincipal denies every principal with a permissions boundary.",
    "CANONICAL_USER_IS_CALLER": "The account of a canonical user id is not known.",
    "MISPLACED_PRINCIPAL": "A principal is named where none belongs, or is missing where one is required.",
    "FEDERATED_USER_IS_NAMESAKE": "The federated session is taken to be of the user of the same name.",
    "DIRECT_GRANT_PASSES_SESSION_POLICY": "A grant to the session itself is taken to reach beyond its session policy.",
    "SERVICE_OUTSIDE_RCP_LIST": "It is not known whether resource control policies bind this service.",
    "GRANT_ON_ACCESS_POINT": "The policies of an access point and of its bucket must both allow; one is not told.",
    "ACL_OF_AN_OBJECT_REQUEST": "The access control list is taken to be that of the object asked for.",
}


RCP_LIST = Path(__file__).parent / "data" / "rcp_services.json"
"""Renewed by `manage.py update_lists`."""


@cache
def rcp_table() -> dict[str, Any]:
    """`services` (action prefixes), `unaffected_actions` (lower case), `date`, `source`."""
    table: dict[str, Any] = json.loads(RCP_LIST.read_text())
    return table
