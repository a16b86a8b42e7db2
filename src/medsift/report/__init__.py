"""Records become outputs: files, tables, pages, folders of pictures."""

from medsift.report.html import ReportPage
from medsift.report.outputs import Outputs, open_outputs, paths_of
from medsift.report.summary import Summary
from medsift.report.table import Table
from medsift.report.writers import Writer, open_writer, read_rows

__all__ = [
    "Outputs",
    "ReportPage",
    "Summary",
    "Table",
    "Writer",
    "open_outputs",
    "open_writer",
    "paths_of",
    "read_rows",
]
