"""Reading logs of CloudTrail: time beside gunzip and DuckDB, and memory. `python -m benchmarks usage [MB of JSON]`"""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REGIONS = ("us-east-1", "eu-west-1", "eu-central-1", "ap-southeast-2")
AGENTS = (
    "Boto3/1.34.2 md/Botocore#1.34.2 ua/2.0 os/linux#5.10.205-195.807.amzn2.x86_64 md/arch#x86_64 lang/python#3.11.6 "
    "md/pyimpl#CPython exec-env/AWS_Lambda_python3.11 cfg/retry-mode#legacy Botocore/1.34.2",
    "aws-cli/2.15.10 Python/3.11.6 Linux/6.1.66 exe/x86_64.ubuntu.22 prompt/off command/s3.cp",
    "APN/1.0 HashiCorp/1.0 Terraform/1.6.6 (+https://www.terraform.io) terraform-provider-aws/5.31.0",
    "aws-sdk-java/2.21.0 Linux/5.10.199 OpenJDK_64-Bit_Server_VM/17.0.9 Java/17.0.9 vendor/Amazon.com_Inc. io/sync",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
)
ITEMS = [{"resourceId": "i-0a1b2c3d4e5f60718"}, {"resourceId": "vol-0a1b2c3d4e5f60718"}]
EVENTS: tuple[tuple[int, str, str, bool, dict[str, Any] | None, Any], ...] = (
    (
        18,
        "s3",
        "GetObject",
        True,
        {"bucketName": "data-%b", "key": "in/2026/%h/part-%h.parquet", "Host": "s3.%r.aws"},
        None,
    ),
    (
        8,
        "s3",
        "PutObject",
        True,
        {"bucketName": "data-%b", "key": "out/%h.json", "Host": "s3.%r.aws"},
        {"x-amz-id": "%h"},
    ),
    (6, "dynamodb", "GetItem", True, {"tableName": "table-%b", "key": {"id": "HIDDEN"}, "consistentRead": False}, None),
    (
        6,
        "kms",
        "Decrypt",
        True,
        {"encryptionContext": {"aws:s3:arn": "arn:aws:s3:::data-%b"}, "encryptionAlgorithm": "S"},
        None,
    ),
    (
        9,
        "sts",
        "AssumeRole",
        True,
        {"roleArn": "arn:aws:iam::%a:role/app/role-%b", "roleSessionName": "s%h"},
        {
            "credentials": {
                "accessKeyId": "ASIA%h",
                "sessionToken": "%h%h%h%h%h%h%h%h",
                "expiration": "Jan 2, 2026, 3:04:05 PM",
            }
        },
    ),
    (
        8,
        "ec2",
        "DescribeInstances",
        True,
        {
            "instancesSet": {"items": [{"instanceId": "i-%h"}]},
            "filterSet": {"items": [{"name": "tag:Name", "valueSet": {"items": [{"value": "web-%b"}]}}]},
        },
        None,
    ),
    (5, "ec2", "DescribeTags", True, {"maxResults": 1000, "filterSet": {"items": ITEMS}}, None),
    (
        4,
        "logs",
        "CreateLogStream",
        False,
        {"logGroupName": "/aws/lambda/fn-%b", "logStreamName": "2026/01/02/[$LATEST]%h"},
        None,
    ),
    (
        5,
        "lambda",
        "Invoke",
        False,
        {"functionName": "arn:aws:lambda:%r:%a:function:fn-%b", "invocationType": "Event"},
        None,
    ),
    (4, "lambda", "GetFunction20150331v2", True, {"functionName": "fn-%b"}, None),
    (3, "iam", "GetRole", True, {"roleName": "role-%b"}, None),
    (3, "iam", "ListAttachedRolePolicies", True, {"roleName": "role-%b"}, None),
    (3, "monitoring", "DescribeAlarms", True, {"maxRecords": 100, "alarmNamePrefix": "team-%b"}, None),
    (3, "ssm", "GetParameter", True, {"name": "/app/%b/key", "withDecryption": True}, None),
    (
        3,
        "secretsmanager",
        "GetSecretValue",
        True,
        {"secretId": "arn:aws:secretsmanager:%r:%a:secret:db-%b-AbCdEf"},
        None,
    ),
    (
        3,
        "sqs",
        "GetQueueAttributes",
        True,
        {"queueUrl": "https://sqs.%r.amazonaws.com/%a/q-%b", "attributeNames": ["All"]},
        None,
    ),
    (2, "cloudformation", "DescribeStacks", True, {"stackName": "stack-%b"}, None),
    (2, "s3", "GetBucketAcl", True, {"bucketName": "data-%b", "acl": "", "Host": "data-%b.s3.amazonaws.com"}, None),
    (2, "sts", "GetCallerIdentity", True, None, None),
    (1, "signin", "ConsoleLogin", False, None, {"ConsoleLogin": "Success"}),
    (1, "rds", "DescribeDBInstances", True, {"dBInstanceIdentifier": "db-%b"}, None),
    (1, "nosuch", "DoSomething", False, {"a": "%h"}, None),
)


