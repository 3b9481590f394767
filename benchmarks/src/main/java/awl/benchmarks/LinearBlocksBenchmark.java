package awl.benchmarks;

import awl.kernel.Kernels;
import awl.tensor.BlockMatrix;
import awl.tensor.Tensors;
import awl.tensor.Threads;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// Is reading a layer's weights in their blocks faster than reading them in float32? Matrices are many enough that they
/// come from memory, as those of a model do.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 10, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@SuppressWarnings("NullAway.Init") // JMH fills the state.
public class LinearBlocksBenchmark {

    /// Gate and up of SmolLM2-135M, in as many layers.
    private static final int ROWS = 3072;

    private static final int COLUMNS = 576;
    private static final int LAYERS = 30;

    @Param({"Q4_1", "Q8_0", "float32"})
    public String weights;

    @Param({"1", "4", "16"})
    public int rows;

    private Kernels kernels;
    private Tensor x_ND;
    private Tensor y_NO;
    private Tensor[] dense;
    private Stored[] blocks;

    /// Blocks of 32 values.
    private record Stored(int format, String formatName, int blockBytes, MemorySegment bytes) implements BlockMatrix {
        @Override
        public long rows() {
            return ROWS;
        }

        @Override
        public long columns() {
            return COLUMNS;
        }

        @Override
        public int interleavedHead() {
            return 0;
        }

        @Override
        public Tensor dequantized() {
            throw new UnsupportedOperationException("random bytes are for the native kernels alone");
        }

        @Override
        public Tensor dequantized(int... wanted) {
            throw new UnsupportedOperationException("random bytes are for the native kernels alone");
        }

        static Stored random(int format, String name, int blockBytes, Random random) {
            byte[] bytes = new byte[ROWS * COLUMNS / 32 * blockBytes];
            random.nextBytes(bytes);
            for (int at = 0; at < bytes.length; at += blockBytes) {
                bytes[at + 1] = 0x20; // a small scale,
                bytes[at + 3] = 0x20; // a small offset or two values
            }
            MemorySegment memory = Arena.ofAuto().allocate(bytes.length, 64);
            MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, 0, bytes.length);
            return new Stored(format, name, blockBytes, memory);
        }
    }

    @Setup
    public void prepare() {
        Threads.set(Machine.threads());
        kernels = Machine.kernels("native");
        torch.manual_seed(1);
        x_ND = torch.randn(rows, COLUMNS);
        y_NO = torch.empty(rows, ROWS);
        dense = new Tensor[LAYERS];
        blocks = new Stored[LAYERS];
        Random random = new Random(1);
        for (int layer = 0; layer < LAYERS; layer++) {
            switch (weights) {
                case "Q4_1" -> blocks[layer] = Stored.random(3, weights, 20, random);
                case "Q8_0" -> blocks[layer] = Stored.random(8, weights, 34, random);
                default -> dense[layer] = torch.randn(ROWS, COLUMNS);
            }
        }
        if (blocks[0] != null) {
            requireSameAsDecoded();
        }
    }

    private void requireSameAsDecoded() {
        Tensor decoded = kernels.dequantized(blocks[0]);
        Tensor expected = torch.empty_like(y_NO);
        kernels.linear(x_ND, decoded, expected);
        kernels.linearBlocks(x_ND, List.of(blocks[0]), y_NO);
        if (!y_NO.equal(expected) || Float.isNaN(Tensors.array(y_NO)[0])) {
            throw new AssertionError(weights + ": differs from linear with the decoded matrix");
        }
    }

    /// All layers once.
    @Benchmark
    public Tensor layers() {
        for (int layer = 0; layer < LAYERS; layer++) {
            try (PointerScope _ = new PointerScope()) {
                if (dense[layer] != null) {
                    kernels.linear(x_ND, dense[layer], y_NO);
                } else {
                    kernels.linearBlocks(x_ND, List.of(blocks[layer]), y_NO);
                }
            }
        }
        return y_NO;
    }
}
