"""Do the links of the documents lead to files that exist? `python -m tests.links`"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_LINK = re.compile(r"\]\(([^)#\s]+)")


def broken() -> list[str]:
    """`document: link` for each relative link that leads nowhere."""
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return [
        f"{document.relative_to(ROOT)}: {link}"
        for document in sorted(documents)
        for link in _LINK.findall(document.read_text())
        if not link.startswith(("http:", "https:", "mailto:")) and not (document.parent / link).exists()
    ]


if __name__ == "__main__":
    found = broken()
    print("\n".join(found) or "All links lead somewhere.")
    sys.exit(bool(found))
