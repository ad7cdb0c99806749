"""Text in any script: drawn, readable, wrapped and cut, and never blank."""

import unicodedata
from io import BytesIO
from itertools import pairwise

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas

from orders.pdf import fonts
from orders.pdf.characters import REPLACEMENT, clusters, printable
from orders.pdf.layout import TEXT, paragraph, render_pdf
from orders.pdf.shaping import width
from orders.pdf.text import draw_string, wrapped

BOLD = ParagraphStyle("bold", parent=TEXT, fontName=fonts.BOLD)
#: As people enter them, and the font that prints most of it.
SCRIPTS = {
    "Latin": ("Zażółć Gęślą Jaźń", "NotoSans"),
    "Latin, decomposed": ("Zoe\u0301 Bru\u0308cke", "NotoSans"),
    "Vietnamese": ("Nguyễn Thị Hồng", "NotoSans"),
    "Greek": ("Ελένη Παπαδοπούλου", "NotoSans"),
    "Cyrillic": ("Анна Каренина, Київ", "NotoSans"),
    "Japanese": ("山田 太郎 渋谷区ひらがなカタカナ", "NotoSansJP"),
    "Simplified Chinese": ("简体 赵丽颖 朝阳区", "NotoSansSC"),
    "Traditional Chinese": ("臺北市信義區 嘅", "NotoSansJP"),
    "Korean": ("김철수 서울특별시 강남구", "NotoSansKR"),
    "Arabic": ("محمد بن عبد الله، شارع الملك 12", "NotoSansArabic"),
    "Hebrew": ("דוד כהן, רחוב הרצל 5", "NotoSansHebrew"),
    "Thai": ("สมชาย ที่นี่ กรุงเทพฯ", "NotoSansThai"),
    "Devanagari": ("राजेश क्षत्रिय, नई दिल्ली", "NotoSansDevanagari"),
    "Bengali": ("বাংলা ঢাকা", "NotoSansBengali"),
    "Tamil": ("தமிழ் சென்னை", "NotoSansTamil"),
    "Armenian": ("Տիգրան Երևան", "NotoSansArmenian"),
    "Georgian": ("გიორგი თბილისი", "NotoSansGeorgian"),
}
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


def drawn(text: str, style: ParagraphStyle = TEXT, *, max_lines: int | None = None) -> bytes:
    output = BytesIO()
    canvas = Canvas(output, pagesize=(300, 200), invariant=1)
    block = paragraph(text, style, max_lines=max_lines)
    _width, height = block.wrapOn(canvas, 260, 180)
    block.drawOn(canvas, 20, 180 - height)
    canvas.save()
    return output.getvalue()


def read(pdf: bytes) -> str:
    return pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_range()


def ink(pdf: bytes, *, scale: float = 2) -> int:
    """How many pixels of the first page are not white."""
    image = pypdfium2.PdfDocument(pdf)[0].render(scale=scale).to_pil().convert("L")
    return sum(image.histogram()[:200])


def letters(text: str) -> list[str]:
    """Without spaces and in no order: readers of a file turn right-to-left text about, each in its own way."""
    return sorted(char for char in unicodedata.normalize("NFKC", text) if not char.isspace())


@pytest.mark.parametrize("style", [TEXT, BOLD], ids=["regular", "bold"])
@pytest.mark.parametrize(("text", "font"), SCRIPTS.values(), ids=list(SCRIPTS))
def test_each_script_is_drawn_and_can_be_read(text, font, style):
    pdf = drawn(text, style)
    assert letters(read(pdf)) == letters(text)
    assert ink(pdf) > 100 * len(set(text) - {" "}) ** 0.5
    used = {cluster.font for cluster in clusters(printable(text), is_bold=False)}
    assert font in used


@pytest.mark.parametrize("size", [9.5, 13])
@pytest.mark.parametrize("text", [text for text, font in SCRIPTS.values() if font != fonts.REGULAR] + ["龍鬱臺灣"])
def test_bold_text_of_a_script_without_a_bold_font_is_heavier_and_stays_readable(text, size):
    """As printed with 600 dots per inch, in the sizes of invoices and labels."""
    regular, bold = (
        ink(drawn(text, ParagraphStyle("sized", parent=style, fontSize=size)), scale=600 / 72) for style in (TEXT, BOLD)
    )
    assert 1.15 < bold / regular < 1.5


@pytest.mark.parametrize("text", ["📦", "👩‍👩‍👧", "🇩🇪", "❤️", "👍🏽", "1️⃣"])
def test_an_emoji_is_one_glyph_of_its_font(text):
    (cluster,) = clusters(printable(text), is_bold=False)
    assert cluster.font == fonts.EMOJI
    assert 900 < width([cluster]) < 1400
    assert ink(drawn(text)) > 80


