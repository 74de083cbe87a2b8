"""Role trust policies: who may take the role, and by which call.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzers.policy import arn
from analyzers.policy.errors import quote

from .document import Document, Principal, Statement
from .rule import Found, Rule, found, key
from .values import FindingType

GITHUB = "token.actions.githubusercontent.com"
_ROLES_ANYWHERE = "rolesanywhere.amazonaws.com"
_NEEDED_ANYWHERE = {"sts:assumerole": "sts:AssumeRole", "sts:setsourceidentity": "sts:SetSourceIdentity"} | {
    "sts:tagsession": "sts:TagSession"
}
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}(?:[/:][^\s*?]*)?\Z", re.IGNORECASE)
_PROVIDER = re.compile(r"arn:[^:]+:iam::[^:]*:(saml|oidc)-provider/(.+)\Z", re.DOTALL)
_CALLS = {
    "sts:assumerole": ("aws",),
    "sts:assumerolewithsaml": ("saml",),
    "sts:assumerolewithwebidentity": ("oidc",),
}


def provider_kind(principal: Principal) -> str:
    """saml, oidc, or empty for what is neither."""
    match = _PROVIDER.match(principal.value)
    if match:
        return match[1]
    return "oidc" if _DOMAIN.match(principal.value) else ""


def provider_name(principal: Principal) -> str:
    """The prefix of the condition keys that an OIDC provider sets."""
    match = _PROVIDER.match(principal.value)
    return (match[2] if match else principal.value).lower()


def not_principal(document: Document) -> Iterator[Found]:
    for statement in _statements(document):
        if "NotPrincipal" in statement.raw:
            yield found(
                "A trust policy has no NotPrincipal. Name in Principal who may take the role.",
                key((*statement.path, "NotPrincipal")),
            )


def unsupported_wildcard(document: Document) -> Iterator[Found]:
    for statement in _statements(document):
        if statement.allows and statement.raw.get("Principal") == "*":
            yield found(
                "Everybody may take the role. Name the accounts, roles or services that may.",
                (*statement.path, "Principal"),
            )


def resource(document: Document) -> Iterator[Found]:
    for statement in _statements(document):
        for name in ("Resource", "NotResource"):
            if name in statement.raw:
                yield found(
                    f"A trust policy is about the role that it is attached to. Remove {name}.",
                    key((*statement.path, name)),
                )


def invalid_federated_syntax(document: Document) -> Iterator[Found]:
    for statement in _statements(document):
        for principal in statement.principals_of("Federated"):
            if not provider_kind(principal) and "*" not in principal.value:
                yield found(
                    f"{quote(principal.value)} is no identity provider. Write its domain name, or the ARN of a "
                    "saml-provider or oidc-provider.",
                    principal.path,
                )


def mismatched_action(document: Document) -> Iterator[Found]:
    for statement in _statements(document):
        if statement.has_not_action or statement.principal_element != "Principal" or not statement.principals:
            continue
        kinds = {_caller(principal) for principal in statement.principals}
        if "" in kinds or "anybody" in kinds:
            continue
        for action in statement.actions:
            fitting = _CALLS.get(action.lower, ())
            if fitting and not kinds.intersection(fitting):
                names = ", ".join(quote(principal.value) for principal in statement.principals[:3])
                yield found(
                    f"{action.value} is not how {names} takes a role. Use {_right_call(kinds)}.",
                    action.path,
                    *(principal.path for principal in statement.principals),
                )


def _caller(principal: Principal) -> str:
    if principal.value == "*":
        return "anybody"
    return provider_kind(principal) if principal.kind == "Federated" else "aws"


def _right_call(kinds: set[str]) -> str:
    names = {"aws": "sts:AssumeRole", "saml": "sts:AssumeRoleWithSAML", "oidc": "sts:AssumeRoleWithWebIdentity"}
    return " or ".join(names[kind] for kind in sorted(kinds))


def missing_action_for_roles_anywhere(document: Document) -> Iterator[Found]:
    trusting = [
        (statement, principal)
        for statement in _statements(document)
        if statement.allows and not statement.has_not_action
        for principal in statement.principals_of("Service")
        if principal.value.lower() == _ROLES_ANYWHERE
    ]
    if not trusting:
        return
    patterns = {action.lower for statement, _ in trusting for action in statement.actions}
    if patterns & {"*", "sts:*"}:
        return
    missing = [name for lower, name in _NEEDED_ANYWHERE.items() if lower not in patterns]
    if missing:
        statement, principal = trusting[0]
        yield found(
            f"Roles Anywhere needs sts:AssumeRole, sts:SetSourceIdentity and sts:TagSession. Add {', '.join(missing)}.",
            principal.path,
            (*statement.path, statement.action_element),
        )


def missing_condition_key_for_oidc(document: Document) -> Iterator[Found]:
    for statement, principal in _web_identities(document):
        name = provider_name(principal)
        if name != GITHUB and not any(line.lower.startswith(f"{name}:") for line in statement.lines):
            yield found(
                f"Everybody whom {quote(name)} vouches for may take the role, of whatever application. Add a condition "
                f"on {name}:aud, and on {name}:sub where it says who they are.",
                principal.path,
            )


def missing_github_repo_condition_key(document: Document) -> Iterator[Found]:
    for statement, principal in _web_identities(document):
        if provider_name(principal) == GITHUB and not statement.lines_of(f"{GITHUB}:sub"):
            yield found(
                f"Workflows of every repository of GitHub may take the role. Add a condition on {GITHUB}:sub with "
                "repository and branch, such as repo:my-org/my-repo:ref:refs/heads/main.",
                principal.path,
            )


def specific_github_repo_and_branch(document: Document) -> Iterator[Found]:
    for statement in document.allowing:
        for line in statement.lines_of(f"{GITHUB}:sub"):
            for value in line.values if line.rule and line.rule.glob and not line.negated else ():
                if _is_loose(value.value, bool(statement.lines_of(f"{GITHUB}:ref"))):
                    yield found(
                        f"{quote(value.value)} takes in more than one repository and branch. Name both; where the "
                        f"subject has no branch, add a condition on {GITHUB}:ref.",
                        value.path,
                    )


def _is_loose(subject: str, branch_is_told: bool) -> bool:
    kind, _, rest = subject.partition(":")
    repository, _, branch = rest.partition(":")
    return any("*" in piece or "?" in piece for piece in (kind, repository, "" if branch_is_told else branch))


def redundant_principal(document: Document) -> Iterator[Found]:
    for statement in _statements(document):
        roles = {
            (fields[4], fields[5].rsplit("/", 1)[-1]): principal
            for principal in statement.principals_of("AWS")
            if (fields := arn.split(principal.value)) and fields[2] == "iam" and fields[5].startswith("role/")
        }
        for principal in statement.principals_of("AWS"):
            fields = arn.split(principal.value)
            parts = fields[5].split("/") if fields else []
            if fields and len(parts) == 3 and parts[0] == "assumed-role" and (fields[4], parts[1]) in roles:
                role = roles[fields[4], parts[1]]
                yield found(
                    f"The session {quote(principal.value)} is one of the role {quote(role.value)}, which is let in "
                    "already. Remove the session.",
                    principal.path,
                    role.path,
                )


def _statements(document: Document) -> Iterator[Statement]:
    return iter(document.statements if document.is_trust else ())


def _web_identities(document: Document) -> Iterator[tuple[Statement, Principal]]:
    for statement in _statements(document):
        if statement.allows:
            for principal in statement.principals_of("Federated"):
                if provider_kind(principal) == "oidc":
                    yield statement, principal


RULES = (
    Rule("ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL", FindingType.ERROR, not_principal),
    Rule("ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL", FindingType.ERROR, unsupported_wildcard),
    Rule("ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE", FindingType.ERROR, resource),
    Rule("INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY", FindingType.ERROR, invalid_federated_syntax),
    Rule("MISMATCHED_ACTION_FOR_PRINCIPAL", FindingType.ERROR, mismatched_action),
    Rule("MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY", FindingType.ERROR, missing_action_for_roles_anywhere),
    Rule("MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL", FindingType.SECURITY_WARNING, missing_condition_key_for_oidc),
    Rule("MISSING_GITHUB_REPO_CONDITION_KEY", FindingType.SECURITY_WARNING, missing_github_repo_condition_key),
    Rule("SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED", FindingType.WARNING, specific_github_repo_and_branch),
    Rule("REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY", FindingType.SUGGESTION, redundant_principal),
)
