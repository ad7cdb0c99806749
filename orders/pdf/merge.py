"""Merges PDF documents into one file for printing."""

from collections.abc import Iterable
from io import BytesIO

from pypdf import PdfWriter


def merge_pdfs(documents: Iterable[bytes]) -> bytes:
    """One PDF with the pages of all documents, in the given order."""
    writer, output = PdfWriter(), BytesIO()
    for document in documents:
        writer.append(BytesIO(document))
    writer.write(output)
    return output.getvalue()
