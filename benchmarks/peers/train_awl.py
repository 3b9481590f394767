"""Training steps of AWL itself: writes a configuration, runs `awl train` on the rows, reads its metrics.

Nothing is left out: a step is what `awl train` reports, and the process reads the model, trains, and writes a checkpoint
and the final model, all of which count for its peak memory. The run folder is deleted afterwards.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def configuration(args, rows, folder):
    config = {
        "model": {"path": os.path.abspath(args.model), "precision": args.dtype},
        "data": {"train": os.path.abspath(args.rows), "packing": False, "shuffle": False},
        "train": {"steps": args.warmup + args.steps, "batch_size": len(rows), "clip_norm": args.clip_norm,
                  **({"micro_batch_size": args.micro_batch} if args.micro_batch else {})},
        "optimizer": {"lr": args.lr, "betas": [0.9, 0.95], "weight_decay": 0.0},
        "schedule": {"type": "constant"},
        "checkpoint": {"every": args.warmup + args.steps},
        "output": f"{folder}/run",
    }
    if args.lora:
        config["lora"] = {"rank": args.lora, "alpha": 2 * args.lora, "targets": "all-linear"}
    return config


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--model", required=True, help="Hugging Face checkpoint folder")
    options.add_argument("--rows", required=True)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--steps", type=int, default=5, help="measured repetitions")
    options.add_argument("--warmup", type=int, default=1, help="repetitions before the first measured one")
    options.add_argument("--dtype", choices=("fp32", "bf16"), default="fp32")
    options.add_argument("--lora", type=int, default=0, metavar="RANK", help="0: train all parameters")
    options.add_argument("--micro-batch", type=int, default=0, help="rows a forward pass; 0: all")
    options.add_argument("--lr", type=float, default=2e-5)
    options.add_argument("--clip-norm", type=float, default=1.0)
    args = options.parse_args()
    with open(args.rows, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "run.yaml")
        config.write_text(json.dumps(configuration(args, rows, folder)))  # JSON is YAML
        subprocess.run([ROOT / "awl", "train", "--config", config], check=True, stdout=sys.stderr,
                       env={**os.environ, "OMP_NUM_THREADS": str(args.threads)})
        run = Path(folder, "run")
        steps = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        environment = json.loads((run / "environment.json").read_text())
    steps = [step for step in steps if "seconds" in step]
    seconds = [step["seconds"] for step in steps[args.warmup:]]
    tokens = sum(len(row["ids"]) for row in rows)
    if len(seconds) != args.steps:
        raise SystemExit(f"expected {args.warmup + args.steps} steps in metrics.jsonl, found {len(steps)}")
    print(json.dumps({
        "name": "awl train", "dtype": args.dtype, "threads": environment["threads"], "steps": args.steps,
        "warmup": args.warmup, "median_seconds": statistics.median(seconds), "fastest_seconds": min(seconds),
        "seconds": seconds, "useful_tokens": tokens, "tokens_per_second": tokens / statistics.median(seconds),
        "learned_tokens": sum(map(bool, (weight for row in rows for weight in row["weights"]))),
        "lora_rank": args.lora, "losses": [step["loss"] for step in steps], "kernels": environment["kernels"],
        "versions": {"awl": environment["awl"], "libtorch": environment["libtorch"], "java": environment["java"]}}))


if __name__ == "__main__":
    main()
