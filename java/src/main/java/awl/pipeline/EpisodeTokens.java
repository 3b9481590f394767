package awl.pipeline;

import java.util.Arrays;

/// The tokens of an episode as the model sees them, and which of them it wrote, how likely.
final class EpisodeTokens {
    private int[] ids = {};
    private float[] weights = {};
    private float[] logProbs = {};

    /// What others say.
    void show(int[] more) {
        int before = ids.length;
        ids = Arrays.copyOf(ids, before + more.length);
        System.arraycopy(more, 0, ids, before, more.length);
        weights = Arrays.copyOf(weights, ids.length);
        logProbs = Arrays.copyOf(logProbs, ids.length);
    }

    /// What the model wrote.
    ///
    /// @param likely log-probabilities under its own distribution
    void write(int[] more, double[] likely) {
        int before = ids.length;
        show(more);
        Arrays.fill(weights, before, ids.length, 1f);
        for (int t = 0; t < likely.length; t++) {
            logProbs[before + t] = (float) likely[t];
        }
    }

    int count() {
        return ids.length;
    }

    /// All so far; later ones do not change what was given out.
    int[] ids() {
        return ids;
    }

    /// 1 on what the model wrote, 0 on the rest.
    float[] weights() {
        return weights;
    }

    /// 0 on what the model did not write.
    float[] logProbs() {
        return logProbs;
    }
}
