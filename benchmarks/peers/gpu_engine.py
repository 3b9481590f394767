"""The Java engine end to end on a device: `awl train` on a random checkpoint in a known shape, rows packed; tokens/s,
model FLOP/s and their share of the device's rate (MFU), peak memory on device and host. One line of JSON, as the peers'.

    python3 gpu_engine.py --shape llama-3.1-8b --lora 16 --packed 4096 --device cuda
    python3 gpu_engine.py --shape qwen2.5-0.5b --packed 8192 --device cuda --recompute
    python3 gpu_engine.py --shape tiny --packed 256 --device cpu --steps 2 --dtype fp32      # a dry run anywhere
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import random_checkpoint
import rows as documents

ROOT = Path(__file__).resolve().parents[2]


def flop_per_token(shape, lora, length):
    """Multiplications and additions of a training step, as MFU is counted: recomputation and masked rows left out."""
    d, f, e = shape["hidden_size"], shape["intermediate_size"], shape["head_dim"]
    heads, kv = shape["num_attention_heads"], shape["num_key_value_heads"]
    layer = 2 * (d * (heads + 2 * kv) * e + heads * e * d + 3 * d * f)
    attention = 2 * 2 * heads * e * length / 2  # causal: half of all pairs on average
    head = 2 * d * shape["vocab_size"]
    forward = shape["num_hidden_layers"] * (layer + attention) + head
    frozen = shape["num_hidden_layers"] * layer + head  # no gradient of frozen matrices
    return 3 * forward - (frozen if lora else 0)


def configuration(args, folder):
    config = {
        "model": {"path": f"{folder}/model", "precision": args.dtype, "device": args.device},
        "data": {"train": f"{folder}/rows.jsonl", "packing": True, "max_length": args.packed, "shuffle": False},
        "train": {"steps": args.warmup + args.steps, "batch_size": args.documents, "recompute": args.recompute},
        "optimizer": {"lr": 1e-5},
        "schedule": {"type": "constant"},
        "checkpoint": {"every": 1000000},
        "output": f"{folder}/run",
    }
    if args.lora:
        config["lora"] = {"rank": args.lora, "alpha": 2 * args.lora, "targets": "all-linear"}
    return config


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=random_checkpoint.SHAPES, required=True)
    parser.add_argument("--layers", type=int, help="fewer than the model has")
    parser.add_argument("--lora", type=int, default=0, metavar="RANK", help="0: train all parameters")
    parser.add_argument("--packed", type=int, default=4096, help="tokens of a micro-batch")
    parser.add_argument("--documents", type=int, default=16, help="rows of a step, 512 to 2,048 tokens each where they fit")
    parser.add_argument("--learned", type=float, default=1.0, help="share of tokens with a weight")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--dtype", choices=("fp32", "bf16"), default="bf16")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--recompute", action="store_true", help="activations of a block again on the way back")
    parser.add_argument("--rate", type=float, default=989.0, help="TFLOP/s that count as 100 %% (H100 and H200: dense bf16)")
    parser.add_argument("--awl", default=str(ROOT / "awl"), help="the launcher, or what stage.sh joined")
    parser.add_argument("--folder", help="where the checkpoint goes and stays; default: a temporary one")
    args = parser.parse_args()
    shape = dict(random_checkpoint.SHAPES[args.shape], **({"num_hidden_layers": args.layers} if args.layers else {}))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(args.folder or temporary).absolute()
        if not (folder / "model" / "model.safetensors").exists():
            random_checkpoint.write(folder / "model", shape, 1)
        longest = min(2048, args.packed)
        drawn = documents.documents(args.documents, max(8, longest // 4), longest, shape["vocab_size"], args.learned, 1)
        if args.learned == 1.0:
            for row in drawn:
                row["weights"] = [0.0] + [1.0] * (len(row["ids"]) - 1)
        (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in drawn))
        (folder / "run.yaml").write_text(json.dumps(configuration(args, folder)))  # JSON is YAML
        with tempfile.TemporaryDirectory(dir=folder) as out:
            config = json.loads((folder / "run.yaml").read_text())
            config["output"] = f"{out}/run"
            (folder / "run.yaml").write_text(json.dumps(config))
            subprocess.run([args.awl, "train", "--config", folder / "run.yaml"], check=True, stdout=sys.stderr)
            run = Path(out, "run")
            steps = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
            environment = json.loads((run / "environment.json").read_text())
    seconds = [step["seconds"] for step in steps[args.warmup:]]
    if len(seconds) != args.steps:
        raise SystemExit(f"expected {args.warmup + args.steps} steps in metrics.jsonl, found {len(steps)}")
    tokens = sum(len(row["ids"]) for row in drawn)
    median = statistics.median(seconds)
    flop = sum(flop_per_token(shape, args.lora, len(row["ids"])) * len(row["ids"]) for row in drawn)
    print(json.dumps({
        "name": f"awl train {args.shape}", "dtype": args.dtype, "device": environment["device"],
        "kernels": environment["kernels"], "optimizer": environment["optimizer"], "lora_rank": args.lora,
        "packed": args.packed, "recompute": args.recompute, "seconds": seconds, "median_seconds": median,
        "tokens": tokens, "tokens_per_second": tokens / median, "tflops": flop / median / 1e12,
        "mfu": flop / median / 1e12 / args.rate, "losses": [step["loss"] for step in steps],
        "peak_device_mib": max((step.get("peak_device_memory") or 0) for step in steps) / 2**20,
        "peak_host_mib": max(step["peak_memory"] for step in steps) / 2**20,
        "versions": {"awl": environment["commit"], "libtorch": environment["libtorch"], "java": environment["java"]}}))


if __name__ == "__main__":
    main()
