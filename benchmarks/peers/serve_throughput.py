"""`awl serve` with 16 clients beside the same work in one process (`awl bench-generate`): tokens per second.

    python benchmarks/peers/serve_throughput.py --model SmolLM2-135M-Instruct.Q4_1.gguf --rows runs/prompts.jsonl

Greedy, the end of a turn ignored, prompts as token ids; the first repetition checks that both make the same tokens. The
server keeps what it has read of a prompt, so every later repetition has other first tokens. Rounds are interleaved; on a
machine that others use too, `awl bench-generate --serve` alternates within one process, repetition by repetition.
"""

import argparse
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time

HOME = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def in_process(args):
    line = subprocess.run(
        [*args.awl.split(), "bench-generate", "--model", args.model, "--rows", args.rows, "--batch",
         str(args.clients), "--new-tokens", str(args.new_tokens), "--steps", str(args.steps), "--warmup", "1"],
        check=True, capture_output=True, text=True).stdout.strip().splitlines()[-1]
    result = json.loads(line)
    return [result["useful_tokens"] / s for s in result["seconds"]], result["first_row"]


class Server:
    def __init__(self, args):
        self.process = subprocess.Popen(
            [*args.awl.split(), "serve", "--model", args.model, "--port", "0", "--name", "m", "--slots",
             str(args.clients), "--context", str(args.context)], stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            found = re.search(r"http://[^:]+:(\d+)/v1", line)
            if found:
                self.port = int(found.group(1))
                break
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def served(server, prompts, args, stream):
    """Seconds and answers of one repetition: every client asks once, all at the same moment."""
    connections = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=600) for _ in prompts]
    for connection in connections:
        connection.connect()
    answers = [None] * len(prompts)
    start = threading.Barrier(len(prompts) + 1)

    def client(n):
        body = json.dumps({"model": "m", "prompt": prompts[n], "max_tokens": args.new_tokens, "temperature": 0,
                           "ignore_eos": True, "return_token_ids": not stream, "stream": stream})
        start.wait()
        connections[n].request("POST", "/v1/completions", body, {"Content-Type": "application/json"})
        data = connections[n].getresponse().read()
        answers[n] = data

    threads = [threading.Thread(target=client, args=(n,)) for n in range(len(prompts))]
    for thread in threads:
        thread.start()
    start.wait()
    begin = time.perf_counter()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begin, answers


def spread(values):
    return f"median {statistics.median(values):.1f}, {min(values):.1f} to {max(values):.1f}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--rows", required=True, help='JSON lines {"ids": [...]}')
    parser.add_argument("--awl", default=os.path.join(HOME, "awl"), help="command that runs awl")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--context", type=int, default=512)
    args = parser.parse_args()
    with open(args.rows) as rows:
        prompts = [json.loads(line)["ids"] for line in rows][: args.clients]
    rates = {"in process": [], "serve": [], "serve, streaming": []}
    server = Server(args)
    other = 0
    try:
        _, answers = served(server, prompts, args, False)
        made = [json.loads(a)["choices"][0]["token_ids"] for a in answers]
        assert all(len(ids) == args.new_tokens for ids in made), "not as many tokens as asked for"
        for _ in range(args.rounds):
            alone, first = in_process(args)  # the server sleeps meanwhile
            assert made[0][: len(first)] == first, "other tokens than in process"
            rates["in process"] += alone
            print("in process:", ", ".join(f"{rate:.1f}" for rate in alone), flush=True)
            for _ in range(args.steps):
                for name, stream in (("serve", False), ("serve, streaming", True)):
                    other += 1
                    fresh = [[ids[0] + other, *ids[1:]] for ids in prompts]
                    seconds, _ = served(server, fresh, args, stream)
                    rates[name].append(args.clients * args.new_tokens / seconds)
                    print(f"{name}: {rates[name][-1]:.1f}", flush=True)
    finally:
        server.stop()
    base = statistics.median(rates["in process"])
    for name, values in rates.items():
        print(f"{name}: {spread(values)} tokens/s, {statistics.median(values) / base:.3f} of in process (medians)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
