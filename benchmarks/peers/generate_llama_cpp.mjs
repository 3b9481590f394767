// Greedy decoding with llama.cpp on the CPU, through node-llama-cpp: the first --batch rows of --rows as prompts, all
// at once. End-of-text tokens are kept and decoding goes on behind them, so that every row makes exactly --new-tokens.
// Seconds include the prompt's forward pass; `useful_tokens` are the new ones.
//
//     npm install --prefix DIR node-llama-cpp
//     node generate_llama_cpp.mjs --package DIR --model MODEL.gguf --rows rows.jsonl
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
    options: {
        package: { type: "string", default: process.env.AWL_PEER_NODE ?? "." },
        model: { type: "string" },
        rows: { type: "string" },
        batch: { type: "string", default: "1" },
        "new-tokens": { type: "string", default: "128" },
        threads: { type: "string", default: "2" },
        steps: { type: "string", default: "3" },
        warmup: { type: "string", default: "1" },
    },
});
if (!values.model || !values.rows) {
    console.error("--model and --rows are needed");
    process.exit(2);
}
const batch = Number(values.batch);
const newTokens = Number(values["new-tokens"]);
const threads = Number(values.threads);

const home = resolve(values.package, "node_modules/node-llama-cpp");
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(join(home, "dist/index.js")).href);
const version = JSON.parse(readFileSync(join(home, "package.json"), "utf8")).version;

const prompts = readFileSync(values.rows, "utf8").split("\n").filter(line => line).slice(0, batch)
    .map(line => JSON.parse(line).ids);
if (prompts.length < batch) {
    console.error(`${values.rows}: ${prompts.length} rows, --batch ${batch} asked for`);
    process.exit(2);
}
const longest = Math.max(...prompts.map(ids => ids.length));

const llama = await getLlama({ gpu: false, build: "never", maxThreads: threads, logLevel: LlamaLogLevel.error });
const model = await llama.loadModel({ modelPath: values.model, gpuLayers: 0 });
const context = await model.createContext({
    sequences: batch,
    contextSize: longest + newTokens,
    threads: { ideal: threads, min: threads },
});

async function row(sequence, ids) {
    const made = [];
    for await (const token of sequence.evaluate(ids, { temperature: 0, yieldEogToken: true })) {
        made.push(token);
        if (made.length === newTokens) break;
    }
    return made;
}

const seconds = [];
let made = [];
const sequences = prompts.map(() => context.getSequence());
for (let n = 0; n < Number(values.warmup) + Number(values.steps); n++) {
    // Nothing of an earlier repetition may be reused.
    for (const sequence of sequences) await sequence.clearHistory();
    const start = performance.now();
    made = await Promise.all(prompts.map((ids, i) => row(sequences[i], ids)));
    if (n >= Number(values.warmup)) seconds.push((performance.now() - start) / 1000);
}
const sorted = [...seconds].sort((a, b) => a - b);
const median = (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
const tokens = made.reduce((sum, ids) => sum + ids.length, 0);
console.log(JSON.stringify({
    name: "llama.cpp generate", dtype: model.fileInfo?.metadata?.general?.file_type ?? "gguf", threads,
    median_seconds: median, fastest_seconds: sorted[0], seconds, useful_tokens: tokens,
    tokens_per_second: tokens / median, batch, prompt_tokens: prompts.reduce((sum, ids) => sum + ids.length, 0),
    first_row: made[0].slice(0, 16), threads_in_use: context.currentThreads,
    versions: { "node-llama-cpp": version, "llama.cpp": (await llama.llamaCppRelease?.release) ?? "unknown" },
}));
process.exit(0);
