package awl.sample;

import awl.NativeException;
import awl.kernel.Kernels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Chooses the tokens of one sequence in Java. See [Sampling] for what each setting does and in which
/// order. Where the logits lie on a device [KernelSampler] chooses the same tokens there; this class then
/// keeps the random stream, and chooses itself where tokens seen are penalised.
///
/// A sampler is a function of the logits, the tokens seen and the counter of its random stream; it never
/// looks at the clock, the batch or other requests. The arithmetic behind the temperature is in double
/// precision.
final class Sampler {

    /// Buckets of the logarithmic histogram that finds top-p's border without sorting the vocabulary.
    private static final int BUCKETS = 2048;

    /// Buckets per unit of logit / temperature below the largest.
    private static final double BUCKETS_PER_NAT = 64;

    private final Sampling sampling;
    private final CounterRandom random;
    private boolean[] seen = {};
    private int[] seenIds = new int[64];
    private int seenCount;
    private long drawn;

    Sampler(Sampling sampling, long stream) {
        this.sampling = sampling;
        this.random = new CounterRandom(sampling.seed(), stream);
    }

    /// Tells the repetition penalty of tokens that are in the sequence.
    void see(int[] ids) {
        if (sampling.repetitionPenalty() == 1) {
            return;
        }
        for (int id : ids) {
            if (id >= seen.length) {
                seen = Arrays.copyOf(seen, Math.max(id + 1, seen.length * 2));
            }
            if (!seen[id]) {
                seen[id] = true;
                if (seenCount == seenIds.length) {
                    seenIds = Arrays.copyOf(seenIds, seenCount * 2);
                }
                seenIds[seenCount++] = id;
            }
        }
    }

    /// What [Kernels#sample] needs to choose the next token; null where it is for this class alone, which
    /// knows the tokens seen.
    @Nullable
    Draw draw() {
        return sampling.repetitionPenalty() == 1 ? new Draw(sampling, random.uniform(drawn)) : null;
    }

    /// Remembers a choice made elsewhere from [#draw].
    void chose(Choice choice) {
        drawn++;
        see(new int[] {choice.id()});
    }

    /// Chooses from one row and remembers the choice.
    Choice next(Logits logits, int row, Scratch scratch) {
        double logSumExp = logits.logSumExp(row);
        if (!Double.isFinite(logSumExp)) {
            throw new NativeException("the model's logits are not numbers (log of their sum is " + logSumExp
                    + "): the weights or the adapter hold NaN or infinity, or the precision overflows");
        }
        int id;
        double logit;
        if (sampling.greedy() && sampling.repetitionPenalty() == 1) {
            id = logits.argmax(row);
            logit = logits.max(row);
        } else {
            float[] values = scratch.row(logits.vocabularySize());
            logits.copy(row, values);
            float[] raw = penalised(values, scratch);
            id = sampling.greedy() ? argmax(values) : draw(values, logits.max(row), scratch);
            logit = raw[id];
        }
        Choice choice = new Choice(id, logit - logSumExp);
        chose(choice);
        return choice;
    }

    /// Applies the repetition penalty in place.
    ///
    /// @return the values before the penalty
    private float[] penalised(float[] values, Scratch scratch) {
        if (sampling.repetitionPenalty() == 1) {
            return values;
        }
        float[] raw = scratch.raw(values);
        float penalty = (float) sampling.repetitionPenalty();
        for (int i = 0; i < seenCount; i++) {
            int id = seenIds[i];
            if (id < values.length) {
                values[id] = values[id] < 0 ? values[id] * penalty : values[id] / penalty;
            }
        }
        return raw;
    }

    static int argmax(float[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            if (values[i] > values[best]) {
                best = i;
            }
        }
        return best;
    }

