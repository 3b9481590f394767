package awl.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/// How new tokens of a [KvCache] lie in the rows of one pass: segment behind segment in the order of
/// their slots, whatever order they are given in.
///
/// @param tokens one a row
/// @param positions of the tokens in their sequences, one a row
/// @param start first row of each piece; behind the last the number of rows
/// @param pieces in the order of their slots
/// @param last row of each segment's last token, in the order the segments were given
record CacheRows(int[] tokens, int[] positions, int[] start, List<Piece> pieces, int[] last) {

    /// New tokens of one slot.
    ///
    /// @param row of its first token
    /// @param past tokens the slot held before
    record Piece(int slot, int row, int tokens, int past) {

        int end() {
            return past + tokens;
        }
    }

    /// @throws awl.ShapeException where a segment has no room in its slot, or two have the same
    static CacheRows of(List<Segment> segments, KvCache cache) {
        List<Segment> ordered = new ArrayList<>(segments);
        ordered.sort(Comparator.comparingInt(Segment::slot));
        int total = 0;
        for (Segment segment : ordered) {
            total += segment.tokens().length;
        }
        int[] tokens = new int[total];
        int[] positions = new int[total];
        int[] start = new int[ordered.size() + 1];
        Map<Integer, Integer> lastOfSlot = new HashMap<>();
        List<Piece> pieces = new ArrayList<>();
        for (int s = 0; s < ordered.size(); s++) {
            Segment segment = ordered.get(s);
            int past = cache.room(segment, s > 0 && ordered.get(s - 1).slot() == segment.slot());
            int count = segment.tokens().length;
            System.arraycopy(segment.tokens(), 0, tokens, start[s], count);
            for (int t = 0; t < count; t++) {
                positions[start[s] + t] = past + t;
            }
            pieces.add(new Piece(segment.slot(), start[s], count, past));
            start[s + 1] = start[s] + count;
            lastOfSlot.put(segment.slot(), start[s + 1] - 1);
        }
        int[] last = segments.stream()
                .mapToInt(segment -> Objects.requireNonNull(lastOfSlot.get(segment.slot())))
                .toArray();
        return new CacheRows(tokens, positions, start, pieces, last);
    }

    int count() {
        return tokens.length;
    }

    /// Whether every segment is one token and they were given in the order of their slots, so that all
    /// rows are wanted as they lie.
    boolean oneEach() {
        return Arrays.equals(last, IntStream.range(0, count()).toArray());
    }
}
