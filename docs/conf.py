"""Documentation as a site: `make site` builds these pages, whose links and contents are written for plain Markdown.

Each index page's lists become the site's navigation, so that a page that no index names is a warning.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[1]
#: Index pages in reading order; each sends readers to pages that are its chapters.
INDEXES = (
    "docs/README",
    "docs/start/README",
    "docs/how-to/runbooks/README",
    "docs/adr/README",
    "docs/explanation/soak",
)
LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]*)\]\((?P<target>[^)#:]+)(?P<anchor>#[^)]*)?\)")
HEADING = re.compile(r"^## (?P<title>.+)$", re.MULTILINE)

project = "Conveyor"
extensions = ["myst_parser", "sphinxcontrib.mermaid"]
root_doc = "docs/README"
include_patterns = ["*.md", "messaging/README.md", "extensions/README.md", "docs/**"]
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
html_theme = "furo"
html_title = project
html_copy_source = False
html_show_copyright = False
suppress_warnings = ["mermaid"]


def setup(app: Sphinx) -> None:
    app.connect("source-read", prepare)


def prepare(_app: Sphinx, page: str, source: list[str]) -> None:
    """Make a page's Markdown fit for a site; files of the project that are not pages become plain names."""
    folder = (ROOT / page).parent
    chapters = navigation(page, source[0]) if page in INDEXES else ""
    source[0] = LINK.sub(lambda link: as_on_site(link, folder), source[0]) + chapters


def as_on_site(link: re.Match[str], folder: Path) -> str:
    target = folder / link["target"]
    readme = target / "README.md"
    if readme.exists():
        return f"[{link['text']}]({link['target'].rstrip('/')}/README.md)"
    return link["text"] if target.exists() and target.suffix not in (".md", ".svg", ".webp") else link[0]


def navigation(page: str, text: str) -> str:
    """Hidden tables of contents, one for each heading of an index page, with the pages that it names first."""
    titles = ["Start here", *(heading["title"] for heading in HEADING.finditer(text))]
    seen: set[str] = set()
    parts = []
    for title, section in zip(titles, HEADING.split(text)[::2], strict=True):
        targets = [link["target"] for link in LINK.finditer(section) if link["target"].endswith(".md")]
        chapters = [target for target in dict.fromkeys(targets) if target not in seen and is_chapter(page, target)]
        seen.update(chapters)
        if chapters:
            parts.append("\n".join(["\n```{toctree}", ":hidden:", f":caption: {title}", "", *chapters, "```\n"]))
    return "".join(parts)


def is_chapter(page: str, target: str) -> bool:
    """Whether the page belongs to this index: other indexes' chapters are in theirs, also where this one names them."""
    path = ((ROOT / page).parent / target).resolve().relative_to(ROOT)
    if page == "docs/README":
        return path.parent.as_posix() != "docs/adr" or path.name == "README.md"
    return path.is_relative_to(Path(page).with_suffix("") if (ROOT / page).is_dir() else Path(page).parent)
