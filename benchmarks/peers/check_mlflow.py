"""Does a real MLflow server have what AWL measured? Exit code 1 if not. Needs mlflow (pip install mlflow; about 2 minutes).

    python check_mlflow.py --config run.yaml [--awl ./awl]

Starts a server, trains by `awl train` with tracking on, compares every number with metrics.jsonl and validation.jsonl, then
sends the run again by `awl track`, which must find nothing to send.
"""
import argparse
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request


def lines(file):
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def expected(run):
    points = {}
    for prefix, name in (("train/", "metrics.jsonl"), ("validation/", "validation.jsonl")):
        for line in lines(run / name):
            for key, value in line.items():
                if key not in ("step", "validation_loss") and isinstance(value, (int, float)):
                    points[prefix + key, line["step"]] = float(value)
    return points


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--config", required=True)
    options.add_argument("--awl", default="./awl")
    args = options.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="awl-mlflow-"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    uri = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{folder}/db.sqlite", "--host",
         "127.0.0.1", "--port", str(port), "--workers", "1"],
        stdout=(folder / "server.log").open("w"), stderr=subprocess.STDOUT, cwd=folder,
        env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"})
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(uri + "/health").read()
                break
            except OSError:
                time.sleep(0.5)
        else:
            sys.exit("the server did not start: " + (folder / "server.log").read_text()[-2000:])
        run = folder / "run"
        train = [args.awl, "train", "--config", args.config, "--set", f"output={run}",
                 "--set", f"tracking.mlflow.uri={uri}", "--set", "tracking.mlflow.experiment=check"]
        half = subprocess.run(train + ["--set", "train.steps=3"], check=False)
        rest = subprocess.run(train + ["--resume"], check=False)
        again = subprocess.run([args.awl, "track", str(run), "--mlflow", uri, "--experiment", "check"],
                               stderr=subprocess.PIPE, text=True, check=False)
        from mlflow.tracking import MlflowClient
        client = MlflowClient(uri)
        experiment = client.get_experiment_by_name("check").experiment_id
        runs = client.search_runs([experiment])
        found = {}
        doubled = 0
        for key in runs[0].data.metrics:
            for metric in client.get_metric_history(runs[0].info.run_id, key):
                doubled += (key, metric.step) in found
                found[key, metric.step] = metric.value
        wanted = expected(run)
        faults = [text for text, bad in (
            ("awl train failed", half.returncode or rest.returncode),
            ("awl track failed", again.returncode),
            ("awl track found something to send: " + again.stderr, ": 0 numbers sent" not in again.stderr),
            (f"{len(runs)} runs instead of one", len(runs) != 1),
            ("status " + runs[0].info.status, runs[0].info.status != "FINISHED"),
            (f"{doubled} metrics stand there twice", doubled),
            ("other numbers", found != wanted),
            ("no parameters", runs[0].data.params.get("optimizer.eps") is None)) if bad]
        print(json.dumps({"name": "check mlflow", "agree": not faults, "metrics": len(found), "expected": len(wanted),
                          "params": len(runs[0].data.params), "faults": faults}))
        sys.exit(1 if faults else 0)
    finally:
        server.terminate()
        server.wait(20)


if __name__ == "__main__":
    main()