def templates(generator: random.Random) -> list[str]:
    """Records as CloudTrail writes them, with marks where each one differs: what 60 roles and 20 users do again and
    again, each in a few ways."""
    kinds = [event for event in EVENTS for _ in range(event[0])]
    found = []
    for number in range(80):
        user = number >= 60
        agent = AGENTS[-1] if user and number % 2 else generator.choice(AGENTS[:-1])
        for _ in range(12):
            found.append(template(generator, number, user, agent, generator.choice(kinds)))
    return found


def template(generator: random.Random, number: int, user: bool, agent: str, event: tuple[Any, ...]) -> str:
    _, service, name, reads, parameters, answer = event
    record: dict[str, Any] = {"eventVersion": "1.09"}
    if user:
        record["userIdentity"] = {
            "type": "IAMUser",
            "principalId": f"AIDAEXAMPLE{number}",
            "arn": f"arn:aws:iam::%a:user/staff/user-{number}",
            "accountId": "%a",
            "accessKeyId": f"AKIAEXAMPLE{number}",
            "userName": f"user-{number}",
        }
    else:
        record["userIdentity"] = {
            "type": "AssumedRole",
            "principalId": f"AROAEXAMPLE{number}:session-%s",
            "arn": f"arn:aws:sts::%a:assumed-role/role-{number}/session-%s",
            "accountId": "%a",
            "accessKeyId": "ASIA%h",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": f"AROAEXAMPLE{number}",
                    "arn": f"arn:aws:iam::%a:role/app/role-{number}",
                    "accountId": "%a",
                    "userName": f"role-{number}",
                },
                "attributes": {"creationDate": "2026-01-02T00:00:00Z", "mfaAuthenticated": "false"},
            },
        }
    record |= {
        "eventTime": "%t",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "%r",
        "sourceIPAddress": f"10.{generator.randrange(256)}.{generator.randrange(256)}.7",
        "userAgent": agent,
    }
    if generator.random() < 0.04:
        record |= {"errorCode": "AccessDenied", "errorMessage": "User is not authorized to perform this: %h"}
    record |= {"requestParameters": parameters, "responseElements": answer, "requestID": "%u", "eventID": "%u"}
    data = service in ("s3", "dynamodb") and name[3:4] in ("O", "I")
    if data and service == "s3":
        arn = "arn:aws:s3:::data-%b"
        record["resources"] = [
            {"type": "AWS::S3::Object", "ARN": f"{arn}/{(parameters or {})['key']}"},
            {"accountId": "%a", "type": "AWS::S3::Bucket", "ARN": arn},
        ]
    record |= {
        "readOnly": reads,
        "eventType": "AwsConsoleSignIn" if service == "signin" else "AwsApiCall",
        "managementEvent": not data,
        "recipientAccountId": "%a",
        "eventCategory": "Data" if data else "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": f"{service}.%r.amazonaws.com",
        },
    }
    return json.dumps(record, separators=(",", ":"))


