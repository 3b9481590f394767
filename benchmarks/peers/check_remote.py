"""Does somebody else's server (vLLM, llama.cpp's, SGLang) write what `awl generate` writes of the same checkpoint?

    llama-server -m SmolLM2-135M-Instruct.Q4_1.gguf --port 8202 &
    python benchmarks/peers/check_remote.py --url http://127.0.0.1:8202 --served smol --model SmolLM2-135M-Instruct.Q4_1.gguf

Greedy completions of generated questions, prompts as token ids. Says how many answers are the same token by token, how far
the others go together, how far log-probabilities of tokens that both wrote are apart, and how near the two candidates were
where they part. Ends with status 1 where tokens part that were not near (--near).
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.request


def lines(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def ask(url, body):
    request = urllib.request.Request(url + "/v1/completions", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=600) as answer:
        choice = json.load(answer)["choices"][0]
    told = choice.get("logprobs") or {}
    if "content" in told:  # llama.cpp's server
        return [t["id"] for t in told["content"]], [t["logprob"] for t in told["content"]], None
    return choice["token_ids"], told["token_logprobs"], told.get("top_logprobs")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--url", required=True)
    options.add_argument("--served", default="smol", help="the model's name there")
    options.add_argument("--model", required=True, help="the checkpoint for awl generate")
    options.add_argument("--adapter", help="the adapter for awl generate, served under the name --served")
    options.add_argument("--awl", default="./awl")
    options.add_argument("--questions", type=int, default=16)
    options.add_argument("--new-tokens", type=int, default=48)
    options.add_argument("--near", type=float, default=0.25, help="difference of log-probabilities")
    args = options.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="awl-remote-"))

    def awl(*words):
        subprocess.run([args.awl, *map(str, words)], check=True, stdout=subprocess.DEVNULL)

    awl("problems", "generate", "--set", "mechanics", "--count", args.questions, "--output", folder / "questions.jsonl")
    rows = [{"id": str(n), "messages": [{"role": "user", "content": each["question"]}], "add_generation_prompt": True}
            for n, each in enumerate(lines(folder / "questions.jsonl")[:args.questions])]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    awl("render", "--model", args.model, "--input", folder / "rows.jsonl", "--output", folder / "prompts.jsonl")
    prompts = [{"id": row["id"], "ids": row["ids"]} for row in lines(folder / "prompts.jsonl")]
    (folder / "ids.jsonl").write_text("".join(json.dumps(row) + "\n" for row in prompts))
    awl("generate", "--model", args.model, *(["--adapter", args.adapter] if args.adapter else []), "--input",
        folder / "ids.jsonl", "--output", folder / "ours.jsonl", "--max-new-tokens", args.new_tokens)

    same, together, apart, far = 0, 0, [], []
    ours_all = lines(folder / "ours.jsonl")
    for prompt, ours in zip(prompts, ours_all, strict=True):
        ids, logprobs, _ = ask(args.url, {
            "model": args.served, "prompt": prompt["ids"], "max_tokens": args.new_tokens, "temperature": 0,
            "logprobs": 1, "return_token_ids": True, "repetition_penalty": 1.0})
        common = next((n for n, (a, b) in enumerate(zip(ids, ours["ids"])) if a != b), min(len(ids), len(ours["ids"])))
        together += common
        apart += [abs(a - b) for a, b in zip(logprobs[:common], ours["logprobs"][:common])]
        if ids == ours["ids"]:
            same += 1
        elif common < min(len(ids), len(ours["ids"])):
            gap = abs(logprobs[common] - ours["logprobs"][common])
            far += [gap] if gap > args.near else []
            print(f"question {prompt['id']}: {common} tokens together, then {ids[common]} ({logprobs[common]:.3f}) there"
                  f" and {ours['ids'][common]} ({ours['logprobs'][common]:.3f}) here")
        else:
            print(f"question {prompt['id']}: one ends behind {common} tokens, the other goes on")
            far.append(float("inf"))
    apart.sort()
    print(json.dumps({
        "name": "check remote", "answers": len(prompts), "the same": same,
        "tokens": sum(len(row["ids"]) for row in ours_all), "up to the first difference": together,
        "log-probabilities apart": {"median": apart[len(apart) // 2], "p99": apart[len(apart) * 99 // 100],
                                    "largest": apart[-1]}, "parted though not near": len(far)}))
    sys.exit(1 if far else 0)


if __name__ == "__main__":
    main()
