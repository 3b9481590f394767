package awl.sample;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.ToIntFunction;

/// A model whose logits are a function of all tokens a slot holds, so that a wrong slot, prefix or order shows
/// at once.
public final class ScriptedModel implements SlotModel {

    private final int vocabulary;
    private final int capacity;
    private final List<List<Integer>> held = new ArrayList<>();
    private final ToIntFunction<List<Integer>> favourite;

    final List<List<Piece>> calls = new ArrayList<>();
    int copied;

    /// Random but repeatable logits.
    public ScriptedModel(int vocabulary, int slots, int capacity) {
        this(vocabulary, slots, capacity, tokens -> -1);
    }

    /// @param favourite the token that gets by far the largest logit, or -1 for none
    public ScriptedModel(int vocabulary, int slots, int capacity, ToIntFunction<List<Integer>> favourite) {
        this.vocabulary = vocabulary;
        this.capacity = capacity;
        this.favourite = favourite;
        for (int s = 0; s < slots; s++) {
            held.add(new ArrayList<>());
        }
    }

    int tokensComputed() {
        return calls.stream()
                .flatMap(List::stream)
                .mapToInt(piece -> piece.tokens().length)
                .sum();
    }

    @Override
    public int vocabularySize() {
        return vocabulary;
    }

    @Override
    public int slots() {
        return held.size();
    }

    @Override
    public int capacity() {
        return capacity;
    }

    @Override
    public int length(int slot) {
        return held.get(slot).size();
    }

    @Override
    public void truncate(int slot, int length) {
        if (length > length(slot)) {
            throw new AssertionError("slot " + slot + " holds " + length(slot) + " tokens, not " + length);
        }
        held.set(slot, new ArrayList<>(held.get(slot).subList(0, length)));
    }

    @Override
    public void copyPrefix(int from, int to, int length) {
        if (from == to || length > length(from)) {
            throw new AssertionError("copy of " + length + " tokens from " + from + " to " + to);
        }
        held.set(to, new ArrayList<>(held.get(from).subList(0, length)));
        copied += length;
    }

    @Override
    public Logits append(List<Piece> pieces) {
        calls.add(List.copyOf(pieces));
        Set<Integer> slots = new HashSet<>();
        float[][] rows = new float[pieces.size()][];
        for (int row = 0; row < rows.length; row++) {
            Piece piece = pieces.get(row);
            if (!slots.add(piece.slot()) || piece.tokens().length == 0) {
                throw new AssertionError("two pieces for a slot, or an empty one: " + pieces);
            }
            List<Integer> tokens = held.get(piece.slot());
            Arrays.stream(piece.tokens()).forEach(tokens::add);
            if (tokens.size() > capacity) {
                throw new AssertionError("slot " + piece.slot() + " is over its capacity");
            }
            rows[row] = logits(tokens);
        }
        return new ArrayLogits(rows);
    }

    private float[] logits(List<Integer> tokens) {
        Random random = new Random(tokens.hashCode());
        float[] row = new float[vocabulary];
        for (int v = 0; v < vocabulary; v++) {
            row[v] = (float) random.nextGaussian();
        }
        int best = favourite.applyAsInt(tokens);
        if (best >= 0) {
            row[best] += 100;
        }
        return row;
    }

    @Override
    public void close() {}
}
