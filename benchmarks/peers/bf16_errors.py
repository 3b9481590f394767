"""How far plain bfloat16 is from float64: transformers' own error on the golden checkpoints, the measure for ours.

    python bf16_errors.py GOLDEN_MODELS > java/src/test/resources/golden/models/bf16_errors.json

Weights are rounded to bfloat16 in both runs, so that only arithmetic differs. One number for each tensor: the relative L2
distance of logits, nll, and every gradient of sum(w nll) / sum(w).
"""
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM


def run(folder, dtype):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).to(dtype)
    cases = load_file(folder / "cases.safetensors")
    ids, lengths, weights = cases["input_ids"], cases["lengths"], cases["weights"]
    # Row by row: no padding, which some attention masks turn into NaN.
    logits, nll, loss = [], [], 0
    for row, length, weight in zip(ids, lengths.tolist(), weights):
        row_logits = model(input_ids=row[None, :length]).logits[0]
        wide = row_logits.double() if dtype == torch.float64 else row_logits.float()
        row_nll = -wide[:-1].log_softmax(-1).gather(-1, row[1:length, None])[:, 0]
        loss = loss + (row_nll * weight[1:length]).sum()
        logits.append(row_logits.detach())
        nll.append(row_nll.detach())
    (loss / weights.sum()).backward()
    result = {"logits": torch.cat(logits), "nll": torch.cat(nll)}
    result |= {"grad." + name: value.grad for name, value in model.named_parameters()}
    return {name: value.double() for name, value in result.items()}


def main():
    torch.set_num_threads(1)
    errors = {}
    for folder in sorted(Path(sys.argv[1]).iterdir()):
        if (folder / "cases.safetensors").exists():
            exact, rounded = run(folder, torch.float64), run(folder, torch.bfloat16)
            errors[folder.name] = {name: float(f"{(rounded[name] - exact[name]).norm() / exact[name].norm():.3g}")
                                   for name in exact}
    print(json.dumps(errors, indent=1))


if __name__ == "__main__":
    main()
