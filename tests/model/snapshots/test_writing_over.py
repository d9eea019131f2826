"""A snapshot is there until the one that takes its place is whole, whatever ends the writing."""

from __future__ import annotations

import contextlib
import errno
import resource
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskplan.errors import DataError, InputError
from taskplan.model.memory import MemoryTable
from taskplan.model.snapshots import is_snapshot, open_snapshot, write_snapshot
from taskplan.model.snapshots.claiming import Claim
from taskplan.model.snapshots.manifest import MANIFEST, UNFINISHED
from taskplan.model.snapshots.places import Place


def table_of(scene: str, items: int = 4) -> MemoryTable:
    return MemoryTable.from_documents(
        [
            {"id": f"{row:024x}", "filename": f"/{row}", "metadata": {"user": {"scene": scene}}}
            for row in range(items)
        ]
    )


OLD, NEW = table_of("fog"), table_of("sun")


def scenes(location: Path | str) -> tuple[Any, ...]:
    """What a snapshot holds, read in both ways."""
    table = open_snapshot(str(location))
    found = table.column("metadata.user.scene").values
    told = [document["metadata"]["user"]["scene"] for document in table.documents()]
    assert told == [found[0][0]] * len(told)
    assert len(told) == len(OLD)
    return found


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class EndedError(Exception):
    """What ends a writer."""


@pytest.fixture
def snap(tmp_path: Path) -> Path:
    write_snapshot(OLD, str(tmp_path / "snap"), rows=1)
    return tmp_path / "snap"


@pytest.mark.parametrize("error", [EndedError, KeyboardInterrupt])
@pytest.mark.parametrize("after", range(1, 5))
@pytest.mark.parametrize("location", ["{}", "file://{}", "memory://{}"])
def test_what_is_broken_off_leaves_the_old_one(
    tmp_path: Path, location: str, after: int, error: type[BaseException]
) -> None:
    place = location.format(tmp_path / "snap")
    write_snapshot(OLD, place, rows=1)
    before = Place(place).names()

    def progress(done: int, total: int) -> None:
        assert scenes(place) == (("fog",),)
        if done == after:
            raise error

    with pytest.raises(error):
        write_snapshot(NEW, place, rows=1, batch=1, overwrite=True, progress=progress)
    assert scenes(place) == (("fog",),)
    assert Place(place).names() == before
    write_snapshot(NEW, place, rows=1, overwrite=True)
    assert scenes(place) == (("sun",),)
    assert len(Place(place).names()) == len(before)


