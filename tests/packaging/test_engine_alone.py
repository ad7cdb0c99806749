"""The engine in an empty Django project: no desk, no shop, no setting of its own, no broker."""

from tests.packaging.run_script import run_script


def test_a_task_is_enqueued_fails_is_revived_and_done(tmp_path):
    assert run_script("engine_alone", database=tmp_path / "alone.sqlite3").endswith("pending dead pending done\n")
