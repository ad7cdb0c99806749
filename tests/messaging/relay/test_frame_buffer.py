"""Frame buffer: few writes for a batch, in order; nothing of it after an error."""

import contextlib
from types import SimpleNamespace

import pytest

from messaging.relay.frame_buffer import SIZE, FrameBuffer


class Transport:
    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data) -> None:
        self.written.append(bytes(data))


@pytest.fixture
def transport():
    return Transport()


@pytest.fixture
def frames(transport):
    return FrameBuffer(SimpleNamespace(transport=transport, frame_max=131_072))


def test_a_frame_outside_a_batch_is_written_at_once(frames, transport):
    frames.write(b"one")
    frames.write(b"two")
    assert transport.written == [b"one", b"two"]


def test_the_frames_of_a_batch_are_written_together(frames, transport):
    shared = bytearray(b"one")
    with frames:
        frames.write(memoryview(shared))
        shared[:] = b"two"  # py-amqp packs every frame into the same buffer
        frames.write(memoryview(shared))
        assert transport.written == []
    assert transport.written == [b"onetwo"]


def test_a_large_batch_is_written_in_parts(frames, transport):
    with frames:
        for _ in range(10):
            frames.write(b"x" * (SIZE // 4))
    assert [len(data) for data in transport.written] == [SIZE, SIZE, SIZE // 2]


def test_a_batch_that_fails_writes_no_more(frames, transport):
    with contextlib.suppress(ConnectionResetError), frames:
        frames.write(b"one")
        raise ConnectionResetError
    frames.write(b"two")
    assert transport.written == [b"two"]


def test_an_empty_batch_writes_nothing(frames, transport):
    with frames:
        pass
    assert transport.written == []
