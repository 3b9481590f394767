"""How fast are checkpoints written, how long does training stand still for one, how long until a resumed run trains?

    python checkpoint_rate.py --model FOLDER --rows FILE [--folder DIR] [--awl ./awl]

Trains all parameters with a checkpoint every second step, watches the run folder, kills the run with -9 behind the third
checkpoint, resumes it and lets it end. Beside it, in the same folder, plain writes of as many bytes with one fsync, through
the page cache and past it (O_DIRECT), and plain copies of them in memory. A checkpoint is written while the next step computes,
which may have to wait for it: look at the seconds of the steps as well as at the gaps between them. The last line is a JSON
object; seconds and GB/s.
"""
import argparse
import json
import mmap
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

import numpy

STEPS, EVERY = 8, 2


class Watch:
    """Times at which a run's files changed, looked at every two milliseconds."""

    def __init__(self, run):
        self.run, self.line, self.begun, self.done, self.bytes = run, {}, {}, {}, {}
        metrics = run / "metrics.jsonl"
        self.old = set(metrics.read_text().splitlines()) if metrics.exists() else set()  # of the run before

    def look(self):
        now = time.monotonic()
        try:
            lines = (self.run / "metrics.jsonl").read_text().splitlines()
        except OSError:
            lines = []
        for line in lines:
            if line in self.old:
                continue
            try:
                metric = json.loads(line)
            except ValueError:  # being written
                continue
            self.line.setdefault(metric["step"], (now, metric["seconds"]))
        try:
            names = os.listdir(self.run / "checkpoints")
        except OSError:
            names = []
        for name in names:
            if name.startswith(".step-"):
                self.begun.setdefault(int(name.split("-")[1].split(".")[0]), now)
            elif name.startswith("step-"):
                step = int(name.split("-")[1])
                if self.done.setdefault(step, now) == now:
                    folder = self.run / "checkpoints" / name
                    self.bytes[step] = sum(file.stat().st_size for file in folder.iterdir())
        return now


def train(awl, config, run, extra, until):
    watch = Watch(run)
    start = time.monotonic()
    child = subprocess.Popen([awl, "train", "--config", config, *extra], stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE)
    while child.poll() is None:
        watch.look()
        if until(watch):
            child.kill()  # the launcher has become the JVM
            break
        time.sleep(0.002)
    error = child.communicate()[1].decode()
    watch.look()
    if child.returncode not in (0, -9):
        raise SystemExit(error)
    return start, watch


def plain_write(folder, data, flags=0):
    path = folder / "plain"
    start = time.monotonic()
    file = os.open(path, os.O_CREAT | os.O_WRONLY | flags)
    for at in range(0, len(data), 8 << 20):
        os.write(file, data[at:at + (8 << 20)])
    os.fsync(file)
    os.close(file)
    seconds = time.monotonic() - start
    path.unlink()
    return seconds


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--model", required=True)
    options.add_argument("--rows", required=True)
    options.add_argument("--folder", help="where to write; default: the system's temporary folder")
    options.add_argument("--awl", default="./awl")
    args = options.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="awl-checkpoints-", dir=args.folder))
    run, config = folder / "run", folder / "run.yaml"
    config.write_text(json.dumps({
        "model": {"path": os.path.abspath(args.model), "precision": "fp32"},
        "data": {"train": os.path.abspath(args.rows), "packing": False, "shuffle": False},
        "train": {"steps": STEPS, "batch_size": 1},
        "checkpoint": {"every": EVERY, "keep": 2},
        "output": str(run)}))
    try:
        _, first = train(args.awl, config, run, [], lambda watch: 3 * EVERY in watch.done)
        size = max(first.bytes.values())
        whole = size // (8 << 20) * (8 << 20)  # in whole pieces, on a page of its own
        data = memoryview(mmap.mmap(-1, whole))
        data[:] = numpy.random.default_rng(1).bytes(whole)
        plain, direct = [], []

        def write_plainly(times):
            for _ in range(times):
                plain.append(plain_write(folder, data))
                direct.append(plain_write(folder, data, os.O_DIRECT))

        write_plainly(3)
        start, second = train(args.awl, config, run, ["--resume"], lambda watch: False)
        write_plainly(2)
        source, target = numpy.frombuffer(data, numpy.uint8), numpy.zeros(whole, numpy.uint8)
        copies = []
        for _ in range(5):
            begun = time.monotonic()
            numpy.copyto(target, source)
            copies.append(time.monotonic() - begun)
    finally:
        shutil.rmtree(folder)

    def gap(watch, step):
        """Seconds between two steps' lines that the second step did not compute."""
        return watch.line[step + 1][0] - watch.line[step][0] - watch.line[step + 1][1]

    resumed = max(first.done) + 1
    written = [watch.done[s] - watch.begun[s] for watch in (first, second) for s in watch.done if s in watch.begun]
    took, disk, past = statistics.median(written), statistics.median(plain), statistics.median(direct)
    print(f"checkpoint {size / 1e9:.2f} GB: written in {written}, plain in {plain}, past the page cache in {direct}")
    print(json.dumps({
        "bytes": size, "write_seconds": took, "plain_seconds": disk, "direct_seconds": past,
        "rate": size / took / 1e9, "plain_rate": size / disk / 1e9, "direct_rate": size / past / 1e9,
        "of_plain": disk / took, "of_direct": past / took,
        "stall_seconds": [gap(first, s) for s in (EVERY, 2 * EVERY)],
        "gap_without_checkpoint": [gap(first, s) for s in (1, 3)],
        "step_seconds": {step: seconds for step, (_, seconds) in first.line.items()},
        "copy_seconds": statistics.median(copies),
        "resume_to_first_step": second.line[resumed][0] - second.line[resumed][1] - start}))


if __name__ == "__main__":
    main()
