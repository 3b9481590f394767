"""From process start to first logits: seconds from spawning a command until it prints its first line.

Without --command the command is transformers: import, load the checkpoint, one forward pass over the only row, print.
Every repetition is a new process; files are in the page cache after the first (--warmup).

    python rows.py one.jsonl --documents 1 --shortest 64
    python start_to_logits.py --model DIR --rows one.jsonl
    python start_to_logits.py --command './awl score --model DIR --input one.jsonl --output /dev/stdout'
"""
import os
import resource
import shlex
import subprocess
import sys
import time

import common


def first_logits(args):
    torch = common.torch_with(args.threads)
    model = common.load_model(torch, args.model, args.dtype)
    rows = common.read_rows(args.rows)
    if len(rows) != 1:
        raise SystemExit(f"{args.rows}: one row expected, found {len(rows)}: other engines would score them all")
    ids = torch.tensor([rows[0]["ids"]])
    with torch.inference_mode():
        print(model(ids).logits[0, -1].argmax().item(), flush=True)


def main():
    options = common.parser(__doc__, model=False)
    options.add_argument("--model")
    options.add_argument("--rows")
    options.add_argument("--command", help="another engine's command; its first line of output is the mark")
    options.add_argument("--child", action="store_true", help="be the measured process")
    args = options.parse_args()
    if args.child:
        first_logits(args)
        return
    if args.command:
        command = shlex.split(args.command)
    else:
        command = [sys.executable, os.path.abspath(__file__), "--child", "--model", args.model, "--rows", args.rows,
                   "--dtype", args.dtype, "--threads", str(args.threads)]

    def run():
        start = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            line = process.stdout.readline()
            seconds.append(time.perf_counter() - start)
            process.stdout.read()
        if process.returncode or not line:
            raise SystemExit(f"exit code {process.returncode} or no output: {shlex.join(command)}")

    seconds = []
    for _ in range(args.warmup + args.steps):
        run()
    child_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    common.report("start to first logits", args, seconds[args.warmup:], child_peak_rss_mib=child_mib,
                  command=args.command or "transformers")


if __name__ == "__main__":
    main()
