"""The store of shared pages: bounded, never older than the catalogue, and no loss while the cache is down."""

import logging
from collections.abc import Callable
from contextlib import ExitStack, suppress
from threading import Barrier, BrokenBarrierError, Lock

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client
from redis import Redis

from config import env
from shop.models import Product
from shop.site.shared_pages import store
from shop.site.shared_pages.page import Page
from tests.factories import ProductFactory
from tests.ports import free_port
from tests.races import at_once
from tests.shop.site.shared_pages import statements, stored, text, token

pytestmark = pytest.mark.django_db

PAGES = ("/", "/products/", "/products/banjo/", "/search/?q=banjo", "/about/", "/delivery/")


@pytest.fixture
def product():
    return ProductFactory.create(sku="BANJO", slug="banjo", name="Banjo")


@pytest.fixture
def share_cache(settings, monkeypatch):
    """Call with the URL of the cache to use, as with `CACHE_URL`."""

    def share(url: str) -> None:
        monkeypatch.setenv("CACHE_URL", url)
        settings.CACHES = {"default": env.cache()}

    return share


@pytest.fixture
def _healthy(monkeypatch):
    """The cache has not failed yet."""
    monkeypatch.setattr(store._outage, "until", 0.0)


def without_token(client: Client, path: str) -> str:
    page = text(client, path)
    return page.replace(token(page), "")


def page(content: str) -> Page:
    return Page(texts=[content], names=[], digest="")


class TestBounds:
    def test_unknown_parameters_make_no_entries(self, client, product):
        for n in range(50):
            text(client, f"/?utm_source={n}&q={n}&page={n}")
            text(client, f"/products/banjo/?x{n}={n}")
        assert len(stored()) == 2

    def test_the_order_of_parameters_and_empty_ones_make_no_entries(self, client, product):
        for query in ("q=a&sort=newest", "sort=newest&q=a", "q=b&q=a&sort=newest&page=", "price_to=&sort=newest&q=a"):
            text(client, f"/search/?{query}")
        assert len(stored()) == 1

    def test_hostile_searches_fill_their_own_slots_only(self, client, product):
        for path in ("/", "/products/banjo/"):
            text(client, path)
        for n in range(300):
            assert f"“zz{n}”" in text(client, f"/search/?q=zz{n}&page={n}")
        searches = [key for key in cache._cache if ":search:" in key]
        assert len(searches) <= 256
        assert len(cache._cache) == len(searches) + 2
        assert len(statements(client, "/products/banjo/")) == 1

    def test_more_pages_than_slots_fill_the_slots_and_none_is_mistaken_for_another(self):
        pages = store.PageStore("test", slots=16)
        for n in range(200):
            assert pages.page(f"key {n}", lambda n=n: page(f"{n}")) == page(f"{n}")
        assert len(cache._cache) == 16

    def test_a_missing_page_is_not_stored(self, client, product):
        for n in range(5):
            assert client.get(f"/products/none-{n}/").status_code == 404
        assert stored() == []

    def test_a_very_large_page_is_not_stored(self, client, product):
        Product.objects.update(description="x" * store.MAX_SIZE)
        assert len(text(client, "/products/banjo/")) > store.MAX_SIZE
        assert stored() == []


@pytest.mark.usefixtures("_healthy")
class TestOutage:
    def test_pages_are_rendered_while_the_cache_is_down(self, client, product, share_cache, caplog):
        share_cache(f"redis://127.0.0.1:{free_port()}")
        with caplog.at_level(logging.WARNING, logger=store.__name__):
            for path in PAGES * 2:
                text(client, path)
        assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
            "The cache has failed, so every page is rendered"
        ]

    def test_a_cache_that_works_again_is_used(self, client, product, caplog, monkeypatch):
        monkeypatch.setattr(store._outage, "until", 1e-9)
        text(client)
        assert [record.getMessage() for record in caplog.records] == ["The cache works again."]
        assert len(stored()) == 1


FOREIGN = {
    "a dictionary": lambda entry: {"no": "page"},
    "an empty list": lambda entry: [],
    "a short list": lambda entry: ["x"],
    "one field more": lambda entry: [*entry, "x"],
    "no texts": lambda entry: [*entry[:2], None, *entry[3:]],
    "one text too few": lambda entry: [*entry[:2], entry[2][1:], *entry[3:]],
    "a number among the texts": lambda entry: [*entry[:2], [1, *entry[2][1:]], *entry[3:]],
    "an unknown piece": lambda entry: [*entry[:3], ["unknown", *entry[3][1:]], entry[4]],
}


