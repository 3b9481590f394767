package awl.benchmarks;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// What does memory give? The triad of STREAM (McCalpin 1995) and its like, on all cores, over arrays of
/// 192 MB. Blocks go to whichever thread is free, as the pieces of our kernels do.
///
/// Bytes an element: of the triad 12 as STREAM counts, 16 with the reading of the lines it writes, which
/// these stores do; of the update 12, for it writes what it has read, as AdamW does.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = "-XX:+UseTransparentHugePages")
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 10, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@SuppressWarnings("NullAway.Init") // JMH fills the state.
public class MemoryBandwidthBenchmark {

    private static final int ELEMENTS = 48_000_000;
    private static final int BLOCK = 64_000;

    private float[] a;
    private float[] b;
    private float[] c;

    @Setup
    public void prepare() {
        a = new float[ELEMENTS];
        b = new float[ELEMENTS];
        c = new float[ELEMENTS];
        Arrays.fill(a, 1);
        Arrays.fill(b, 2);
        triad();
        if (c[0] != 7 || c[ELEMENTS - 1] != 7) {
            throw new AssertionError("1 + 3 * 2 is not " + c[0]);
        }
    }

    @Benchmark
    public float[] triad() {
        IntStream.range(0, ELEMENTS / BLOCK).parallel().forEach(this::triad);
        return c;
    }

    @Benchmark
    public float[] update() {
        IntStream.range(0, ELEMENTS / BLOCK).parallel().forEach(this::update);
        return c;
    }

    private void triad(int block) {
        float[] a = this.a;
        float[] b = this.b;
        float[] c = this.c;
        for (int i = block * BLOCK; i < (block + 1) * BLOCK; i++) {
            c[i] = a[i] + 3 * b[i];
        }
    }

    private void update(int block) {
        float[] b = this.b;
        float[] c = this.c;
        for (int i = block * BLOCK; i < (block + 1) * BLOCK; i++) {
            c[i] = c[i] + 0.001f * b[i];
        }
    }
}
