"""Who used what, and when: CloudTrail's events and IAM's last-accessed reports, kept as sums."""
