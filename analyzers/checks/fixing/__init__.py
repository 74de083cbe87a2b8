"""Mends written into the files that the policies stand in: policies, JSON and YAML templates.

`in_file(file, policy, mend, options)` is the file's text with one mend; `fixed(file, options, check)` mends what can be
mended and checks again; `write(fixed)` changes the file. No Django, no AWS.
"""

from .fix import Fixed, Left, Mended, as_written, difference, fixed
from .placing import Unwritable, in_file
from .writing import NotWritten, write

__all__ = [
    "Fixed",
    "Left",
    "Mended",
    "NotWritten",
    "Unwritable",
    "as_written",
    "difference",
    "fixed",
    "in_file",
    "write",
]
