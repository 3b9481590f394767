package awl.benchmarks;

import awl.Json;
import awl.data.Batch;
import awl.data.Datum;
import awl.kernel.Kernels;
import awl.model.Decoder;
import awl.model.HuggingFaceConfig;
import awl.tensor.Precision;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// SmolLM2-135M's shape with random weights, and a packed batch such as `peers/rows.py` makes.
final class SmolModel {

    private static final String CONFIG = """
            {"model_type": "llama", "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
             "num_attention_heads": 9, "num_key_value_heads": 3, "head_dim": 64, "vocab_size": 49152, "rms_norm_eps": 1e-5,
             "rope_theta": 100000.0, "tie_word_embeddings": true, "max_position_embeddings": 8192, "hidden_act": "silu",
             "bos_token_id": 1, "eos_token_id": 2}
            """;

    private static final int VOCABULARY = 49_152;
    private static final int DOCUMENTS = 8;
    private static final int SHORTEST = 64;
    private static final int LONGEST = 256;

    /// One in so many tokens is learned: those at the end of a document.
    private static final int LEARNED = 4;

    private SmolModel() {}

    static Decoder decoder(Precision precision, Kernels kernels) {
        return Decoder.random(
                HuggingFaceConfig.read(
                        "benchmark", Json.tree(CONFIG.getBytes(StandardCharsets.UTF_8), "benchmark"), null),
                1,
                precision,
                kernels);
    }

    /// `count` seeded tokens.
    static int[] tokens(int count, Random random) {
        return random.ints(count, 3, VOCABULARY).toArray();
    }

    /// Eight documents of 64 to 256 tokens, a quarter of which is learned.
    static Batch batch() {
        Random random = new Random(1);
        List<Datum> documents = new ArrayList<>();
        for (int d = 0; d < DOCUMENTS; d++) {
            int[] ids = tokens(random.nextInt(SHORTEST, LONGEST + 1), random);
            float[] weights = new float[ids.length];
            Arrays.fill(weights, ids.length - ids.length / LEARNED, ids.length, 1);
            documents.add(Datum.shift("document " + d, ids, weights));
        }
        return Batch.of(documents);
    }
}
