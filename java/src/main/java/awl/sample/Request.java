package awl.sample;

import java.util.List;

/// One answer asked for.
///
/// @param stream number of the request's own random stream: requests with the same seed and stream draw the same
///     numbers
/// @param prompt at least one token
/// @param sampling how tokens are chosen
/// @param maxNewTokens at least one
/// @param stopIds the answer ends behind the first of these; it is part of the returned ids
/// @param stopStrings the answer ends with the token that completes one of these; needs a tokenizer
public record Request(
        long stream,
        int[] prompt,
        Sampling sampling,
        int maxNewTokens,
        List<Integer> stopIds,
        List<String> stopStrings) {

    public Request {
        stopIds = List.copyOf(stopIds);
        stopStrings = List.copyOf(stopStrings);
    }

    /// A request that ends at stop tokens or at its limit only.
    public static Request of(int[] prompt, Sampling sampling, int maxNewTokens, List<Integer> stopIds) {
        return new Request(0, prompt, sampling, maxNewTokens, stopIds, List.of());
    }
}