def records(generator: random.Random, patterns: list[str], day: str, count: int) -> Iterator[str]:
    """Of one account and region, as each file of CloudTrail is: a third of all that is done, in 15 minutes."""
    account, region = f"{generator.randrange(20):012d}", generator.choice(REGIONS)
    here = [
        text.replace("%a", account).replace("%r", region) for text in generator.sample(patterns, len(patterns) // 3)
    ]
    start = generator.randrange(96) * 900
    for _ in range(count):
        text = generator.choice(here)
        seconds = start + generator.randrange(900)
        moment = f"{day}T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}Z"
        text = text.replace("%t", moment).replace("%s", str(generator.randrange(8)))
        text = text.replace("%b", str(generator.randrange(4)))
        while "%u" in text:
            u = f"{generator.getrandbits(128):032x}"
            text = text.replace("%u", f"{u[:8]}-{u[8:12]}-{u[12:16]}-{u[16:20]}-{u[20:]}", 1)
        while "%h" in text:
            text = text.replace("%h", f"{generator.getrandbits(64):016X}", 1)
        yield text


def write(folder: Path, megabytes: int) -> tuple[int, int]:
    """Files as CloudTrail's, some hundred to some thousand records each; bytes of JSON, and of the files."""
    generator = random.Random(5)
    patterns = templates(generator)
    unpacked = packed = number = 0
    while unpacked < megabytes * 1_000_000:
        day = f"2026-{1 + number % 90 // 28:02d}-{1 + number % 28:02d}"
        text = '{"Records":[' + ",".join(records(generator, patterns, day, generator.randrange(200, 4000))) + "]}"
        data = gzip.compress(text.encode(), 6)
        (folder / f"000000000000_CloudTrail_{day}_{number}.json.gz").write_bytes(data)
        unpacked, packed, number = unpacked + len(text), packed + len(data), number + 1
    return unpacked, packed


def write_large(folder: Path, megabytes: int) -> Path:
    """One file with one list, larger than any of CloudTrail's."""
    generator = random.Random(6)
    patterns = templates(generator)
    path, size = folder / "large.json.gz", 0
    with gzip.open(path, "wt", compresslevel=1) as file:
        file.write('{"Records":[')
        while size < megabytes * 1_000_000:
            text = ",".join(records(generator, patterns, "2026-04-01", 1000))
            file.write(("," if size else "") + text)
            size += len(text)
        file.write("]}")
    return path


OURS = """
import sys
from pathlib import Path
from analyzers.usage.decode import read
from analyzers.usage.tally import Tally
total = Tally()
for path in sorted(Path(sys.argv[1]).glob("*.json.gz")):
    with path.open("rb") as file:
        total.merge(read(file, path.name))
print(total.events, "events", len(total.uses), "sums", total.malformed, "malformed")
"""

DUCKDB = """
import sys
import duckdb
shape = '''STRUCT(eventTime VARCHAR, eventSource VARCHAR, eventName VARCHAR, awsRegion VARCHAR, userAgent VARCHAR,
    errorCode VARCHAR, recipientAccountId VARCHAR, eventType VARCHAR, sessionCredentialFromConsole VARCHAR,
    userIdentity STRUCT(type VARCHAR, arn VARCHAR, invokedBy VARCHAR,
                        sessionContext STRUCT(sessionIssuer STRUCT(arn VARCHAR))),
    requestParameters STRUCT(bucketName VARCHAR, tableName VARCHAR, functionName VARCHAR, queueUrl VARCHAR,
                             roleArn VARCHAR, roleName VARCHAR, secretId VARCHAR, name VARCHAR))[]'''
db = duckdb.connect()
db.execute("SET enable_progress_bar = false; SET threads = 1; SET memory_limit = '4GB'")
rows = db.execute(f'''
    SELECT coalesce(r.userIdentity.sessionContext.sessionIssuer.arn, r.userIdentity.arn), r.eventSource, r.eventName,
        r.awsRegion, r.errorCode IN ('AccessDenied', 'Client.UnauthorizedOperation') AS denied,
        r.userIdentity.invokedBy, r.userAgent LIKE 'Mozilla%' AS console,
        coalesce(r.requestParameters.bucketName, r.requestParameters.tableName, r.requestParameters.functionName,
                 r.requestParameters.queueUrl, r.requestParameters.roleArn, r.requestParameters.roleName,
                 r.requestParameters.secretId, r.requestParameters.name) AS resource,
        r.eventTime[:10] AS day, min(r.eventTime), max(r.eventTime), count(*)
    FROM (SELECT unnest(Records) AS r FROM read_json('{sys.argv[1]}/*.json.gz', columns = {{Records: '{shape}'}},
          format = 'unstructured'))
    GROUP BY ALL''').fetchall()
print(sum(row[-1] for row in rows), "events", len(rows), "rows")
"""


def timed(command: list[str]) -> tuple[float, float, int, str]:
    """Seconds by the clock and of the processor, the peak of memory in MB, and what it printed."""
    code = (
        "import resource, subprocess, sys, time; began = time.monotonic(); "
        "out = subprocess.run(sys.argv[1:], check=True, stdout=subprocess.PIPE, text=True).stdout.strip(); "
        "used = resource.getrusage(resource.RUSAGE_CHILDREN); "
        "print(time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024, out)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    clock, processor, memory, *said = done.stdout.split()
    return float(clock), float(processor), int(memory), " ".join(said)


def main() -> None:
    megabytes = next((int(one) for one in sys.argv[1:] if one.isdigit()), 2000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "logs").mkdir()
        unpacked, packed = write(folder / "logs", megabytes)
        files = sorted(map(str, (folder / "logs").iterdir()))
        print(f"{unpacked / 1e6:,.0f} MB of JSON in {len(files)} files, {packed / 1e6:,.0f} MB packed")
        (folder / "one").mkdir()
        large = write_large(folder / "one", max(100, megabytes // 4))
        rows = {
            "gunzip -c | wc -c": ["sh", "-c", 'cat "$0"/*.gz | gunzip -c | wc -c', str(folder / "logs")],
            "analyzers.usage.decode.read": [sys.executable, "-c", OURS, str(folder / "logs")],
            "DuckDB, one thread": [sys.executable, "-c", DUCKDB, str(folder / "logs")],
            f"read, one file of {max(100, megabytes // 4)} MB": [sys.executable, "-c", OURS, str(large.parent)],
        }
        for label, command in rows.items():
            clock, processor, memory, said = timed(command)
            size = unpacked if large.parent.name not in command[-1].split("/")[-1:] else max(100, megabytes // 4) * 1e6
            print(
                f"{label:30} {size / 1e6 / processor:7,.0f} MB/s a core  {processor:6.1f} s of processor "
                f"{clock:6.1f} s by the clock  {memory:5,} MB  {said}"
            )


if __name__ == "__main__":
    main()
