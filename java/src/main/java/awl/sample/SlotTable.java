package awl.sample;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Which tokens each slot of a [SlotModel] holds, and which sequence uses it.
///
/// A slot keeps its tokens after its sequence has ended, so that a later prompt with the same beginning (the
/// next turn of a conversation, another question under the same instructions) need not compute it again.
final class SlotTable {

    private final SlotModel model;
    private final int[][] tokens;
    private final int[] length;
    private final long[] lastUsed;
    private final @Nullable Sequence[] owner;
    private long clock;

    SlotTable(SlotModel model) {
        this.model = model;
        int slots = model.slots();
        this.tokens = new int[slots][0];
        this.length = new int[slots];
        this.lastUsed = new long[slots];
        this.owner = new @Nullable Sequence[slots];
    }

    /// A slot and how many tokens of a prompt it begins with.
    record Match(int slot, int length) {}

    boolean anyFree() {
        for (Sequence sequence : owner) {
            if (sequence == null) {
                return true;
            }
        }
        return false;
    }

    /// The slot that shares the longest beginning with a prompt; free ones first among equals.
    ///
    /// @param limit tokens of the prompt that may be shared
    Match longestPrefix(int[] prompt, int limit) {
        Match best = new Match(-1, 0);
        for (int slot = 0; slot < tokens.length; slot++) {
            int shared = common(tokens[slot], length[slot], prompt, limit);
            boolean better = shared > best.length
                    || (shared == best.length && shared > 0 && owner[slot] == null && owner[best.slot] != null);
            if (better) {
                best = new Match(slot, shared);
            }
        }
        return best;
    }

    /// Whether a prompt goes on from all that some free slot holds.
    boolean continues(int[] prompt) {
        for (int slot = 0; slot < tokens.length; slot++) {
            if (owner[slot] == null
                    && length[slot] > 0
                    && length[slot] < prompt.length
                    && common(tokens[slot], length[slot], prompt, prompt.length) == length[slot]) {
                return true;
            }
        }
        return false;
    }

    /// Gives a free slot to a sequence, with the best known beginning of its prompt already in it.
    ///
    /// @return how many tokens of the prompt the slot holds
    int assign(Sequence sequence, Match prefix) {
        int slot = freeSlotFor(prefix);
        if (prefix.length == 0) {
            model.truncate(slot, 0);
        } else if (slot == prefix.slot) {
            model.truncate(slot, prefix.length);
        } else {
            model.copyPrefix(prefix.slot, slot, prefix.length);
        }
        length[slot] = 0;
        owner[slot] = sequence;
        sequence.slot = slot;
        append(slot, sequence.tokens(0, prefix.length));
        return prefix.length;
    }

    /// A free slot that holds the prefix is used as it is, unless that would throw away much more than the
    /// prefix while another is free; else the one unused for longest.
    private int freeSlotFor(Match prefix) {
        int oldest = -1;
        for (int slot = 0; slot < owner.length; slot++) {
            if (owner[slot] == null && (oldest < 0 || lastUsed[slot] < lastUsed[oldest])) {
                oldest = slot;
            }
        }
        if (oldest < 0) {
            throw new IllegalStateException("no slot is free");
        }
        boolean holder = prefix.slot >= 0 && owner[prefix.slot] == null;
        return holder && 2 * prefix.length >= length[prefix.slot] ? prefix.slot : oldest;
    }

    /// Notes tokens the model has appended to a slot.
    void append(int slot, int[] more) {
        int wanted = length[slot] + more.length;
        if (wanted > tokens[slot].length) {
            tokens[slot] = Arrays.copyOf(tokens[slot], Math.max(wanted, 2 * tokens[slot].length));
        }
        System.arraycopy(more, 0, tokens[slot], length[slot], more.length);
        length[slot] = wanted;
    }

    int length(int slot) {
        return length[slot];
    }

    void release(int slot) {
        owner[slot] = null;
        lastUsed[slot] = ++clock;
    }

    /// Number of leading tokens two sequences have in common, at most `limit`.
    static int common(int[] a, int lengthA, int[] b, int limit) {
        int n = Math.min(lengthA, limit);
        int at = Arrays.mismatch(a, 0, n, b, 0, n);
        return at < 0 ? n : at;
    }
}
