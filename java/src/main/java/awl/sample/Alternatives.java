package awl.sample;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The most probable tokens of a row of logits.
final class Alternatives {

    private Alternatives() {}

    /// Best first; among equals the lower id.
    ///
    /// @param row of the vocabulary's size, written over
    static List<TokenListener.Alternative> of(Logits logits, int at, int count, float[] row) {
        logits.copy(at, row);
        double logSumExp = logits.logSumExp(at);
        int wanted = Math.min(count, row.length);
        int[] best = new int[wanted];
        int held = 0;
        for (int id = 0; id < row.length; id++) {
            if (held < wanted || row[id] > row[best[held - 1]]) {
                int place = held < wanted ? held++ : held - 1;
                while (place > 0 && row[best[place - 1]] < row[id]) {
                    best[place] = best[place - 1];
                    place--;
                }
                best[place] = id;
            }
        }
        List<TokenListener.Alternative> all = new ArrayList<>(wanted);
        Arrays.stream(best).forEach(id -> all.add(new TokenListener.Alternative(id, row[id] - logSumExp)));
        return all;
    }
}
