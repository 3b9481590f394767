package awl.pipeline;

import awl.chat.Conversation;
import awl.data.JsonLinesWriter;
import awl.task.mini.MiniKind;
import awl.task.mini.MiniScript;
import awl.token.Rendered;
import awl.token.Renderer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Writes the rows an untrained model begins with, as tokens, in the order in which they are to be learned.
///
/// Conversations of about the same length stand together, so that the rows of a step take about equally long; which
/// lengths come when is random.
final class BootstrapRows {

    private static final int STEPS_SORTED = 8;

    private BootstrapRows() {}

    /// @param steps optimiser steps, each with `batch` conversations of its own
    /// @return tokens written
    static long write(Path file, Renderer renderer, List<MiniKind> kinds, long seed, int steps, int batch) {
        MiniScript script = new MiniScript(seed, kinds);
        Random random = new Random(seed);
        long tokens = 0;
        try (JsonLinesWriter out = JsonLinesWriter.open(file)) {
            for (int step = 0; step < steps; step += STEPS_SORTED) {
                int together = Math.min(STEPS_SORTED, steps - step);
                List<Conversation> conversations = new ArrayList<>();
                for (int i = 0; i < together * batch; i++) {
                    conversations.add(script.next((double) step / steps));
                }
                List<Rendered> rows = new ArrayList<>(
                        conversations.parallelStream().map(renderer::render).toList());
                rows.sort(Comparator.comparingInt(row -> row.ids().length));
                List<Integer> order = new ArrayList<>();
                for (int i = 0; i < together; i++) {
                    order.add(i);
                }
                Collections.shuffle(order, random);
                for (int i : order) {
                    for (Rendered row : rows.subList(i * batch, (i + 1) * batch)) {
                        Map<String, Object> line = new LinkedHashMap<>();
                        line.put("ids", row.ids());
                        line.put("weights", row.weights());
                        out.write(line);
                        tokens += row.ids().length;
                    }
                }
            }
            out.commit();
        }
        return tokens;
    }
}
