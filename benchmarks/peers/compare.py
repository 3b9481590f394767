"""Ours against its peers, interleaved in one sitting: A, B, C, then C, B, A, and so on; prints a Markdown table.

    python compare.py train-full --model DIR --rows rows.jsonl --rounds 3
    python compare.py train-full ... --ours 'python my_steps.py' --only 'fp32'

A command's last line of output is a JSON object with at least `name`, `dtype`, `seconds` (all measured repetitions) and,
where tokens are counted, `useful_tokens` a repetition. Seconds of all rounds are pooled. Peak memory is the largest
resident size among the command's processes, as the kernel counts it; the head's is its workspace, which the command
reports as `memory_above_inputs_mib`. Commands run in the repository's root; --ours may be given several
times, the first is the one that ratios are of. {python} {here} {model} {rows} {node} {threads} {steps} {warmup} are filled in.
"""
import argparse
import datetime
import json
import os
import re
import shlex
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COUNTS = "--threads {threads} --steps {steps} --warmup {warmup}"
HEAD = "--rows 1024 --width 576 --vocabulary 49152"
AWL_INPUT = "--model {model} --rows {rows} " + COUNTS


def peer(script, options):
    return "{python} {here}/" + f"{script} {options} {COUNTS}"


def training(lora):
    """The step's floor, by torch and by our kernel; rows padded to the longest; one row at a time, which has no padding."""
    scripts = (("transformers" + (" + peft" if lora else ""), "train_transformers.py"), ("trl", "train_trl.py"))
    shapes = (("", ""), (", one row at a time", " --micro-batch 1"))
    floor = {f"bare matrix products, {by}, {dtype}": peer("step_products.py", "--model {model} --rows {rows} "
                                                          f"--lora {lora} --dtype {dtype} --by {by}")
             for dtype in ("fp32", "bf16") for by in ("torch", "awl")}
    return floor | {
        f"{name} {dtype}{shape}": peer(script, "--model {model} --rows {rows} "
                                       f"--lora {lora} --dtype {dtype}{option}")
        for name, script in scripts for dtype in ("fp32", "bf16") for shape, option in shapes}


def generation(batch):
    return {f"transformers {dtype}": peer("generate_transformers.py", "--model {model} --rows {rows} "
                                          f"--batch {batch} --dtype {dtype}")
            for dtype in ("fp32", "bf16")}


def llama_cpp(batch):
    return {"llama.cpp": "node {here}/generate_llama_cpp.mjs --package {node} --model {model} --rows {rows} "
                         f"--batch {batch} {COUNTS}"}


def head(*variants):
    return {f"torch {variant} {dtype}": peer("head.py", f"--variant {variant} {HEAD} --dtype {dtype}")
            for variant in variants for dtype in ("fp32", "bf16")}


# measure: (our command, {label: a peer's command})
MEASURES = {
    "train-full": ("{python} {here}/train_awl.py " + AWL_INPUT, training(0)),
    "train-lora": ("{python} {here}/train_awl.py --lora 16 " + AWL_INPUT, training(16)),
    "generate-1": ("./awl bench-generate --batch 1 " + AWL_INPUT, generation(1)),
    "generate-16": ("./awl bench-generate --batch 16 " + AWL_INPUT, generation(16)),
    "gguf-1": ("./awl bench-generate --batch 1 " + AWL_INPUT, llama_cpp(1)),
    "gguf-16": ("./awl bench-generate --batch 16 " + AWL_INPUT, llama_cpp(16)),
    "start": ("{python} {here}/start_to_logits.py " + COUNTS
              + " --command './awl score --model {model} --input {rows} --output /dev/stdout'",
              {f"transformers {dtype}": peer("start_to_logits.py", "--model {model} --rows {rows} --dtype " + dtype)
               for dtype in ("fp32", "bf16")}),
    "head-dense": (f"benchmarks/run.sh head --active 1.0 {HEAD} {COUNTS}", head("dense")),
    "head-active": (f"benchmarks/run.sh head --active 0.25 {HEAD} {COUNTS}", head("masked", "gathered")),
}


