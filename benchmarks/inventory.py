"""Importing a large inventory file: time and memory. `python -m benchmarks inventory [MB]`"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def write(path: Path, megabytes: int) -> int:
    """A file of about that size; the number of its resources."""
    padding = "x" * 900
    number = 0
    with path.open("w") as file:
        file.write('{"inventory_version": 1, "accounts": [{"id": "111122223333", "complete": true}], "resources": [\n')
        while file.tell() < megabytes * 1_000_000:
            arn = f"arn:aws:s3:::bucket-{number}"
            file.write(",\n" if number else "")
            file.write(
                f'{{"arn": "{arn}", "type": "AWS::S3::Bucket", "account": "111122223333", "policy": {{"Version": '
                f'"2012-10-17", "Id": "{padding}", "Statement": [{{"Effect": "Allow", "Principal": {{"AWS": '
                f'"999988887777"}}, "Action": "s3:GetObject", "Resource": "{arn}/*"}}]}}}}'
            )
            number += 1
        file.write("\n]}\n")
    return number


def main() -> None:
    megabytes = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        count = write(folder / "large.json", megabytes)
        env = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}}
        env["DATA"] = str(folder / "data")
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=env, check=True)
        began = time.monotonic()
        command = [sys.executable, "manage.py", "import_inventory", "-v0", str(folder / "large.json")]
        subprocess.run(command, cwd=ROOT, env=env, check=True)
        seconds = time.monotonic() - began
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        print(
            f"{megabytes} MB, {count:,} resources: {seconds:.0f} s, {megabytes / seconds:.1f} MB/s, at most {memory} MB"
        )


if __name__ == "__main__":
    main()
