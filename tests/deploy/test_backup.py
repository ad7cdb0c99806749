"""The backup job, on PostgreSQL: a dump is kept if it could be restored, and only then."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from tests.deploy.files import DEPLOY
from tests.patience import PATIENCE
from tests.stack.database import PostgresqlDatabase
from tests.stack.program import PROJECT

SHOP = """
    CREATE TABLE orders_order (id int);
    INSERT INTO orders_order VALUES (1), (2);
    CREATE TABLE messaging_message (state text);
    INSERT INTO messaging_message VALUES ('pending'), ('done');
"""


@pytest.fixture
def database():
    database = PostgresqlDatabase()
    database.create()
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(SHOP)
    yield database
    database.drop()


@dataclass(frozen=True)
class Job:
    """A backup that has ended."""

    pid: int
    returncode: int
    output: str
    errors: str

    def left(self, url: str) -> int:
        """Databases that it has left behind."""
        with psycopg.connect(url) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname ~ %s", [f"restored_.*_{self.pid}_"])
            return len(found.fetchall())


def backup(url: str, folder: Path, **environment: str) -> Job:
    env = {"PATH": os.environ["PATH"], "DATABASE_URL": url, "BACKUP_DIR": str(folder)} | environment
    with subprocess.Popen(
        [DEPLOY / "backup" / "backup.sh"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as job:
        output, errors = job.communicate(timeout=PATIENCE)
        return Job(job.pid, job.returncode, output, errors)


def test_a_dump_that_was_restored_is_kept_and_old_ones_are_deleted(database, tmp_path):
    old, recent = tmp_path / "conveyor-20200101T000000Z.dump", tmp_path / "conveyor-recent.dump"
    for path, age in ((old, 20), (recent, 10)):
        path.touch()
        at = path.stat().st_mtime - age * 86_400
        os.utime(path, (at, at))
    job = backup(f"{database.url}?application_name=backup", tmp_path)
    assert job.returncode == 0, job.errors
    (kept,) = set(tmp_path.iterdir()) - {recent}
    assert job.output == f"{kept}: restored; orders: 2, unfinished messages: 1\n"
    assert kept.stat().st_mode & 0o077 == 0
    assert job.left(database.url) == 0
    listed = subprocess.run(["pg_restore", "--list", kept], capture_output=True, text=True, check=True)
    assert "orders_order" in listed.stdout


def test_a_dump_that_is_no_shop_is_not_kept(database, tmp_path):
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("DROP TABLE orders_order")
    job = backup(database.url, tmp_path)
    assert job.returncode != 0
    assert "orders_order" in job.errors
    assert list(tmp_path.iterdir()) == []
    assert job.left(database.url) == 0


def test_a_dump_whose_migrations_this_code_does_not_have_is_not_kept(database, tmp_path):
    home, kept = tmp_path / "home", tmp_path / "backups"
    home.mkdir()
    kept.mkdir()
    (home / "app").symlink_to(PROJECT)
    (home / "venv").symlink_to(sys.prefix)
    var = {"CONVEYOR_VAR": str(tmp_path), "SECRET_KEY": "tests-only-tests-only-tests-only-tests-only-tests-only"}
    job = backup(database.url, kept, CONVEYOR_HOME=str(home), **var)
    assert (job.returncode, job.errors) == (1, "")
    assert list(kept.iterdir()) == []
    assert job.left(database.url) == 0


def test_no_argument_of_a_program_is_a_password(database, tmp_path):
    password = "p:ss@/w?rd%&é'"
    role = f"conveyor_backup_{os.getpid()}"
    shims, seen = tmp_path / "shims", tmp_path / "seen"
    shims.mkdir()
    for program in ("pg_dump", "pg_restore", "psql"):
        shim = shims / program
        real = shutil.which(program)
        shim.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" "$PGPASSWORD" >>{seen}\nexec {real} "$@"\n')
        shim.chmod(0o755)
    kept = tmp_path / "kept"
    kept.mkdir()
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} SUPERUSER LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
        )
        try:
            server = database.url.partition("://")[2].rpartition("@")[2]
            url = f"postgres://{role}:{quote(password, safe='')}@{server}"
            job = backup(url, kept, PATH=f"{shims}:{os.environ['PATH']}")
        finally:
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
    assert job.returncode == 0, job.errors
    arguments, passwords = seen.read_text().splitlines()[::2], seen.read_text().splitlines()[1::2]
    assert set(passwords) == {password}
    assert [line for line in arguments if quote(password, safe="") in line or password in line] == []
    assert all(f"://{role}@" in line for line in arguments)


def test_a_password_among_the_options_is_refused(tmp_path):
    job = backup("postgres://nobody@127.0.0.1:1/none?application_name=a&password=secret", tmp_path)
    assert job.returncode == 1
    assert job.errors.endswith("Write it as //USER:PASSWORD@HOST.\n")
    assert list(tmp_path.iterdir()) == []


def test_a_database_of_another_kind_is_refused_in_one_sentence(tmp_path):
    job = backup(f"sqlite:///{tmp_path}/shop.sqlite3", tmp_path)
    assert job.returncode == 1
    assert job.errors.startswith("DATABASE_URL must begin with postgres://. A backup of SQLite is a copy of its file")
    assert job.errors.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_does_not_answer_leaves_nothing(tmp_path):
    job = backup("postgres://nobody@127.0.0.1:1/none", tmp_path)
    assert job.returncode != 0
    assert list(tmp_path.iterdir()) == []


def test_pictures_are_kept_beside_the_dump(database, tmp_path):
    pictures = tmp_path / "media" / "products"
    pictures.mkdir(parents=True)
    (pictures / "shoe.webp").write_bytes(b"shoe")
    job = backup(database.url, tmp_path, MEDIA_ROOT=str(tmp_path / "media"))
    assert job.returncode == 0, job.errors
    (kept,) = tmp_path.glob("conveyor-*.media.tar")
    assert kept.name.removesuffix(".media.tar") == next(tmp_path.glob("*.dump")).stem
    with tarfile.open(kept) as archive:
        assert archive.extractfile("./products/shoe.webp").read() == b"shoe"
    assert not list(tmp_path.glob("*.partial"))


def test_the_commands_of_the_page_back_up_and_restore_as_printed(database, tmp_path):
    page = (PROJECT / "docs/how-to/back-up-and-restore.md").read_text()
    restored = PostgresqlDatabase()
    own = {
        "/var/backups/conveyor": str(tmp_path),
        "shop.dump": str(tmp_path / "shop.dump"),
        "CREATE DATABASE restored": f"CREATE DATABASE {restored.name}",
        "postgres://conveyor:password@db.internal:5432/restored": restored.url,
        ".venv/bin/python manage.py migrate": "true",
    }
    for printed, name in own.items():
        assert printed in page
        page = page.replace(printed, name)
    commands = "".join(re.findall(r"^ *```\n(.*?)^ *```", page, re.MULTILINE | re.DOTALL)[:3])
    env = {"PATH": os.environ["PATH"], "DATABASE_URL": database.url}
    try:
        done = subprocess.run(
            ["sh", "-ec", commands], cwd=PROJECT, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, done.stderr
        with psycopg.connect(restored.url) as connection:
            assert connection.execute("SELECT id FROM orders_order").fetchall() == [(1,), (2,)]
    finally:
        restored.drop()
    assert len(list(tmp_path.glob("conveyor-*.dump"))) == 1


def test_a_restore_that_stops_halfway_leaves_nothing_and_is_run_again_as_printed(database, tmp_path):
    page = (PROJECT / "docs/how-to/back-up-and-restore.md").read_text()
    (printed,) = re.findall(r"^ *(pg_restore .*)$", page, re.MULTILINE)
    dump, restored = database.dump(tmp_path / "shop.dump"), PostgresqlDatabase()
    restored.create()
    env = {"PATH": os.environ["PATH"], "DATABASE_URL": restored.url}

    def restore() -> int:
        command = ["sh", "-c", printed.replace("shop.dump", str(dump))]
        return subprocess.run(command, env=env, capture_output=True, timeout=PATIENCE, check=False).returncode

    try:
        with psycopg.connect(restored.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE orders_order ()")  # in the way of one, after the first has been created
            assert restore() != 0
            connection.execute("DROP TABLE orders_order")
            assert restore() == 0
    finally:
        restored.drop()


@pytest.mark.parametrize("change", ["touch {folder}/new.webp", "rm -f {folder}/3*.webp"])
def test_a_picture_that_comes_or_goes_meanwhile_does_not_fail_the_backup(database, tmp_path, change):
    """GNU tar ends with 1 then: the dump was deleted because somebody had uploaded a picture."""
    pictures = tmp_path / "media" / "products"
    pictures.mkdir(parents=True)
    for number in range(40):
        (pictures / f"{number}.webp").write_bytes(b"x" * 20_000)
    action = f"--checkpoint=10 --checkpoint-action=exec='{change.format(folder=pictures)}'"
    job = backup(database.url, tmp_path, MEDIA_ROOT=str(tmp_path / "media"), TAR_OPTIONS=action)
    assert "changed as we read it" in job.errors
    assert job.returncode == 0
    assert len(list(tmp_path.glob("conveyor-*.dump"))) == len(list(tmp_path.glob("conveyor-*.media.tar"))) == 1


def test_a_folder_of_pictures_that_is_not_there_is_named_and_the_dump_is_kept(database, tmp_path):
    job = backup(database.url, tmp_path, MEDIA_ROOT=str(tmp_path / "typo"))
    assert job.returncode == 0
    assert job.errors == f"No pictures are kept: there is no folder {tmp_path / 'typo'}.\n"
    assert [path.suffix for path in tmp_path.iterdir()] == [".dump"]


def test_pictures_that_cannot_be_read_fail_the_backup(database, tmp_path):
    (tmp_path / "media").mkdir()
    job = backup(database.url, tmp_path, MEDIA_ROOT=str(tmp_path / "media"), TAR_OPTIONS="--no-such-option")
    assert job.returncode != 0
    assert not list(tmp_path.glob("conveyor-*"))


#: Stands in for `pg_restore`: before the first one, a second job is started and ends.
SECOND = """#!/bin/sh
if [ ! -e "$0.ran" ]; then : > "$0.ran"; {backup} || echo "the second job failed" >&2; fi
exec {real} "$@"
"""


def test_two_jobs_of_the_same_second_keep_out_of_each_others_way(database, tmp_path):
    """As cron and a second host may start them. Both wrote to one partial file, and the first to end removed it."""
    kept, programs = tmp_path / "kept", tmp_path / "programs"
    kept.mkdir()
    programs.mkdir()
    stub = {
        # A date far ahead would let this job take the databases of other workers' jobs for those of killed ones.
        "date": f"#!/bin/sh\necho {int(time.time())}\n",
        "pg_restore": SECOND.format(backup=DEPLOY / "backup" / "backup.sh", real=shutil.which("pg_restore")),
    }
    for name, text in stub.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    job = backup(database.url, kept, PATH=f"{programs}:{os.environ['PATH']}")
    assert (job.returncode, job.errors) == (0, "")
    assert job.output.count(": restored; orders: 2,") == 2
    assert len(list(kept.iterdir())) == 1
    assert job.left(database.url) == 0


def test_databases_of_killed_jobs_are_dropped_the_next_day(database, tmp_path):
    """Nothing cleans up after SIGKILL, and each holds all that shoppers have told the shop."""
    now = int(time.time())
    killed, running = f"conveyor_restored_{now - 90_000}_1_17", f"conveyor_restored_{now}_1_17"
    with psycopg.connect(database.url, autocommit=True) as connection:
        for name in (killed, running):
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            job = backup(database.url, tmp_path)
            found = connection.execute("SELECT datname FROM pg_database").fetchall()
            left = {name for (name,) in found} & {killed, running}
        finally:
            for name in (killed, running):
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
    assert job.returncode == 0, job.errors
    assert left == {running}
