"""The rows as CSV lines or as an XLSX file."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO

import xlsxwriter

from findings.models import Finding
from findings.outsiders import all_names

from .rows import HEADER, row_of


class _Echo:
    """A file that hands back what is written."""

    def write(self, text: str) -> str:
        return text


def csv_lines(findings: Iterable[Finding]) -> Iterator[str]:
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    yield "\ufeff" + str(writer.writerow(HEADER))
    names = all_names()
    for finding in findings:
        yield str(writer.writerow(row_of(finding, names)))


def xlsx_file(findings: Iterable[Finding]) -> IO[bytes]:
    """A temporary file at its beginning; rows go to disk as they come, so memory does not grow with them."""
    target = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    book = xlsxwriter.Workbook(
        target,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    sheet = book.add_worksheet("Findings")
    bold = book.add_format({"bold": True})
    sheet.freeze_panes(1, 0)
    for column, name in enumerate(HEADER):
        sheet.write_string(0, column, name, bold)
    names = all_names()
    for line, finding in enumerate(findings, 1):
        for column, cell in enumerate(row_of(finding, names)):
            sheet.write_string(line, column, cell)
    book.close()
    target.seek(0)
    return target
