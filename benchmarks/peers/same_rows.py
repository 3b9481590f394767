"""Which rows of two runs of `awl run` are the same, token by token?

    python benchmarks/peers/same_rows.py runs/here runs/there

Says for every file that both have how many rows are the same in everything but time and log-probabilities, how many have
calls of tools, and how far the log-probabilities of the same tokens are apart. Ends with status 1 where rows differ.
"""
import argparse
import json
import pathlib

FILES = ["solutions.jsonl", "derivations.jsonl", "round-1/tries.jsonl", "evaluation-base.jsonl", "evaluation-mixed.jsonl"]


def rows(file):
    read = map(json.loads, file.read_text().splitlines())
    return {(row["id"], row.get("prompt"), row.get("try", 0)): row for row in read}


def without(row, *fields):
    return {name: value for name, value in row.items() if name not in fields}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("here", type=pathlib.Path)
    options.add_argument("there", type=pathlib.Path)
    args = options.parse_args()
    differ = False
    for name in FILES:
        if not (args.here / name).exists() or not (args.there / name).exists():
            continue
        here, there = rows(args.here / name), rows(args.there / name)
        same = [key for key in here.keys() & there.keys()
                if without(here[key], "seconds", "logprobs") == without(there[key], "seconds", "logprobs")]
        apart = [abs(a - b) for key in same
                 for a, b in zip(here[key].get("logprobs", []), there[key].get("logprobs", []))]
        differ |= len(same) < max(len(here), len(there))
        print(json.dumps({"file": name, "rows": [len(here), len(there)], "the same": len(same),
                          "with calls": sum(bool(row.get("calls")) for row in there.values()),
                          "log-probabilities apart": max(apart, default=None)}))
    return differ


if __name__ == "__main__":
    raise SystemExit(main())
