"""Writes the benchmark's documents as JSONL {"id","ids","weights"}: the same tokens for every engine.

Lengths run from --shortest to --longest in equal ratios (shuffled); about a quarter of a document is learned, in spans
as a conversation has them: every turn is context, then an answer. Token ids are drawn log-uniformly, frequent ones
first, as in text. The same seed gives the same file on every machine.

    python rows.py rows.jsonl                                    # 8 documents, 1,132 tokens
    python rows.py prompts.jsonl --documents 16 --shortest 16 --longest 64
"""
import argparse
import json
import random

FIRST_ORDINARY_TOKEN = 17  # SmolLM2's special tokens come before it


def document(generator, length, vocabulary, learned):
    ids = [min(int(FIRST_ORDINARY_TOKEN * (vocabulary / FIRST_ORDINARY_TOKEN) ** generator.random()), vocabulary - 1)
           for _ in range(length)]
    weights = [0.0] * length
    turns = 1 + length // 100
    for turn in range(turns):
        begin, end = length * turn // turns, length * (turn + 1) // turns
        answer = round((end - begin) * learned * generator.uniform(0.8, 1.2))
        weights[end - answer:end] = [1.0] * answer
    return {"ids": ids, "weights": weights}


def documents(count, shortest, longest, vocabulary, learned, seed):
    generator = random.Random(seed)
    lengths = [round(shortest * (longest / shortest) ** (i / max(count - 1, 1))) for i in range(count)]
    generator.shuffle(lengths)
    return [{"id": f"d{i}", **document(generator, length, vocabulary, learned)} for i, length in enumerate(lengths)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output")
    parser.add_argument("--documents", type=int, default=8)
    parser.add_argument("--shortest", type=int, default=64)
    parser.add_argument("--longest", type=int, default=256)
    parser.add_argument("--vocabulary", type=int, default=49152)
    parser.add_argument("--learned", type=float, default=0.25)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rows = documents(args.documents, args.shortest, args.longest, args.vocabulary, args.learned, args.seed)
    with open(args.output, "w", encoding="utf-8") as out:
        out.writelines(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
    tokens, learned = sum(len(row["ids"]) for row in rows), sum(sum(row["weights"]) for row in rows)
    padding = 1 - tokens / (len(rows) * max(len(row["ids"]) for row in rows))
    print(f"{len(rows)} documents, {tokens} tokens, {learned:.0f} learned ({learned / tokens:.1%}), "
          f"{padding:.1%} padding if batched as they are")


if __name__ == "__main__":
    main()
