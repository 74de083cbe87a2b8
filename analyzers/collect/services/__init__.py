"""One module per service, each with a `SERVICE`."""

from __future__ import annotations

from . import (
    apigateway,
    backup,
    cloudtrail,
    codeartifact,
    dynamodb,
    ebs,
    ecr,
    efs,
    glacier,
    iam,
    kinesis,
    kms,
    lambda_functions,
    last_accessed,
    opensearch,
    organizations,
    rds,
    regions,
    s3,
    s3_directory,
    s3tables,
    secretsmanager,
    sns,
    sqs,
)

ORGANIZATION = organizations.SERVICE
REGIONS = regions.SERVICE

LAST_ACCESSED = last_accessed.SERVICE
"""In each account, too, but not each time: see `plan.after_regions`."""

IN_EACH_ACCOUNT = (iam.SERVICE, s3.SERVICE)
IN_EACH_REGION = (
    apigateway.SERVICE,
    backup.SERVICE,
    cloudtrail.SERVICE,
    codeartifact.SERVICE,
    dynamodb.SERVICE,
    ebs.SERVICE,
    ecr.SERVICE,
    efs.SERVICE,
    glacier.SERVICE,
    kinesis.SERVICE,
    kms.SERVICE,
    lambda_functions.SERVICE,
    opensearch.SERVICE,
    rds.SERVICE,
    s3_directory.SERVICE,
    s3tables.SERVICE,
    secretsmanager.SERVICE,
    sns.SERVICE,
    sqs.SERVICE,
)
SERVICES = {
    service.name: service for service in (ORGANIZATION, REGIONS, LAST_ACCESSED, *IN_EACH_ACCOUNT, *IN_EACH_REGION)
}