def run(command):
    """The command's JSON line, with the peak memory of its processes added."""
    output = ""
    with subprocess.Popen(command, shell=True, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            output += line
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    lines = output.strip().splitlines()
    if process.returncode or not lines:
        raise SystemExit(f"exit code {process.returncode}: {command}\n" + "\n".join(lines[-20:]))
    try:
        result = json.loads(lines[-1])
        result["seconds"][0]
    except (ValueError, TypeError, LookupError):
        raise SystemExit(f"the last line is not a result with `seconds`: {command}\n{lines[-1]}") from None
    result["memory_mib"] = result.get("memory_above_inputs_mib", usage.ru_maxrss / 1024)
    return result


class Engine:
    """One command and all that its runs have said."""

    def __init__(self, label, command, ours):
        self.label, self.command, self.ours, self.results = label, command, ours, []

    def seconds(self):
        return [second for result in self.results for second in result["seconds"]]

    def speed(self, summary):
        """Tokens a second, or repetitions a second where there are no tokens."""
        return self.results[0].get("useful_tokens", 1) / summary(self.seconds())

    def memory(self):
        return max(result["memory_mib"] for result in self.results)


def table(engines):
    reference = next((engine for engine in engines if engine.ours), None)
    tokens = "useful_tokens" in engines[0].results[0]
    lines = ["| engine | repetitions | median s | fastest s | p20-p80 s |" + (" tokens/s, median / fastest |" if tokens else "")
             + " peak MiB |" + (" ours is faster by, median / fastest | our memory |" if reference else "")]
    lines.append("|" + "---|" * (lines[0].count("|") - 1))
    for engine in engines:
        seconds = sorted(engine.seconds())
        at = lambda share: seconds[round(share * (len(seconds) - 1))]  # noqa: E731
        cells = [engine.label, str(len(seconds)), f"{statistics.median(seconds):.3f}", f"{seconds[0]:.3f}",
                 f"{at(0.2):.3f}-{at(0.8):.3f}"]
        if tokens:
            cells.append(f"{engine.speed(statistics.median):.1f} / {engine.speed(min):.1f}")
        cells.append(f"{engine.memory():.0f}")
        if reference and engine is not reference:
            faster = [reference.speed(summary) / engine.speed(summary) for summary in (statistics.median, min)]
            cells += [f"{faster[0]:.2f}x / {faster[1]:.2f}x", f"{reference.memory() / engine.memory():.2f}x"]
        elif reference:
            cells += ["", ""]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def machine(threads):
    def first(pattern, path):
        found = re.search(pattern, Path(path).read_text(), re.MULTILINE)
        return found.group(1) if found else "unknown"

    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    processor = first(r"^model name\s*: (.*)$", "/proc/cpuinfo")
    return (f"{datetime.date.today()}, {processor}, {os.cpu_count()} CPUs, "
            f"{threads} threads, commit {commit.stdout.strip() or 'unknown'}, load before {os.getloadavg()[0]:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measure", choices=MEASURES)
    parser.add_argument("--model", default="", help="checkpoint folder")
    parser.add_argument("--rows", default="", help="rows.jsonl of rows.py")
    parser.add_argument("--node", default=".", help="folder of `npm install node-llama-cpp`, for the gguf measures")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=3, help="measured repetitions in every round")
    parser.add_argument("--warmup", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ours", action="append", metavar="CMD", help="instead of the table's command")
    parser.add_argument("--peers-only", action="store_true")
    parser.add_argument("--only", default="", metavar="REGEX", help="peers whose label it finds")
    parser.add_argument("--output", type=Path, help="append every run's JSON here")
    parser.add_argument("--dry-run", action="store_true", help="print the commands")
    args = parser.parse_args()
    places = {"python": shlex.quote(sys.executable), "here": shlex.quote(str(HERE)), "threads": str(args.threads),
              "steps": str(args.steps), "warmup": str(args.warmup),
              **{name: shlex.quote(os.path.abspath(path)) if path else "" for name, path in
                 (("model", args.model), ("rows", args.rows), ("node", args.node))}}
    fill = lambda command: re.sub(r"\{(\w+)\}", lambda m: places.get(m[1], m[0]), command)  # noqa: E731
    our_command, peers = MEASURES[args.measure]
    ours = [] if args.peers_only else args.ours or [our_command]
    for name in ("model", "rows"):
        if not places[name] and any("{" + name + "}" in c for c in [*ours, *peers.values()]):
            parser.error(f"{args.measure} needs --{name}")
    engines = [Engine("ours", fill(command), True) for command in ours]
    engines += [Engine(label, fill(command), False) for label, command in peers.items() if re.search(args.only, label)]
    if args.dry_run:
        print("\n".join(f"{engine.label}: {engine.command}" for engine in engines))
        return
    header = machine(args.threads)
    for number in range(args.rounds):
        for engine in engines if number % 2 == 0 else reversed(engines):
            result = run(engine.command)
            engine.results.append(result)
            if engine.ours:
                engine.label = " ".join(["ours:", str(result.get("name", "")), str(result.get("dtype", ""))]).strip()
            print(f"round {number + 1}: {engine.label}: {statistics.median(result['seconds']):.3f} s", file=sys.stderr)
            if args.output:
                with args.output.open("a", encoding="utf-8") as out:
                    out.write(json.dumps({"measure": args.measure, "round": number + 1, "label": engine.label,
                                          "command": engine.command, **result}) + "\n")
    versions = {name: found for engine in engines for name, found in engine.results[0].get("versions", {}).items()}
    print(f"**{args.measure}**: {header}, " + ", ".join(f"{name} {found}" for name, found in versions.items()) + "\n")
    print(table(engines))


if __name__ == "__main__":
    main()
