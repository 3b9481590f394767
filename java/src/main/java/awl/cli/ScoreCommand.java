package awl.cli;

import awl.data.Batch;
import awl.data.Datum;
import awl.data.JsonLinesWriter;
import awl.kernel.HeadOptions;
import awl.model.Decoder;
import awl.model.TokenBatch;
import awl.tensor.Tape;
import awl.tensor.TensorScope;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `awl score`: the log-probability a model gives every token of its input, and every row.
@Command(
        name = "score",
        mixinStandardHelpOptions = true,
        description = {
            "The log-probability of every token given those before it.",
            "Input lines {\"id\",\"ids\"}, {\"id\",\"text\"} or {\"id\",\"messages\",[\"tools\"]}; a text gets the special"
                    + " tokens its tokenizer adds by itself, a conversation those of its template.",
            "Output lines {\"id\",\"ids\",\"logprobs\",\"logprob\"}: logprobs[t] = log p(ids[t] | ids[<t]) (natural"
                    + " logarithm), logprobs[0] = null; logprob = their sum, of the whole row behind its first token."
        })
final class ScoreCommand implements Callable<Integer>, Computing {

    @Mixin
    ModelOptions options = new ModelOptions();

    @Option(names = "--input", required = true, paramLabel = "FILE", description = "JSON lines.")
    Path input;

    @Option(names = "--output", required = true, paramLabel = "FILE", description = "JSON lines, in the input's order.")
    Path output;

    @Option(
            names = "--batch-tokens",
            defaultValue = "2048",
            paramLabel = "N",
            description = "Tokens computed at once, at least one row. Default: ${DEFAULT-VALUE}.")
    int batchTokens;

    @Override
    public Integer call() {
        List<PromptRows.Row> rows;
        try (ModelTextSource text = new ModelTextSource(options.model, false)) {
            rows = PromptRows.read(input, text);
        }
        try (ModelOptions.Loaded model = options.load(rows);
                JsonLinesWriter out = JsonLinesWriter.open(output)) {
            List<PromptRows.Row> batch = new ArrayList<>();
            int tokens = 0;
            for (PromptRows.Row row : rows) {
                if (!batch.isEmpty() && tokens + row.ids().length > batchTokens) {
                    score(model, batch, out);
                    batch.clear();
                    tokens = 0;
                }
                batch.add(row);
                tokens += row.ids().length;
            }
            score(model, batch, out);
            out.commit();
        }
        return 0;
    }

    private static void score(ModelOptions.Loaded model, List<PromptRows.Row> rows, JsonLinesWriter out) {
        List<Datum> documents = new ArrayList<>(rows.size());
        for (PromptRows.Row row : rows) {
            float[] weights = new float[row.ids().length];
            Arrays.fill(weights, 1);
            documents.add(Datum.shift(String.valueOf(row.id()), row.ids(), weights));
        }
        Batch batch = Batch.of(documents);
        float[] logProbs = logProbs(model, batch);
        for (int d = 0; d < rows.size(); d++) {
            PromptRows.Row row = rows.get(d);
            List<@Nullable Float> listed = new ArrayList<>(row.ids().length);
            if (row.ids().length > 0) {
                listed.add(null);
            }
            double sum = 0;
            for (int n = batch.documentStart()[d]; n < batch.documentStart()[d + 1]; n++) {
                listed.add(logProbs[n]);
                sum += logProbs[n];
            }
            Map<String, @Nullable Object> line = new LinkedHashMap<>();
            line.put("id", row.id());
            line.put("ids", row.ids());
            line.put("logprobs", listed);
            line.put("logprob", sum);
            out.write(line);
        }
    }

    private static float[] logProbs(ModelOptions.Loaded model, Batch batch) {
        float[] values = new float[batch.length()];
        if (values.length == 0) {
            return values; // only empty rows and rows of one token: nothing is predicted
        }
        try (TensorScope scope = TensorScope.open()) {
            TokenBatch in = TokenBatch.upload(batch, model.decoder().device());
            Decoder decoder = model.decoder();
            Tensor hidden_ND = decoder.hidden(in, Tape.none());
            HeadOptions options = HeadOptions.standard(decoder.device())
                    .withSoftCap(decoder.head().softCap());
            // A head mapped from a bfloat16 file is widened, exactly, to the arithmetic's dtype.
            Tensor head_VD =
                    decoder.head().weight().value().to(decoder.precision().scalarType());
            Tensor logProb_N = model.kernels()
                    .score(hidden_ND, head_VD, in.targets_N(), null, options)
                    .logProb_A();
            FloatBuffer buffer = logProb_N.cpu().contiguous().createBuffer();
            buffer.get(values);
        }
        return values;
    }
}
