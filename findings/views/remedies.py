"""What to do about a finding, in words."""

from __future__ import annotations

from findings.models import Finding


def remedies(finding: Finding) -> list[str]:
    """Steps, the most direct first."""
    if finding.error:
        return [
            "Mend what the message names: the policy's text, or the right of whoever reads it.",
            "Import the inventory again; the next scan answers, and this finding resolves itself.",
        ]
    if finding.access_type:
        return _inside(finding)
    steps = []
    kinds = {source.get("type") for source in finding.sources}
    principal = next(iter(finding.principal.values()), "*")
    if finding.is_public and finding.resource_type == "AWS::S3::Bucket":
        steps.append(
            "If nobody outside needs it: switch on Block Public Access (RestrictPublicBuckets, IgnorePublicAcls)."
        )
    if "BUCKET_ACL" in kinds:
        steps.append("Disable ACLs: set Object Ownership to BucketOwnerEnforced and grant by policy instead.")
    if principal == "*" and not finding.condition:
        steps.append(
            'Name the principals that need access instead of "*", '
            "or tie the statement to your organization with aws:PrincipalOrgID."
        )
    elif principal == "*":
        steps.append("The condition is all that limits who gets in. Name the principals as well, if they are known.")
    elif "Federated" in finding.principal:
        if not any(key.endswith(":sub") for key in finding.condition):
            steps.append('Nothing says for whom the identity provider vouches: add a condition on its ":sub" claim.')
        else:
            steps.append('Check that the ":sub" pattern names only what should get in.')
    else:
        steps.append(
            f"If {principal} should not have access any more: remove it from the Principal of the statement below."
        )
    if finding.resource_type == "AWS::IAM::Role" and "AWS" in finding.principal:
        keys = {item.get("key", "").lower() for item in finding.details.get("further_conditions", ())}
        if "sts:externalid" not in keys:
            steps.append(
                "If the other account is a vendor: require sts:ExternalId, "
                "so that the vendor's other customers cannot use the role."
            )
    if any(action.endswith("*") for action in finding.action):
        steps.append("The action is a wildcard. Name the actions that are needed.")
    if finding.resource_type in {"AWS::EC2::Snapshot", "AWS::RDS::DBSnapshot", "AWS::RDS::DBClusterSnapshot"}:
        steps.append(
            "Take the share back, or delete the snapshot if it is not needed; "
            "copies made meanwhile stay with those who made them."
        )
    steps.append(
        "If the access is meant to be: archive the finding and say why, or make an archive rule for all of its kind."
    )
    return steps


def _inside(finding: Finding) -> list[str]:
    principal = next(iter(finding.principal.values()), "")
    steps = []
    channels = {ref.get("channel") for ref in finding.details.get("statements", ())}
    if "IDENTITY" in channels:
        steps.append(
            f"If {principal} does not need it: narrow the marked statement of its policy to the resources it needs, "
            "or detach the policy."
        )
    if channels - {"IDENTITY"}:
        steps.append(f"Remove {principal} from the marked statement of the resource's policy, if it stands there.")
    steps.append(
        "To close the resource to all but a few: deny in its policy everybody whose aws:PrincipalArn is not in a list."
    )
    encryption = finding.details.get("encryption") or {}
    if encryption.get("readable") == "yes":
        steps.append("Or take kms:Decrypt of its key away: without it the data stays closed.")
    steps.append("If the access is meant to be: archive the finding and say why, or make an archive rule for it.")
    return steps
