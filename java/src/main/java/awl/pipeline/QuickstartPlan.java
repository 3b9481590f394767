package awl.pipeline;

import awl.task.mini.MiniKind;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The numbers of a quickstart.
///
/// @param seed of everything random
/// @param kinds of questions
/// @param problems training questions
/// @param evaluated unseen questions
/// @param bootstrapSteps optimiser steps on scripted conversations
/// @param bootstrapBatch conversations of a step
/// @param knowledgeEpochs passes over the model's own solutions
/// @param mixedEpochs passes over the mixture, and over the traces of the comparison
/// @param samples tries of a question by which it is called easy or hard
/// @param threshold share of right tries from which it is easy
/// @param temperature of these tries
/// @param alpha weight of knowledge in the mixture
/// @param lambda weight of easy questions in its other part
/// @param replay every how many solutions one is shown with its calls in the knowledge stage too; 0 for never
/// @param proposed questions of the preference round
/// @param proposals answers to each of them that are ranked
/// @param scripted whether a question the model does not solve with tools gets the scripted solution; for tests of the
///     way with a model that has learned next to nothing
public record QuickstartPlan(
        long seed,
        List<MiniKind> kinds,
        int problems,
        int evaluated,
        int bootstrapSteps,
        int bootstrapBatch,
        int knowledgeEpochs,
        int mixedEpochs,
        int samples,
        double threshold,
        double temperature,
        double alpha,
        double lambda,
        int replay,
        int proposed,
        int proposals,
        boolean scripted) {

    public QuickstartPlan {
        kinds = List.copyOf(kinds);
    }

    /// All kinds, under ten minutes on two cores.
    public static QuickstartPlan standard(long seed) {
        return new QuickstartPlan(
                seed, MiniKind.ALL, 3900, 650, 3100, 24, 4, 4, 8, 0.75, 0.7, 0.5, 0.5, 5, 650, 4, false);
    }

    /// Four kinds, about two minutes: for tests of the whole way.
    public static QuickstartPlan brief(long seed) {
        List<MiniKind> kinds = List.of(MiniKind.EQUAL, MiniKind.MEAN, MiniKind.RANGE, MiniKind.PENDULUM);
        return new QuickstartPlan(seed, kinds, 800, 200, 700, 24, 6, 3, 8, 0.75, 0.7, 0.5, 0.5, 0, 200, 4, false);
    }

    /// Every stage in seconds, with a model that learns nothing from it.
    static QuickstartPlan tiny(long seed) {
        List<MiniKind> kinds = List.of(MiniKind.EQUAL, MiniKind.RANGE);
        return new QuickstartPlan(seed, kinds, 40, 20, 16, 8, 1, 1, 2, 0.75, 0.7, 0.5, 0.5, 5, 8, 2, true);
    }

    /// As JSON, to see whether a folder was begun with the same numbers.
    Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("seed", seed);
        json.put("kinds", kinds.stream().map(MiniKind::label).toList());
        json.put("problems", (long) problems);
        json.put("evaluated", (long) evaluated);
        json.put("bootstrap_steps", (long) bootstrapSteps);
        json.put("bootstrap_batch", (long) bootstrapBatch);
        json.put("knowledge_epochs", (long) knowledgeEpochs);
        json.put("mixed_epochs", (long) mixedEpochs);
        json.put("samples", (long) samples);
        json.put("threshold", threshold);
        json.put("temperature", temperature);
        json.put("alpha", alpha);
        json.put("lambda", lambda);
        json.put("replay", (long) replay);
        json.put("proposed", (long) proposed);
        json.put("proposals", (long) proposals);
        json.put("scripted", scripted);
        return json;
    }
}