    private int draw(float[] logits, float rawMax, Scratch scratch) {
        float max = sampling.repetitionPenalty() == 1 ? rawMax : logits[argmax(logits)];
        float floor = Float.NEGATIVE_INFINITY;
        if (sampling.topK() > 0 && sampling.topK() < logits.length) {
            floor = kthLargest(logits, sampling.topK(), scratch);
        }
        // The candidates in order of id, each with exp((logit - max) / temperature).
        int[] ids = scratch.ids(logits.length);
        double[] nats = scratch.nats(logits.length);
        double[] mass = scratch.mass(logits.length);
        double perTemperature = 1 / Math.max(sampling.temperature(), Kernels.LEAST_TEMPERATURE);
        int count = 0;
        double total = 0;
        for (int id = 0; id < logits.length; id++) {
            if (logits[id] >= floor) {
                ids[count] = id;
                nats[count] = ((double) max - logits[id]) * perTemperature;
                mass[count] = Exp.ofNegative(-nats[count]);
                total += mass[count++];
            }
        }
        if (sampling.topP() < 1) {
            count = keepTopP(ids, nats, mass, count);
        }
        if (sampling.minP() > 0) {
            int kept = 0;
            for (int i = 0; i < count; i++) {
                if (mass[i] >= sampling.minP()) { // the most probable token has mass 1
                    ids[kept] = ids[i];
                    mass[kept++] = mass[i];
                }
            }
            count = kept;
        }
        if (sampling.topP() < 1 || sampling.minP() > 0) {
            total = 0;
            for (int i = 0; i < count; i++) {
                total += mass[i];
            }
        }
        double target = random.uniform(drawn) * total;
        double sum = 0;
        int last = 0;
        for (int i = 0; i < count; i++) {
            if (mass[i] > 0) {
                sum += mass[i];
                last = i;
                if (sum > target) {
                    break;
                }
            }
        }
        return ids[last];
    }

    /// Keeps the most probable candidates until their mass reaches top-p of the total, in order of id.
    ///
    /// A histogram over `nats` finds the bucket in which the border lies; only that bucket is sorted.
    ///
    /// @param nats how far each candidate lies below the most probable one
    /// @return the number kept, now at the front of `ids` and `mass`
    private int keepTopP(int[] ids, double[] nats, double[] mass, int count) {
        double[] bucketMass = new double[BUCKETS];
        for (int i = 0; i < count; i++) {
            bucketMass[bucket(nats[i])] += mass[i];
        }
        double wanted = sampling.topP() * Arrays.stream(bucketMass).sum();
        int border = 0;
        double above = 0;
        while (border < BUCKETS - 1 && above + bucketMass[border] < wanted) {
            above += bucketMass[border++];
        }
        List<Integer> members = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            if (bucket(nats[i]) == border) {
                members.add(i);
            }
        }
        // The positions are in order of id, and the sort is stable: among equals the lower id comes first.
        members.sort(Comparator.comparingDouble(i -> nats[i]));
        boolean[] stays = new boolean[count];
        for (int n = 0; n < members.size() && above < wanted; n++) {
            stays[members.get(n)] = true;
            above += mass[members.get(n)];
        }
        int kept = 0;
        for (int i = 0; i < count; i++) {
            if (stays[i] || bucket(nats[i]) < border) {
                ids[kept] = ids[i];
                mass[kept++] = mass[i];
            }
        }
        return kept;
    }

    private static int bucket(double nats) {
        return (int) Math.min(nats * BUCKETS_PER_NAT, BUCKETS - 1);
    }

    /// The k-th largest value, by a heap of the k largest.
    private static float kthLargest(float[] values, int k, Scratch scratch) {
        float[] heap = scratch.heap(k); // heap[0] is the smallest of the k largest so far
        System.arraycopy(values, 0, heap, 0, k);
        for (int i = k / 2 - 1; i >= 0; i--) {
            siftDown(heap, i, k);
        }
        for (int i = k; i < values.length; i++) {
            if (values[i] > heap[0]) {
                heap[0] = values[i];
                siftDown(heap, 0, k);
            }
        }
        return heap[0];
    }

    private static void siftDown(float[] heap, int at, int size) {
        float value = heap[at];
        while (true) {
            int child = 2 * at + 1;
            if (child >= size) {
                break;
            }
            if (child + 1 < size && heap[child + 1] < heap[child]) {
                child++;
            }
            if (heap[child] >= value) {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = value;
    }

    /// Arrays of the vocabulary's size, shared by the samplers one thread drives.
    static final class Scratch {
        private float[] row = {};
        private float[] raw = {};
        private float[] heap = {};
        private int[] ids = {};
        private double[] nats = {};
        private double[] mass = {};

        float[] row(int size) {
            return row.length == size ? row : (row = new float[size]);
        }

        float[] raw(float[] values) {
            if (raw.length != values.length) {
                raw = new float[values.length];
            }
            System.arraycopy(values, 0, raw, 0, values.length);
            return raw;
        }

        float[] heap(int size) {
            return heap.length >= size ? heap : (heap = new float[size]);
        }

        int[] ids(int size) {
            return ids.length >= size ? ids : (ids = new int[size]);
        }

        double[] nats(int size) {
            return nats.length >= size ? nats : (nats = new double[size]);
        }

        double[] mass(int size) {
            return mass.length >= size ? mass : (mass = new double[size]);
        }
    }
}
