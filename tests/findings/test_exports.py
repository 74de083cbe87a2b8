"""CSV and XLSX: complete, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable

import pytest

from findings.exports import HEADER, csv_lines, harmless, xlsx_file
from findings.models import Finding

FORMULA = '=HYPERLINK("http://evil","x")'


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", " =1", "\r=1", "\uff1d1"])
def test_what_could_be_a_formula_is_made_text(text: str) -> None:
    assert harmless(text).startswith("'")


@pytest.mark.parametrize("text", ["", "arn:aws:s3:::b", "a=b", "s3:*"])
def test_other_text_stays(text: str) -> None:
    assert harmless(text) == text


def test_control_characters_do_not_reach_the_file() -> None:
    assert "\x00" not in harmless("a\x00b\x1b")


def test_csv(make_finding: Callable[..., Finding]) -> None:
    make_finding(principal={"AWS": FORMULA}, condition={"aws:SourceVpc": 'vpc-1, "x"\n'})
    text = "".join(csv_lines(Finding.objects.select_related("analyzer").iterator()))
    header, row = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    assert header == list(HEADER)
    cells = dict(zip(header, row, strict=True))
    assert cells["principal"] == "'" + FORMULA
    assert cells["analyzer"] == "one"
    assert cells["createdAt"] == "2026-07-01T12:00:00.000Z"


def test_xlsx(make_finding: Callable[..., Finding]) -> None:
    make_finding(principal={"AWS": FORMULA})
    with xlsx_file(Finding.objects.select_related("analyzer").iterator()) as file, zipfile.ZipFile(file) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "HYPERLINK" in sheet
    assert "<f>" not in sheet
