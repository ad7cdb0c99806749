"""Merges PDF documents into one file for printing."""

from collections.abc import Iterable
from io import BytesIO


class NotPdf(ValueError):
    """The document at `position` cannot be read."""

    def __init__(self, position: int) -> None:
        self.position = position
        super().__init__(f"Document {position} cannot be read.")


def merge_pdfs(documents: Iterable[bytes]) -> bytes:
    """One PDF with the pages of all documents, in the given order. Raises `NotPdf`."""
    from pypdf import PdfWriter  # most processes never need it

    writer, output = PdfWriter(), BytesIO()
    for position, document in enumerate(documents):
        try:
            writer.append(BytesIO(document))
        except Exception as error:
            raise NotPdf(position) from error
    writer.write(output)
    return output.getvalue()
