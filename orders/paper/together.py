"""How do many papers become one file to print?"""

from collections.abc import Iterable
from io import BytesIO

from pypdf import PdfWriter


def together(papers: Iterable[bytes]) -> bytes:
    """One PDF of all of them, in their order."""
    writer, written = PdfWriter(), BytesIO()
    for paper in papers:
        writer.append(BytesIO(paper))
    writer.write(written)
    return written.getvalue()