@pytest.mark.usefixtures("_healthy")
@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN)
def test_what_does_not_belong_there_is_replaced(client, product, caplog, foreign):
    page = without_token(client, "/")
    (entry,) = stored()
    (key,) = cache._cache
    cache.set(key.rpartition(":1:")[2], foreign(entry))
    assert without_token(client, "/") == page
    assert len(statements(client, "/")) == 1
    assert caplog.records == []


@pytest.fixture
def valkey(broker, settings, share_cache):
    if not settings.BROKER_URL.startswith("redis"):
        pytest.skip("needs Valkey")
    share_cache(settings.BROKER_URL)
    with Redis.from_url(settings.BROKER_URL) as client:
        yield client


@pytest.mark.usefixtures("_healthy")
@pytest.mark.parametrize("foreign", [b"\x80\x05N.", b"no JSON", b"[" * 200_000], ids=["pickle", "text", "nesting"])
def test_what_is_no_json_is_replaced(client, product, valkey, caplog, foreign):
    text(client)
    for key in valkey.keys("*page:home:*"):
        valkey.set(key, foreign)
    text(client)
    assert len(statements(client, "/")) == 1
    assert caplog.records == []


@pytest.mark.usefixtures("valkey")
def test_pages_pass_through_valkey(client, product):
    page = without_token(client, "/products/banjo/")
    assert len(statements(client, "/products/banjo/")) == 1
    assert without_token(client, "/products/banjo/") == page


def test_popular_pages_do_not_displace_each_other():
    """A quarter as many pages as slots: with one slot for each page, some would share one."""
    pages, rendered = store.PageStore("test", slots=128), []

    def render(name):
        rendered.append(name)
        return page(name)

    for _round in range(3):
        for n in range(32):
            assert pages.page(f"key {n}", lambda n=n: render(str(n))) == page(str(n))
    assert sorted(rendered) == sorted(str(n) for n in range(32))


def test_what_changes_while_a_page_is_rendered_is_on_the_next_one(product):
    pages = store.PageStore("test", slots=4)

    def render():
        before = Product.objects.get().price
        Product.objects.update(price=before + 1)
        return page(str(before))

    first = pages.page("key", render)
    assert first == page("1250")
    assert pages.page("key", lambda: page("rendered again")) == page("rendered again")


@pytest.mark.django_db(transaction=True)
def test_a_popular_page_is_rendered_once():
    pages, both, rendered = store.PageStore("test", slots=4), Barrier(2), []

    def render():
        rendered.append(1)
        with suppress(BrokenBarrierError):
            both.wait(1)  # a second thread that renders would meet the first one here
        return page("content")

    at_once(*[lambda: pages.page("key", render)] * 4)
    assert len(rendered) == 1


class TakenByAnother:
    """A lock that another thread takes, and releases with its work done, in the moment before this one acquires it."""

    def __init__(self, work: Callable[[], object], *, at_first: bool) -> None:
        self._lock, self._work, self._held = Lock(), work, not at_first

    def acquire(self, blocking: bool = True) -> bool:
        if self._held and not blocking:
            return False
        self._work()
        return self._lock.acquire(blocking)

    def locked(self) -> bool:
        return self._lock.locked()

    def release(self) -> None:
        self._lock.release()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *error: object) -> None:
        self.release()


@pytest.mark.parametrize("released", [True, False], ids=["already released", "still held"])
def test_a_page_that_another_thread_has_just_rendered_is_not_rendered_again(released):
    pages, another = store.PageStore("test", slots=1), store.PageStore("test", slots=1)
    pages._locks = [TakenByAnother(lambda: another.page("key", lambda: page("content")), at_first=released)]
    assert pages.page("key", lambda: page("rendered again")) == page("content")


def test_a_database_that_fails_a_waiting_visitor_does_not_block_the_next_one():
    pages, failing = store.PageStore("test", slots=1), ExitStack()

    def fail(*args: object) -> None:
        raise OperationalError

    lock = TakenByAnother(lambda: failing.enter_context(connection.execute_wrapper(fail)), at_first=False)
    pages._locks = [lock]
    with failing, pytest.raises(OperationalError):
        pages.page("key", lambda: page("content"))
    assert not lock.locked()


@pytest.mark.django_db(transaction=True)
def test_a_page_that_fails_does_not_block_the_next_visitor():
    pages = store.PageStore("test", slots=1)

    def fail():
        raise LookupError

    with pytest.raises(LookupError):
        pages.page("key", fail)
    assert pages.page("key", lambda: page("content")) == page("content")