def test_arabic_letters_join_and_hebrew_runs_from_right_to_left():
    joined, apart = clusters("محمد", is_bold=False), [clusters(char, is_bold=False) for char in "محمد"]
    assert width(joined) != sum(width(letter) for letter in apart)
    ends = [_centre_of(drawn(text)) for text in ("ש" + "." * 20, "." * 20 + "ש")]
    assert ends[0] > ends[1]


def _centre_of(pdf: bytes) -> float:
    """Where the ink above the line of dots is."""
    image = pypdfium2.PdfDocument(pdf)[0].render(scale=2).to_pil().convert("L")
    dark = [x for x in range(image.width) for y in range(40, 56) if image.getpixel((x, y)) < 128]
    return sum(dark) / len(dark)


def test_a_conjunct_and_stacked_marks_are_shaped():
    assert width(clusters("क्ष", is_bold=False)) < width(clusters("क", is_bold=False)) + width(
        clusters("ष", is_bold=False)
    )
    assert width(clusters("ที่", is_bold=False)) == pytest.approx(width(clusters("ท", is_bold=False)))


@pytest.mark.parametrize("text", ["\U0001e900", "\ue000", "\U000e0fff", "ꙮ", "\x00", "\u200e", "\ufe0f", "\u0378"])
def test_what_no_font_has_is_a_visible_replacement(text):
    pdf = drawn(text)
    assert ink(pdf) > 30
    assert REPLACEMENT in read(pdf)


def test_what_is_compatible_is_printed_instead():
    assert read(drawn("𝓐𝓭𝓪")).strip() == "Ada"


@pytest.mark.parametrize(
    "text", ["Maximiliana " * 17, "M" * 200, "長" * 200, "محمد " * 40, "محمد" * 50, "📦" * 200, "क्ष" * 90]
)
def test_long_text_is_cut_with_an_ellipsis_within_its_width(text):
    limit = 260 * 1000 / TEXT.fontSize
    found = clusters(printable(text), is_bold=False)
    lines = wrapped(found, limit, 2)
    assert len(lines) == 2
    assert lines[-1][-1].text == "…"
    assert all(0 < width(line) <= limit for line in lines)
    whole = wrapped(found, limit)
    assert all(width(line) <= limit for line in whole)
    assert letters("".join(c.text for line in whole for c in line)) == letters(printable(text))
    assert ink(drawn(text, max_lines=2)) > 500


@given(texts)
@settings(max_examples=300, deadline=None)
def test_no_text_crashes_or_is_blank(text):
    pdf = drawn(text, max_lines=3)
    if text.strip():
        assert ink(pdf) > 0


@given(texts)
@settings(max_examples=100, deadline=None)
def test_lines_keep_every_cluster_in_order(text):
    found = clusters(printable(text), is_bold=False)
    lines = wrapped(found, 4000)
    assert [c for c in found if c.text != " "] == [c for line in lines for c in line if c.text != " "]
    assert all(line for line in lines)


def test_right_aligned_text_ends_at_the_margin_and_titles_can_be_centred():
    right = ParagraphStyle("right", parent=TEXT, alignment=TA_RIGHT)
    assert _centre_of_all(drawn("Ada", right)) > _centre_of_all(drawn("Ada")) + 400
    output = BytesIO()
    canvas = Canvas(output, pagesize=(300, 200))
    draw_string(canvas, 150, 100, "محمد 📦 Ada", font=fonts.BOLD, size=9, align="center")
    canvas.save()
    assert _centre_of_all(output.getvalue()) == pytest.approx(300, abs=12)


def _centre_of_all(pdf: bytes) -> float:
    box = pypdfium2.PdfDocument(pdf)[0].render(scale=2).to_pil().convert("L").point(lambda v: 255 * (v < 200)).getbbox()
    return (box[0] + box[2]) / 2


def test_a_document_in_many_scripts_is_one_file(settings):
    settings.SHOP_SELLER = ("山田商店", "תל אביב", "shop@conveyor.example")
    blocks = [paragraph(text, TEXT) for text, _font in SCRIPTS.values()] * 4
    pdf = render_pdf(blocks, title="📦")
    assert len(pypdfium2.PdfDocument(pdf)) > 1
    assert "山田商店" in read(pdf)


def test_fonts_are_read_only_when_a_text_needs_them(monkeypatch):
    monkeypatch.setattr(fonts, "_loaded", {})
    drawn("Ada Lovelace, Ελένη, Київ")
    assert set(fonts._loaded) == {"NotoSans"}
    drawn("שלום")
    assert set(fonts._loaded) == {"NotoSans", "NotoSansHebrew"}


def test_the_blocks_of_the_fonts_do_not_overlap():
    assert all(before[1] < after[0] for before, after in pairwise(fonts._BLOCKS))


def test_what_is_cut_off_is_not_measured(monkeypatch):
    measured: list[int] = []
    monkeypatch.setattr("orders.pdf.text.width", lambda line: measured.append(len(line)) or width(line))
    found = clusters("漢字 שלום " * 500, is_bold=False)
    assert wrapped(found, 4000, 3) == wrapped(found[:100], 4000, 3)
    assert len(measured) < 200
