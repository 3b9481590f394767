"""What every peer script shares: options, threads, rows, and the one JSON line that it prints."""
import argparse
import json
import os
import resource
import statistics
import time
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = ("torch", "transformers", "peft", "trl", "accelerate", "tokenizers")


def parser(description, steps=5, warmup=1, dtypes=("fp32", "bf16"), model=True):
    options = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    if model:
        options.add_argument("--model", required=True, help="Hugging Face checkpoint folder")
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--steps", type=int, default=steps, help="measured repetitions")
    options.add_argument("--warmup", type=int, default=warmup, help="repetitions before the first measured one")
    options.add_argument("--dtype", choices=dtypes, default=dtypes[0])
    return options


def torch_with(threads):
    """Imports torch offline and with that many threads. The variables must be set before the import."""
    os.environ.update(
        OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads), TOKENIZERS_PARALLELISM="false",
        HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_PROGRESS_BARS="1",
        TRANSFORMERS_VERBOSITY="error", CUDA_VISIBLE_DEVICES="")
    import torch

    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    return torch


def load_model(torch, folder, dtype, train=False):
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    values = torch.bfloat16 if dtype == "bf16" else torch.float32
    return AutoModelForCausalLM.from_pretrained(folder, dtype=values).train(train)


def read_rows(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def labels_of(row):
    """weights[t] is the weight of predicting ids[t], which is what labels[t] means to transformers: 0 or 1 only."""
    odd = set(row["weights"]) - {0, 1}
    if odd or row["weights"][0]:
        raise SystemExit(f"row {row.get('id')}: peers know weights 0 and 1, and 0 at the first token; found {odd or 1}")
    return [token if weight else -100 for token, weight in zip(row["ids"], row["weights"])]


def padded(torch, rows, pad):
    """Right-padded input_ids, attention_mask and labels of rows."""
    longest = max(len(row["ids"]) for row in rows)
    fill = lambda values, filler: values + [filler] * (longest - len(values))  # noqa: E731
    return {
        "input_ids": torch.tensor([fill(row["ids"], pad) for row in rows]),
        "attention_mask": torch.tensor([fill([1] * len(row["ids"]), 0) for row in rows]),
        "labels": torch.tensor([fill(labels_of(row), -100) for row in rows]),
    }


def learned_tokens(rows):
    return sum(label != -100 for row in rows for label in labels_of(row))


def lora_config(rank):
    from peft import LoraConfig

    return LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", lora_dropout=0.0, bias="none",
                      task_type="CAUSAL_LM")


def repeat(steps, warmup, action):
    """Seconds of every measured call of action."""
    seconds = []
    for step in range(warmup + steps):
        start = time.perf_counter()
        action()
        if step >= warmup:
            seconds.append(time.perf_counter() - start)
    return seconds


def peak_mib():
    """Largest resident size of this process so far (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident_mib():
    """Resident size of this process now."""
    with open("/proc/self/statm") as counts:
        return int(counts.read().split()[1]) * resource.getpagesize() / 2**20


def library_versions():
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            pass
    return found


def report(name, args, seconds, tokens=None, **more):
    """The one line of result; compare.py reads the last line of a command's output."""
    median, fastest = statistics.median(seconds), min(seconds)
    line = {
        "name": name, "dtype": args.dtype, "threads": args.threads, "steps": args.steps, "warmup": args.warmup,
        "median_seconds": median, "fastest_seconds": fastest, "seconds": seconds, "peak_rss_mib": peak_mib()}
    if tokens is not None:
        line.update(useful_tokens=tokens, tokens_per_second=tokens / median, fastest_tokens_per_second=tokens / fastest)
    print(json.dumps({**line, **more, "versions": library_versions()}), flush=True)
