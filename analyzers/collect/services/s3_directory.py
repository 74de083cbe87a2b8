"""Directory buckets of S3 Express One Zone.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-express-security-iam.html
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.collect.place import Part, Place, Service, moment

KIND = "AWS::S3Express::DirectoryBucket"
SUFFIX = "--x-s3"


def read(place: Place) -> Iterator[Part]:
    client = place.client("s3")
    for bucket in place.pages(client, "list_directory_buckets", "Buckets"):
        name = bucket["Name"]
        if not name.endswith(SUFFIX):
            continue  # an ordinary bucket, which is read with the others
        arn = f"arn:{place.partition}:s3express:{place.region}:{place.account}:bucket/{name}"
        policy = place.ask(arn, client, "get_bucket_policy", absent=("NoSuchBucketPolicy",), Bucket=name)
        created = moment(bucket.get("CreationDate"))
        yield place.resource(arn, KIND, name=name, created_at=created, policy=(policy or {}).get("Policy"))


SERVICE = Service(
    name="s3express",
    read=read,
    types=(KIND,),
    calls={
        "ListDirectoryBuckets": "s3express:ListAllMyDirectoryBuckets",
        "GetBucketPolicy": "s3express:GetBucketPolicy",
    },
)
