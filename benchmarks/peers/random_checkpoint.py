"""A checkpoint of random weights in the shape of a known model, as a Hugging Face folder: for measuring speed where the
real one can not be had. Needs nothing but Python; weights are written as they are drawn, bfloat16.

    python3 random_checkpoint.py llama-3.1-8b runs/llama-8b            # 16 GB in one minute or two
    python3 random_checkpoint.py tiny runs/tiny
"""
import argparse
import array
import json
import os
import random
import struct
from pathlib import Path

SHAPES = {
    "llama-3.1-8b": dict(model_type="llama", vocab_size=128256, hidden_size=4096, intermediate_size=14336,
                         num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=8, head_dim=128,
                         rope_theta=500000.0, tie_word_embeddings=False, max_position_embeddings=131072),
    "qwen2.5-0.5b": dict(model_type="qwen2", vocab_size=151936, hidden_size=896, intermediate_size=4864,
                         num_hidden_layers=24, num_attention_heads=14, num_key_value_heads=2, head_dim=64,
                         rope_theta=1000000.0, tie_word_embeddings=True, max_position_embeddings=32768),
    "tiny": dict(model_type="llama", vocab_size=512, hidden_size=64, intermediate_size=128, num_hidden_layers=2,
                 num_attention_heads=4, num_key_value_heads=2, head_dim=16, rope_theta=10000.0,
                 tie_word_embeddings=False, max_position_embeddings=4096),
}


def tensors(shape):
    """Name, sizes and start of every tensor: a deviation, or a constant as a string."""
    d, f, v = shape["hidden_size"], shape["intermediate_size"], shape["vocab_size"]
    e = shape["head_dim"]
    q, kv = shape["num_attention_heads"] * e, shape["num_key_value_heads"] * e
    yield "model.embed_tokens.weight", (v, d), 0.02
    for i in range(shape["num_hidden_layers"]):
        layer = f"model.layers.{i}."
        yield layer + "input_layernorm.weight", (d,), "one"
        for name, out in (("q", q), ("k", kv), ("v", kv)):
            yield f"{layer}self_attn.{name}_proj.weight", (out, d), 0.02
            if shape["model_type"] == "qwen2":
                yield f"{layer}self_attn.{name}_proj.bias", (out,), "zero"
        yield layer + "self_attn.o_proj.weight", (d, q), 0.02
        yield layer + "post_attention_layernorm.weight", (d,), "one"
        yield layer + "mlp.gate_proj.weight", (f, d), 0.02
        yield layer + "mlp.up_proj.weight", (f, d), 0.02
        yield layer + "mlp.down_proj.weight", (d, f), 0.02
    yield "model.norm.weight", (d,), "one"
    if not shape["tie_word_embeddings"]:
        yield "lm_head.weight", (v, d), 0.02


def bf16(value):
    bits = struct.unpack("<I", struct.pack("<f", value))[0]
    return (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16


def pool(seed, numbers=1 << 20):
    """Normal numbers with deviation 0.02, drawn once and used again from other places: nobody learns from them."""
    draw = random.Random(seed)
    return array.array("H", (bf16(draw.gauss(0, 0.02)) for _ in range(numbers))).tobytes()


def write(folder, shape, seed):
    folder.mkdir(parents=True, exist_ok=True)
    config = dict(shape, architectures=["LlamaForCausalLM" if shape["model_type"] == "llama" else "Qwen2ForCausalLM"],
                  hidden_act="silu", rms_norm_eps=1e-5, torch_dtype="bfloat16", bos_token_id=1, eos_token_id=2)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    header, at = {}, 0
    listed = list(tensors(shape))
    for name, sizes, _ in listed:
        count = 1
        for size in sizes:
            count *= size
        header[name] = {"dtype": "BF16", "shape": list(sizes), "data_offsets": [at, at + 2 * count]}
        at += 2 * count
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    drawn = pool(seed)
    draft = folder / "model.safetensors.partial"
    with open(draft, "wb", buffering=0) as out:
        out.write(struct.pack("<Q", len(text)) + text)
        place = 0
        for name, sizes, start in listed:
            begin, end = header[name]["data_offsets"]
            left = end - begin
            if isinstance(start, str):
                out.write(struct.pack("<H", bf16(1.0 if start == "one" else 0.0)) * (left // 2))
                continue
            while left:
                take = min(left, len(drawn) - place)
                out.write(memoryview(drawn)[place:place + take])
                left -= take
                place = (place + take) % len(drawn)
            place = (place + 2 * 7919) % len(drawn)
        os.fsync(out.fileno())
    os.replace(draft, folder / "model.safetensors")
    return at


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layers", type=int, help="fewer than the model has")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    shape = dict(SHAPES[args.shape], **({"num_hidden_layers": args.layers} if args.layers else {}))
    size = write(args.folder, shape, args.seed)
    print(f"{args.folder}: {size / 2:,.0f} parameters, {size / 2**30:.2f} GiB")


if __name__ == "__main__":
    main()
