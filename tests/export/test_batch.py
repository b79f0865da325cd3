"""Many photographs at once: the same bytes as one by one, nothing lost or done twice, nothing outside of TARGET."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from export import codec
from export.batch import __main__ as batch
from export.batch import pool
from export.batch.manifest import DONE, FAILED, FILE, GREY, PARTS
from export.batch.places import photographs, place
from export.batch.pool import DEATHS, Worker

ODD = "a b#c%20?é.jpg"


@pytest.fixture(scope="module")
def source(tmp_path_factory, photographs):
    """Six small photographs in a tree, one with an odd name, one that is damaged, and files that do not count."""
    folder = tmp_path_factory.mktemp("batch") / "source"
    for number, name in enumerate(["one.png", "two.jpg", "below/three.png", f"below/{ODD}", "below/deep/five.png"]):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photographs[number % 3][: 64 + 8 * number, :96]).save(folder / name)
    (folder / "below" / "damaged.jpg").write_bytes((folder / "two.jpg").read_bytes()[:300])
    (folder / "notes.doc").write_text("no photograph")
    (folder / ".hidden.png").write_bytes(b"none either")
    return folder


def _manifest(out):
    return {row["name"]: row for row in parquet.read_table(out / FILE).to_pylist()}


def _files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_what_a_source_names(source, tmp_path):
    """A folder, globs, and a list: names are relative to what they have in common."""
    names = ["below/" + ODD, "below/damaged.jpg", "below/deep/five.png", "below/three.png", "one.png", "two.jpg"]
    found = photographs(str(source), {".jpg", ".png"})
    assert sorted(found[1]) == sorted(names)
    assert all(found[1][name].size == (source / name).stat().st_size for name in names)
    assert all(found[1][name].modified == (source / name).stat().st_mtime_ns for name in names)
    for pattern, expected in {
        "*.png": ["one.png"],
        "*/*.png": ["below/three.png"],
        "**/*.png": ["below/deep/five.png", "below/three.png", "one.png"],
        "below/**": [name for name in names if name.startswith("below/")],
    }.items():
        base, stamps = photographs(f"{source}/{pattern}", set())
        assert sorted(stamps) == sorted(name[len("below/") :] if pattern[0] == "b" else name for name in expected)
        assert all(base.read(name) for name in stamps)
    listed = [f"{source}/below/three.png", "", f"{source}/below/deep/five.png", f"{source}/below/gone.png"]
    (tmp_path / "list.txt").write_text("\n".join(listed))
    base, stamps = photographs(str(tmp_path / "list.txt"), set())
    there = {name: (source / "below" / name).stat().st_size for name in ("deep/five.png", "three.png")}
    sizes = {name: stamp.size for name, stamp in stamps.items()}
    assert (base.path, sizes) == (str(source / "below"), there | {"gone.png": 0})
    uri = photographs(source.as_uri(), {".png"})
    assert sorted(uri[1]) == ["below/deep/five.png", "below/three.png", "one.png"]


def _arguments(verb, *more):
    from training.command import ArgumentParser

    parser = ArgumentParser()
    batch.VERBS[verb].add_flags(parser)
    return parser.parse_args(list(more))


def _worked(verb, arguments, source, target, names, begun=lambda name: 1):
    """Rows of an actor that is called here, without Ray."""
    suffix = batch.VERBS[verb].suffix(arguments)
    files = batch._files(dict.fromkeys(names), suffix)
    rows = pa.Table.from_pylist([{"name": name, "file": files[name], "attempt": 1} for name in names])
    worker = Worker(verb, arguments, place(str(source)), place(str(target)), begun, print)
    return {row["name"]: row for row in worker(rows).to_pylist()}


def test_encode_and_decode_are_those_of_the_command(source, tmp_path):
    """Byte for byte; a damaged file is named, with its line."""
    names = ["one.png", f"below/{ODD}", "below/damaged.jpg"]
    flags = ["--kind", "webp", "--quality", "40", "--effort", "0"]
    rows = _worked("encode", _arguments("encode", *flags), source, tmp_path / "files", names)
    plain = [str(source / name) for name in names[:2]]
    assert codec.main(["encode", *plain, *flags, "--out", str(tmp_path / "plain")]) == 0
    for name in names[:2]:
        row, data = rows[name], (tmp_path / "plain" / f"{Path(name).stem}.webp").read_bytes()
        assert (tmp_path / "files" / row["file"]).read_bytes() == data
        assert row["status"] == DONE
        assert (row["bytes_in"], row["bytes_out"]) == ((source / name).stat().st_size, len(data))
        assert row["luma_bytes"] + row["color_bytes"] == len(data)
        assert row["psnr"] > 25
    assert rows["below/damaged.jpg"]["status"] == FAILED
    assert "Truncated" in rows["below/damaged.jpg"]["line"]
    assert _files(tmp_path / "files") == {"one.webp", f"below/{Path(ODD).stem}.webp"}

    grey = Image.fromarray(np.full((40, 40), 99, np.uint8))
    grey.save(tmp_path / "files" / "grey.webp")
    kept = sorted(_files(tmp_path / "files"))
    rows = _worked("decode", _arguments("decode"), tmp_path / "files", tmp_path / "back", kept)
    assert {name: row["status"] for name, row in rows.items()} == dict.fromkeys(kept, DONE) | {"grey.webp": GREY}
    files = [str(tmp_path / "files" / name) for name in kept]
    assert codec.main(["decode", *files, "--out", str(tmp_path / "plain back")]) == codec.DAMAGED
    for row in rows.values():
        assert (tmp_path / "back" / row["file"]).read_bytes() == (
            tmp_path / "plain back" / Path(row["file"]).name
        ).read_bytes()


def test_what_kills_too_often_is_given_up(source, tmp_path):
    """And what is gone has failed."""

    def begun(name):
        return DEATHS + (name == "one.png")

    arguments = _arguments("encode", "--kind", "webp", "--effort", "0")
    rows = _worked("encode", arguments, source, tmp_path / "out", ["one.png", "two.jpg", "gone.png"], begun)
    assert {name: row["status"] for name, row in rows.items()} == {
        "one.png": FAILED,
        "two.jpg": DONE,
        "gone.png": FAILED,
    }
    assert rows["one.png"]["line"] == "the process that worked on it died"
    assert "No such file" in rows["gone.png"]["line"]
    assert _files(tmp_path / "out") == {"two.webp"}


def test_colorize_and_evaluate(source, tmp_path):
    from export import colorize
    from training.metrics.images import psnr

    arguments = _arguments("colorize", "--model", "champati_regression-cifar10")
    rows = _worked("colorize", arguments, source, tmp_path / "colored", ["two.jpg"])
    argv = [str(source / "two.jpg"), "--model", "champati_regression-cifar10", "--out", str(tmp_path / "plain")]
    assert colorize.main(argv) == 0
    assert (tmp_path / "colored" / "two.png").read_bytes() == (tmp_path / "plain" / "two.png").read_bytes()
    assert rows["two.jpg"]["digest"]

    import zoo

    arguments = _arguments("evaluate", "--model", "crayon_edge")
    rows = _worked("evaluate", arguments, source, tmp_path / "scores", ["one.png"])
    rgb = np.asarray(Image.open(source / "one.png"))
    (decoded,) = zoo.load("crayon_edge").samples([rgb])
    assert rows["one.png"]["psnr"] == pytest.approx(psnr(rgb, decoded), abs=0.01)
    assert 0.5 < rows["one.png"]["ssim"] < 1
    assert not (tmp_path / "scores").exists()


def test_refused(source, tmp_path, refused, monkeypatch):
    argv = ["encode", str(source), "--out"]
    for out in (source, source / "below", source.parent):
        assert "lie within each other" in refused(batch.main, [*argv, str(out)])
    (tmp_path / "two").mkdir()
    for name in ("same.png", "same.jpg"):
        shutil.copy(source / "one.png", tmp_path / "two" / name)
    line = refused(batch.main, ["encode", str(tmp_path / "two"), "--out", str(tmp_path / "out")])
    assert "same.jpg and same.png would become the same file" in line.replace(
        "same.png and same.jpg", "same.jpg and same.png"
    )
    argv = ["colorize", str(source), "--out", str(tmp_path / "out"), "--model"]
    assert "is no colorizer" in refused(batch.main, [*argv, "crayon_edge"])
    argv[0] = "evaluate"
    assert "is a classifier" in refused(batch.main, [*argv, "champati_features"])
    assert "--memory: must be at least 75" in refused(batch.main, [*argv, "crayon_edge", "--memory", "10"])
    argv[0] = "colorize"
    monkeypatch.setitem(sys.modules, "ray", None)
    line = refused(batch.main, [*argv, "champati_regression"])
    assert "pip install 'colorizer-zoo[ray]'" in line
    assert not (tmp_path / "out").exists()


def _command(verb, source, out, *more):
    return [sys.executable, "-m", "export.batch", verb, str(source), "--out", str(out), *more]


def _run(verb, source, out, *more):
    return subprocess.run(_command(verb, source, out, *more), capture_output=True, text=True, timeout=600)


QUICK = ["--effort", "0", "--kind", "webp", "--actors", "2"]


@pytest.mark.slow
def test_all_is_done_and_not_again(source, tmp_path):
    """What is damaged is named at the end; a second time it alone is tried, and what was changed or taken away."""
    out = tmp_path / "out"
    done = _run("encode", source, out, *QUICK)
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert "error: 1 of 6 failed: below/damaged.jpg (Truncated File Read)" in done.stderr
    rows = _manifest(out)
    assert {name for name, row in rows.items() if row["status"] == DONE} == rows.keys() - {"below/damaged.jpg"}
    assert rows["below/damaged.jpg"]["attempt"] == 3
    files = {row["file"] for row in rows.values() if row["status"] == DONE}
    assert _files(out) == files | {FILE}

    written = {file: ((out / file).stat().st_mtime_ns, (out / file).read_bytes()) for file in files}
    (out / "one.webp").unlink()
    changed = bytearray(written["two.webp"][1])
    changed[-9] ^= 1
    (out / "two.webp").write_bytes(changed)
    assert "3 are done already" in _run("encode", source, out, *QUICK).stdout
    for file, (when, data) in written.items():
        assert (out / file).read_bytes() == data
        assert ((out / file).stat().st_mtime_ns == when) == (file not in ("one.webp", "two.webp"))
    assert "was filled with another effort" in _run("encode", source, out, *QUICK, "--effort", "1").stderr


@pytest.mark.slow
def test_more_than_ray_knows_of_at_a_time(monkeypatch):
    """Each comes once, though other actors come to the rest; and Ray keeps no record of what it called."""
    import psutil

    class Calling:
        def __init__(self, begun, ended):
            self.begun, self.ended = begun, ended

        def __call__(self, batch):
            for name in batch["name"].to_pylist():
                self.begun(name)
                self.ended(name)
            return batch.append_column("process", pa.array([os.getpid()] * len(batch)))

    monkeypatch.setattr(pool, "BATCHES", 250)
    names, megabytes = [f"{number:04}" for number in range(4000)], []
    with pool.cluster(1 << 27):
        (keeps,) = (each for each in psutil.Process().children(recursive=True) if each.name() == "gcs_server")
        found = []
        for rows in pool.results(pa.table({"name": names}), Calling, pool.deaths(), 2):
            found += rows.to_pylist()
            megabytes.append(keeps.memory_info().rss / 1e6)
    assert sorted(row["name"] for row in found) == names
    assert len({row["process"] for row in found}) == 4
    assert megabytes[-1] - megabytes[100] < 10


@pytest.fixture
def many(source, tmp_path):
    """Links to five photographs, three hundred in all."""
    folder = tmp_path / "many"
    folder.mkdir()
    kept = [path for path in source.rglob("*") if path.is_file() and path.suffix in (".png", ".jpg")]
    kept = [path for path in kept if path.name[0] != "." and path.name != "damaged.jpg"]
    for number in range(300):
        path = kept[number % len(kept)]
        (folder / f"{number:03}{path.suffix}").symlink_to(path)
    return folder


@pytest.mark.slow
def test_one_in_a_hundred_is_damaged(many, tmp_path):
    """Each of these is named in the manifest, with why; all others are done."""
    first, *others = (sorted(many.iterdir())[number] for number in (0, 100, 200, 299))
    photograph = first.read_bytes()
    damaged = dict(zip(others, (b"", photograph[: len(photograph) // 2], b"no photograph" * 99), strict=True))
    for path, data in damaged.items():
        path.unlink()
        path.write_bytes(data)
    done, rows = _run("encode", many, tmp_path / "out", *QUICK), _manifest(tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert {name for name, row in rows.items() if row["status"] == FAILED} == {path.name for path in damaged}
    assert len(rows) == len(list(many.iterdir()))
    for path in damaged:
        assert f"{path.name} ({rows[path.name]['line']})" in done.stderr
    assert len(list((tmp_path / "out").glob("*.webp"))) == len(rows) - len(damaged)


def _wait_for(condition):
    end = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def _whole(out, count):
    """All are done, once each, and nothing else is there."""
    rows = _manifest(out)
    assert len(rows) == count
    assert {row["status"] for row in rows.values()} == {DONE}
    assert _files(out) == {row["file"] for row in rows.values()} | {FILE}
    for row in rows.values():
        assert (out / row["file"]).stat().st_size == row["bytes_out"]


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["actor", "command"])
def test_a_kill_costs_nothing(victim, many, tmp_path):
    """Of an actor: the others, and the next one, go on. Of the command: the same one again goes on from there."""
    out = tmp_path / "out"
    process = subprocess.Popen(_command("encode", many, out, *QUICK), start_new_session=True)
    _wait_for(lambda: len(list(out.glob("*.webp"))) > 20)
    if victim == "actor":
        found = subprocess.run(["pgrep", "-f", "ray::.*Worker"], capture_output=True, text=True).stdout.split()
        os.kill(int(found[0]), signal.SIGKILL)
        assert process.wait(600) == 0
    else:
        _wait_for(lambda: list((out / PARTS).glob("*.parquet")))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        _wait_for(lambda: not subprocess.run(["pgrep", "-f", "ray::.*Worker"], capture_output=True).stdout)
        done = _run("encode", many, out, *QUICK)
        assert done.returncode == 0, done.stderr
        assert "are done already" in done.stdout
    _whole(out, 300)


@pytest.mark.slow
def test_an_interrupt_leaves_a_manifest_to_go_on_from(many, tmp_path):
    out = tmp_path / "out"
    process = subprocess.Popen(_command("encode", many, out, *QUICK), stdout=subprocess.PIPE, text=True)
    _wait_for(lambda: len(list(out.glob("*.webp"))) > 20)
    process.send_signal(signal.SIGINT)
    assert "interrupted: the same command goes on" in process.communicate(timeout=300)[0]
    assert process.returncode == 130
    assert _run("encode", many, out, *QUICK).returncode == 0
    _whole(out, 300)


@pytest.fixture
def cluster():
    """One node of one CPU on this machine."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    yield cluster
    cluster.shutdown()


