"""`make mutants`: run the tests against every mutant. What was found stays in `mutants/results.jsonl`, so a run that
was stopped goes on where it was, and a function that changed is run again.

    python -m benchmarks.mutation [FILE ...]      the files (all eleven by default), what is not known yet
    python -m benchmarks.mutation --survivors     survivors again, after tests were added
    python -m benchmarks.mutation --afresh        everything again
    python -m benchmarks.mutation --share 0.4     a seeded sample of the mutants of every file
    python -m benchmarks.mutation --quick 0.5     only the tests quicker than that, for a first look
    python -m benchmarks.mutation --budget 4      what no test notices within 4 s is taken to survive
    python -m benchmarks.mutation --unchanged 20  functions as they are: none must die
    python -m benchmarks.mutation --report        the table and the survivors, nothing is run
"""

from __future__ import annotations

import argparse
import os
import sys

from .mutants import FILES, ROOT


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutation", description="Mutation testing")
    parser.add_argument("files", nargs="*", help="names of files, or of one mutant")
    parser.add_argument("--survivors", action="store_true")
    parser.add_argument("--afresh", action="store_true")
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--quick", type=float, default=600.0, metavar="SECONDS", help="only tests quicker than that")
    parser.add_argument("--budget", type=float, default=3600.0, metavar="SECONDS", help="of tests for one mutant")
    parser.add_argument("--unchanged", type=int, default=0, metavar="NUMBER", help="functions to run without a change")
    parser.add_argument("--tests", nargs="+", metavar="PATH", help="instead of all of tests/reasoning")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--early", default="", help="used inside: the mutant to put in place before anything is read")
    options = parser.parse_args()
    os.chdir(ROOT)
    if options.report:
        from . import results

        print(results.report(options.files or list(FILES), options.share))
        return 0
    # Nothing here needs a database; no server is started for it.
    os.environ.setdefault("DATABASE_URL", "postgresql://nobody@localhost:1/none")
    os.environ.setdefault("REDIS_URL", "redis://localhost:1/0")
    import pytest

    from . import suite

    plugin = suite.Early(options.early) if options.early else suite.Run(options)
    return int(
        pytest.main(
            ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", *(options.tests or [suite.FOLDER])], plugins=[plugin]
        )
    )


if __name__ == "__main__":
    sys.exit(main())
