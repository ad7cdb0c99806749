"""Responses with a PDF."""

from django.http import HttpResponse


def pdf_response(pdf: bytes, *, name: str) -> HttpResponse:
    """A download that nobody stores on the way."""
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    response["Cache-Control"] = "no-store"
    return response