@pytest.mark.parametrize("is_there", [False, True])
def test_a_manifest_that_cannot_be_written(
    snap: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    """EndedError just before the manifest is in its place, and just after it."""
    before, write = names(snap), Place.write

    def ending(self: Place, file: str, content: bytes) -> None:
        if file != MANIFEST or is_there:
            write(self, file, content)
        if file == MANIFEST:
            raise EndedError

    monkeypatch.setattr(Place, "write", ending)
    with pytest.raises(EndedError):
        write_snapshot(NEW, str(snap), rows=1, overwrite=True)
    monkeypatch.undo()
    assert scenes(snap) == ((("sun",),) if is_there else (("fog",),))
    assert is_there or names(snap) == before
    write_snapshot(NEW, str(snap), rows=1, overwrite=True)
    assert len(names(snap)) == len(before)


@pytest.mark.parametrize("after", range(5))
def test_a_writer_that_is_killed(snap: Path, after: int) -> None:
    before = names(snap)

    def progress(done: int, total: int) -> None:
        if done == after:
            raise EndedError

    with pytest.MonkeyPatch.context() as killed, contextlib.suppress(EndedError):
        # Who is killed takes nothing away.
        killed.setattr(Place, "remove", lambda self, file: None)
        write_snapshot(NEW, str(snap), rows=1, batch=1, overwrite=True, progress=progress)
    assert scenes(snap) == ((("fog",),) if after else (("sun",),))
    assert UNFINISHED in names(snap)
    with pytest.raises(InputError, match="holds a snapshot; --overwrite"):
        write_snapshot(NEW, str(snap))
    write_snapshot(table_of("ice"), str(snap), rows=1, overwrite=True)
    assert scenes(snap) == (("ice",),)
    assert len(names(snap)) == len(before)


@pytest.mark.parametrize("ends_well", [True, False])
def test_what_was_killed_is_taken_away(snap: Path, ends_well: bool) -> None:
    before = names(snap)
    (snap / "part-00000-1.parquet").write_bytes(b"x")
    (snap / "part-00009-3.parquet").write_bytes(b"x")
    (snap / "part-9.parquet").write_bytes(b"of somebody else")

    def progress(done: int, total: int) -> None:
        if not ends_well:
            raise EndedError

    with contextlib.suppress(EndedError):
        write_snapshot(NEW, str(snap), overwrite=True, progress=progress)
    left = ["part-00000-2.parquet", MANIFEST] if ends_well else before
    assert names(snap) == sorted([*left, "part-9.parquet"])
    assert scenes(snap) == ((("sun",),) if ends_well else (("fog",),))


@pytest.mark.parametrize("text", [b"{", b'{"format": 2, "shape": "unknown"}'])
def test_what_only_another_taskplan_reads_stays_too(snap: Path, text: bytes) -> None:
    (snap / MANIFEST).write_bytes(text)
    before = names(snap)

    def progress(done: int, total: int) -> None:
        assert set(before) <= set(names(snap))
        if done == 2:
            raise EndedError

    with pytest.raises(EndedError):
        write_snapshot(NEW, str(snap), rows=1, batch=1, overwrite=True, progress=progress)
    assert (names(snap), (snap / MANIFEST).read_bytes()) == (before, text)
    write_snapshot(NEW, str(snap), overwrite=True)
    assert names(snap) == ["part-00000-1.parquet", MANIFEST]


def test_a_manifest_that_is_a_folder(snap: Path) -> None:
    (snap / MANIFEST).unlink()
    (snap / MANIFEST).mkdir()
    before = names(snap)
    with pytest.raises(DataError, match="is a folder, expected the manifest of a snapshot"):
        write_snapshot(NEW, str(snap), overwrite=True)
    assert names(snap) == before


def test_who_reads_the_old_one_is_told(snap: Path) -> None:
    table = open_snapshot(str(snap))
    assert table.ids == OLD.ids
    write_snapshot(NEW, str(snap), rows=1, overwrite=True)
    with pytest.raises(DataError, match=r"part-00000\.parquet: is missing; it was there"):
        table.column("metadata.user.scene")
    # The names of the first are free again.
    write_snapshot(NEW, str(snap), rows=1, overwrite=True)
    with pytest.raises(DataError, match="is another file than the snapshot says"):
        table.column("metadata.user.scene")


def test_written_over_while_it_is_opened(snap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = Place.names

    def and_then(self: Place) -> list[str]:
        found = listed(self)
        monkeypatch.undo()
        write_snapshot(NEW, str(snap), rows=1, overwrite=True)
        return found

    monkeypatch.setattr(Place, "names", and_then)
    assert open_snapshot(str(snap)).column("metadata.user.scene").values == (("sun",),)


@pytest.mark.parametrize("location", ["{}", "memory://{}"])
def test_an_empty_folder_is_not_left_empty(tmp_path: Path, location: str) -> None:
    """A plan would take it for a dataset without items."""
    place = location.format(tmp_path / "snap")
    Place(place).make()

    def progress(done: int, total: int) -> None:
        raise EndedError

    with pytest.raises(EndedError):
        write_snapshot(NEW, place, progress=progress)
    assert Place(place).names() == [UNFINISHED]
    assert is_snapshot(place)
    with pytest.raises(DataError, match="was never finished; write it again with --overwrite"):
        open_snapshot(place)
    write_snapshot(NEW, place, overwrite=True)
    assert scenes(place) == (("sun",),)


def test_a_full_disk_is_named_with_its_file(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            write_snapshot(NEW, str(tmp_path / "snap"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.filename == str(tmp_path / "snap" / "part-00000.parquet")
    assert not (tmp_path / "snap").exists()


def test_a_disk_that_is_full_at_the_manifest(snap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = names(snap)

    def full(manifest: Any) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space left on device") as caught:
            Place(str(snap)).write(MANIFEST, b"x")
    assert caught.value.filename == str(snap / MANIFEST)
    assert (names(snap), scenes(snap)) == (before, (("fog",),))


@pytest.mark.parametrize("location", ["{}", "file://{}", "memory://{}"])
def test_who_begins_last_stays(tmp_path: Path, location: str) -> None:
    place = location.format(tmp_path / "snap")

    def progress(done: int, total: int) -> None:
        if done == 2:
            write_snapshot(NEW, place, rows=3, overwrite=True)

    with pytest.raises(InputError) as caught:
        write_snapshot(OLD, place, rows=1, batch=1, progress=progress)
    told = "is written to by somebody else meanwhile; of several writers the last one to begin stays"
    assert str(caught.value) == f"{place}: {told}"
    assert scenes(place) == (("sun",),)
    # Not the names that the other one uses, who is still about.
    assert Place(place).names() == ["part-00000-1.parquet", "part-00001.parquet", MANIFEST]


@pytest.mark.parametrize("location", ["{}", "file://{}", "memory://{}"])
def test_two_who_begin_at_the_same_moment(tmp_path: Path, location: str) -> None:
    """Neither sees anything of the other when it looks, and both want the same names."""
    place = Place(location.format(tmp_path / "snap"))
    first, last = Claim(place, overwrite=False), Claim(place, overwrite=False)
    first.begin()
    with first.part(0) as (name, file):
        file.write(b"first")
    last.begin()
    with last.part(0) as (other, file):
        file.write(b"last")
    assert (name, other) == ("part-00000.parquet", "part-00000-1.parquet")
    with pytest.raises(InputError, match="is written to by somebody else"), first.part(1):
        raise AssertionError
    first.give_up()
    # It is for the other one to clear the place.
    assert place.names() == sorted([UNFINISHED, other, name])
    assert place.read(other) == b"last"
    place.remove(other)
    with pytest.raises(InputError, match=rf"{other}: was taken away meanwhile"):
        last.finish(b"{}")
    last.give_up()
    assert not (tmp_path / "snap").exists()


class Writer(threading.Thread):
    """Writes a snapshot, and waits before each step that others can see, until it is its turn."""

    def __init__(self, scene: str, location: str, *, overwrite: bool) -> None:
        super().__init__(daemon=True)
        self.scene, self.location, self.overwrite = scene, location, overwrite
        self.turn, self.waits = threading.Semaphore(0), threading.Semaphore(0)
        self.is_over = False
        self.outcome: BaseException | None = None

    def run(self) -> None:
        self.pause()
        try:
            write_snapshot(table_of(self.scene), self.location, rows=2, overwrite=self.overwrite)
        except BaseException as error:
            self.outcome = error
        self.is_over = True
        self.waits.release()

    def pause(self) -> None:
        self.waits.release()
        assert self.turn.acquire(timeout=60)

    def step(self) -> None:
        self.turn.release()
        assert self.waits.acquire(timeout=60)


@contextlib.contextmanager
def stepwise() -> Iterator[None]:
    def before(name: str) -> Any:
        real = getattr(Place, name)

        def paused(self: Place, *arguments: Any) -> Any:
            thread = threading.current_thread()
            if isinstance(thread, Writer):
                thread.pause()
            return real(self, *arguments)

        return paused

    with pytest.MonkeyPatch.context() as patched:
        for name in ("names", "make", "read", "write", "remove", "remove_if_empty", "created"):
            patched.setattr(Place, name, before(name))
        yield


@settings(max_examples=60)
@given(turns=st.lists(st.integers(0, 1), max_size=60), had_old=st.booleans(), overwrite=st.booleans())
def test_two_writers_at_once(turns: list[int], had_old: bool, overwrite: bool) -> None:
    """In whatever order their steps come, one snapshot is read whole, or a line says what is wrong."""
    with tempfile.TemporaryDirectory() as folder, stepwise():
        place = f"{folder}/snap"
        if had_old:
            write_snapshot(OLD, place, rows=2)
        writers = [Writer(scene, place, overwrite=overwrite or had_old) for scene in ("sun", "ice")]
        for writer in writers:
            writer.start()
            assert writer.waits.acquire(timeout=60)
        for turn in turns:
            if not writers[turn].is_over:
                writers[turn].step()
                if had_old or Path(place, MANIFEST).exists():
                    read(place)
        for writer in writers:
            while not writer.is_over:
                writer.step()
            writer.join()
            assert isinstance(writer.outcome, InputError | FileNotFoundError | None), writer.outcome
        ended = [writer.scene for writer in writers if writer.outcome is None]
        found = read(place)
        assert found is None or found in (["fog"] if had_old else [], *([scene] for scene in ended))
        if len(turns) == 0:
            assert found == [writers[-1].scene if writers[0].overwrite else writers[0].scene]


def read(place: str) -> list[str] | None:
    try:
        return [value[0] for value in scenes(place)]
    except InputError:
        return None
