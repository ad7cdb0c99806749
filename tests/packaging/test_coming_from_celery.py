"""docs/reference/coming-from-celery.md: its code runs as written, in a project of its own."""

from tests.packaging.run_script import run_script

OUTPUT = """\
chain: reports.build reports.send (True, True)
delayed: False
chord: reports.build_part reports.build_part reports.build_part reports.send (False, False)
retry: 1 reports.send (False, True)
refused: UseOutbox
refused: OutsideTransaction
tested
"""


def test_the_code_of_the_page_does_what_it_says(tmp_path):
    assert run_script("coming_from_celery", database=tmp_path / "reports.sqlite3") == OUTPUT
