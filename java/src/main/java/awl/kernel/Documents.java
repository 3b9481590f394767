package awl.kernel;

/// Documents that lie end to end in a stream of tokens, by the first row of each and the number of rows.
public final class Documents {

    private Documents() {}

    /// Tokens of the longest one; 0 where there is none.
    public static int longest(int[] documentStart) {
        int longest = 0;
        for (int d = 0; d + 1 < documentStart.length; d++) {
            longest = Math.max(longest, documentStart[d + 1] - documentStart[d]);
        }
        return longest;
    }
}
