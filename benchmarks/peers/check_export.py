"""Does what AWL wrote mean the same to transformers and peft? Compares log-probabilities; exit code 1 if they differ.

    awl score --model DIR [--adapter DIR] --input rows.jsonl --output scores.jsonl
    python check_export.py --model DIR [--adapter DIR] --scores scores.jsonl

Scores are lines {"id","ids","logprobs":[null,...]}; log-softmax is taken in float64 here.
"""
import json
import math
import sys

import common


def main():
    options = common.parser(__doc__)
    options.add_argument("--adapter", help="PEFT adapter folder on top of --model")
    options.add_argument("--scores", required=True, help="output of awl score")
    options.add_argument("--tolerance", type=float, default=1e-3, help="largest absolute difference allowed")
    args = options.parse_args()
    torch = common.torch_with(args.threads)
    model = common.load_model(torch, args.model, args.dtype)
    if args.adapter:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, args.adapter).eval()
    worst, total, count, faults = {"difference": 0.0}, 0.0, 0, []
    rows = common.read_rows(args.scores)
    for row in rows:
        if "logprobs" not in row or len(row["logprobs"]) != len(row["ids"]) or row["logprobs"][0] is not None:
            faults.append(f"row {row.get('id')}: expected logprobs [null, ...] of the length of ids")
            continue
        ids = torch.tensor([row["ids"]])
        with torch.inference_mode():
            expected = model(ids).logits[0, :-1].double().log_softmax(-1).gather(1, ids[0, 1:, None])[:, 0]
        for t, (theirs, ours) in enumerate(zip(expected.tolist(), row["logprobs"][1:]), start=1):
            difference = abs(theirs - ours) if ours is not None else math.nan
            if not math.isfinite(difference):
                faults.append(f"row {row.get('id')}, token {t}: awl says {ours}, the peer {theirs}")
                continue
            total, count = total + difference, count + 1
            if difference >= worst["difference"]:
                worst = {"difference": difference, "id": row.get("id"), "token": t, "awl": ours, "peer": theirs}
    if not count:
        faults.append("no log-probability was compared")
    agree = not faults and worst["difference"] <= args.tolerance
    print(json.dumps({
        "name": "check export", "agree": agree, "largest_difference": worst, "tolerance": args.tolerance,
        "mean_difference": total / count if count else None, "rows": len(rows), "tokens": count, "faults": faults[:10],
        "dtype": args.dtype, "versions": common.library_versions()}))
    sys.exit(0 if agree else 1)


if __name__ == "__main__":
    main()