def _joining(cluster):
    return {**os.environ, "RAY_ADDRESS": cluster.address}


@pytest.mark.slow
def test_more_actors_than_there_is_room_for(cluster, source, tmp_path):
    """Of one CPU: all is done, by those that there are."""
    argv = _command("encode", source / "below", tmp_path / "out", *QUICK, "--actors", "9")
    done = subprocess.run(argv, env=_joining(cluster), capture_output=True, text=True, timeout=300)
    assert "1 of 4 failed: damaged.jpg" in done.stderr
    assert len(_manifest(tmp_path / "out")) == 4


@pytest.fixture
def nodes(cluster):
    """A cluster of two nodes."""
    cluster.add_node(num_cpus=1)
    return cluster


def _actors(node):
    """The processes of a node that work on photographs."""
    raylet = node.all_processes["raylet"][0].process.pid
    return subprocess.run(["pgrep", "-P", str(raylet), "-f", "ray::.*Worker"], capture_output=True).stdout.split()


@pytest.mark.slow
def test_a_node_that_dies(nodes, many, tmp_path):
    """In the middle, while it works: all is done, once."""
    out, (node,) = tmp_path / "out", nodes.worker_nodes
    process = subprocess.Popen(_command("encode", many, out, *QUICK), env=_joining(nodes))
    _wait_for(lambda: len(list(out.glob("*.webp"))) > 20 and _actors(node))
    nodes.remove_node(node, allow_graceful=False)
    assert len(list(out.glob("*.webp"))) < 300
    assert process.wait(600) == 0
    _whole(out, 300)


@pytest.mark.slow
def test_a_head_that_dies(nodes, many, tmp_path):
    """The command ends; the same one again, without the cluster, goes on from there."""
    out = tmp_path / "out"
    process = subprocess.Popen(_command("encode", many, out, *QUICK), env=_joining(nodes))
    _wait_for(lambda: list((out / PARTS).glob("*.parquet")))
    nodes.remove_node(nodes.head_node, allow_graceful=False)
    assert process.wait(300)
    assert len(list(out.glob("*.webp"))) < 300
    done = _run("encode", many, out, *QUICK)
    assert done.returncode == 0, done.stderr
    assert "are done already" in done.stdout
    _whole(out, 300)
