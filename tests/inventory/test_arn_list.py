"""Lists of ARNs, pasted or uploaded."""

from __future__ import annotations

import pytest

from analyzers.inventory.arn_list import MOST_ERRORS, MOST_LINES, read, read_bytes

ONE, TWO = "arn:aws:s3:::one", "arn:aws:sqs:eu-west-1:111122223333:two"


@pytest.mark.parametrize(
    "text",
    [
        f"{ONE}\n{TWO}\n",
        f"\n# critical\n  {ONE}  \r\n{TWO}",
        f"arn\n{ONE}\n{TWO}",
        f"name,resourceArn\nfirst,{ONE}\nsecond,{TWO}",
        f'Resource ARN;owner\n"{ONE}";me\n{TWO};you',
        f"owner\tARN\nme\t{ONE}\nyou\t{TWO}",
    ],
)
def test_shapes(text: str) -> None:
    assert read(text).arns == (ONE, TWO)
    assert read(text).errors == ()
    assert read_bytes(b"\xef\xbb\xbf" + text.encode()).arns == (ONE, TWO)


def test_duplicates_are_folded_and_counted() -> None:
    found = read(f"{ONE}\n{TWO}\n{ONE}\n{ONE}\n")
    assert (found.arns, found.duplicates) == ((ONE, TWO), 2)


def test_each_line_that_is_wrong_is_told_with_its_number() -> None:
    found = read(f"{ONE}\nnonsense\n\narn:aws:s3:::b*\narn:aws:s3:::\nname,arn\n{'arn:aws:s3:::' + 'x' * 3000}")
    assert found.arns == (ONE,)
    assert [line for line, _ in found.errors] == [2, 4, 5, 6, 7]
    assert "wildcards" in found.errors[1][1]
    assert read(f"name,arn\n{ONE}").errors == ((2, "The line has no column 2."),)


@pytest.mark.parametrize(
    "data", [b"\xff\xfe", b"x" * 2_000_000, b"arn:aws:s3:::b\n" * (MOST_LINES + 1), b"arn:aws:s3:::b\0c", b'"\n"']
)
def test_hostile_files(data: bytes) -> None:
    found = read_bytes(data)
    assert found.errors
    assert len(found.errors) <= MOST_ERRORS
    assert found.arns == ()
