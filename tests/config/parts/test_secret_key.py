"""The secret key that is generated where none is set."""

from concurrent.futures import ThreadPoolExecutor

from config.parts.secret_key import secret_key


def test_processes_that_start_together_read_the_same_secret_key(tmp_path, monkeypatch):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.setenv("CONVEYOR_VAR", str(tmp_path))
    with ThreadPoolExecutor(16) as pool:
        keys = {future.result() for future in [pool.submit(secret_key) for _ in range(64)]}
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
