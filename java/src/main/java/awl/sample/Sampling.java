package awl.sample;

import awl.ConfigException;

/// How the next token is chosen from a row of logits. The order is that of transformers:
///
/// 1. repetition penalty r: the logit of every token already in the prompt or the answer is divided by r where it is
///    positive and multiplied by r where it is negative (Keskar et al., arXiv:1909.05858);
/// 2. temperature 0 ends here: the largest logit wins, the lowest id among equals;
/// 3. logits / temperature;
/// 4. top-k: logits below the k-th largest leave (equals of the k-th stay);
/// 5. top-p: of what is left, renormalised, the most probable tokens stay until their mass reaches p, always at least
///    one (Holtzman et al., arXiv:1904.09751); among equals the lower id comes first;
/// 6. min-p: tokens less than p times as probable as the most probable one leave (Nguyen et al., arXiv:2407.01082);
/// 7. one draw from the rest, renormalised.
///
/// @param temperature 0 = greedy; 1 = the model's own distribution
/// @param topK 0 = off
/// @param topP in (0, 1]; 1 = off
/// @param minP in [0, 1]; 0 = off
/// @param repetitionPenalty above 0; 1 = off
/// @param seed together with [Request#stream] and the position of the token it fixes every draw
public record Sampling(double temperature, int topK, double topP, double minP, double repetitionPenalty, long seed) {

    /// Always the most probable token.
    public static final Sampling GREEDY = new Sampling(0, 0, 1, 0, 1, 0);

    public Sampling {
        require(temperature >= 0 && Double.isFinite(temperature), "temperature", "a number >= 0", temperature);
        require(topK >= 0, "top-k", "a whole number >= 0 (0 = off)", topK);
        require(topP > 0 && topP <= 1, "top-p", "a number above 0 and at most 1 (1 = off)", topP);
        require(minP >= 0 && minP <= 1, "min-p", "a number from 0 to 1 (0 = off)", minP);
        require(
                repetitionPenalty > 0 && Double.isFinite(repetitionPenalty),
                "repetition-penalty",
                "a number above 0 (1 = off)",
                repetitionPenalty);
    }

    /// Draws from the model's own distribution at a temperature, nothing cut off.
    public static Sampling at(double temperature, long seed) {
        return new Sampling(temperature, 0, 1, 0, 1, seed);
    }

    /// Whether the most probable token is taken instead of a draw.
    public boolean greedy() {
        return temperature == 0;
    }

    /// As people read it: what is off is left out, and so is the seed.
    public String describe() {
        StringBuilder said = new StringBuilder(greedy() ? "greedy" : "temperature " + temperature);
        if (!greedy()) {
            said.append(topK == 0 ? "" : ", top-k " + topK)
                    .append(topP == 1 ? "" : ", top-p " + topP)
                    .append(minP == 0 ? "" : ", min-p " + minP);
        }
        said.append(repetitionPenalty == 1 ? "" : ", repetition penalty " + repetitionPenalty);
        return said.toString();
    }

    private static void require(boolean holds, String name, String expected, Number found) {
        if (!holds) {
            throw new ConfigException(name + ": expected " + expected + ", found " + found);
        }
    }
}
