"""The engine with the desk in an empty Django project: no shop."""

from tests.packaging.run_script import run_script


def test_a_failure_is_listed_in_the_admin_retried_there_and_done(tmp_path):
    assert run_script("desk_alone", database=tmp_path / "alone.sqlite3").endswith("dead pending done\n")
