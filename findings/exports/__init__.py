"""Findings as files: CSV and XLSX, streamed, with cells that a spreadsheet would take for formulas made harmless."""

from .names import names_csv
from .rows import HEADER, harmless, row_of
from .write import csv_lines, xlsx_file

__all__ = ["HEADER", "csv_lines", "harmless", "names_csv", "row_of", "xlsx_file"]
