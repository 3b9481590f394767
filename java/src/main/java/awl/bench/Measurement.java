package awl.bench;

import awl.kernel.Kernels;
import awl.tensor.Cuda;
import awl.tensor.DeviceHandle;
import awl.tensor.TensorScope;
import awl.tensor.Threads;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// Measures cases one after the other.
///
/// Of each contender a first call tells memory and errors and warms up; then every contender runs once a
/// round, one order in even rounds and the other in odd ones, so that a change of clock or load is in all
/// of them. Where a call is short, several are timed together.
final class Measurement {

    /// A sample should last at least so long, for the clock and for threads to wake up in.
    private static final double SHORTEST_SAMPLE = 0.02;

    /// Calls that are this short are looked at again for their memory: what the JVM takes meanwhile must not count.
    private static final double SHORT = 0.2;

    private static final int MOST_CALLS = 10_000;

    /// Threads of the contender before spin for some milliseconds more.
    private static final long REST_MS = 40;

    private final Kernels ours;
    private final DeviceHandle device;
    private final int rounds;
    private final Consumer<String> say;

    /// @param device that computes
    /// @param say told what is going on
    Measurement(Kernels ours, DeviceHandle device, int rounds, Consumer<String> say) {
        this.ours = ours;
        this.device = device;
        this.rounds = rounds;
        this.say = say;
    }

    /// Makes thread pools, and the buffers that libtorch's libraries keep for ever.
    static void warmUp() {
        try (TensorScope _ = TensorScope.open()) {
            Tensor square = torch.randn(512, 512);
            torch.mm(square, square).exp_();
        }
    }

    CaseResult run(KernelCase one) {
        say.accept(one.fullLabel() + ": memory and errors");
        torch.manual_seed(1);
        ours.releaseWorkspace();
        try (TensorScope _ = TensorScope.open()) {
            KernelCase.Prepared prepared = one.prepare(ours);
            List<Contender> contenders = prepared.contenders();
            List<Track> tracks = new ArrayList<>();
            try (TensorScope _ = TensorScope.open()) {
                Map<String, Tensor> truth = prepared.truth();
                contenders.forEach(each -> tracks.add(new Track(each, first(each, truth), new ArrayList<>())));
            }
            for (int round = 0; round < rounds; round++) {
                say.accept("%s: round %d of %d".formatted(one.fullLabel(), round + 1, rounds));
                for (Track each : round % 2 == 0 ? tracks : tracks.reversed()) {
                    each.seconds.add(sample(each.contender, each.first.calls));
                }
            }
            return result(one, tracks);
        } finally {
            ours.releaseWorkspace();
        }
    }

    private static CaseResult result(KernelCase one, List<Track> tracks) {
        Map<String, Double> plain = tracks.stream()
                .filter(each -> each.contender.role() == Contender.Role.PLAIN)
                .findFirst()
                .map(each -> each.first.errors)
                .orElse(Map.of());
        List<ContenderResult> results = new ArrayList<>();
        for (Track each : tracks) {
            boolean held = each.contender.role() == Contender.Role.OURS;
            results.add(new ContenderResult(
                    each.contender.name(),
                    each.contender.role(),
                    each.seconds,
                    each.first.calls,
                    each.first.memoryMib,
                    each.first.errors,
                    held ? Exactness.tooFar(each.first.errors, plain) : Map.of()));
        }
        return new CaseResult(one.kernel(), one.label(), one.dtype(), one.parameters(), one.work(), results);
    }

    /// A contender and what has been seen of it.
    private record Track(Contender contender, First first, List<Double> seconds) {}

    /// @param calls for one sample
    private record First(double memoryMib, Map<String, Double> errors, int calls) {}

    /// What the first calls of a contender show.
    private First first(Contender contender, Map<String, Tensor> truth) {
        Map<String, Double> errors = new LinkedHashMap<>();
        double memory = Double.NaN;
        double seconds = Double.MAX_VALUE;
        for (int call = 0; call < 3 && (call == 0 || seconds < SHORT); call++) {
            if (contender.role() == Contender.Role.OURS) {
                ours.releaseWorkspace(); // what it then takes is its own
            }
            MemoryMeter meter = MemoryMeter.start(device);
            try (TensorScope _ = TensorScope.open()) {
                long start = System.nanoTime();
                Map<String, Tensor> results = step(contender);
                Cuda.await(device);
                seconds = Math.min(seconds, (System.nanoTime() - start) * 1e-9);
                double above = meter.aboveMib() - contender.handedBack() / (double) (1 << 20);
                memory = Double.isNaN(memory) ? above : Math.min(memory, above);
                if (call == 0) { // later calls add to gradients that are there
                    errors.putAll(Exactness.errors(results, truth));
                }
            }
        }
        int calls = (int) Math.clamp(Math.ceil(SHORTEST_SAMPLE / seconds), 1, MOST_CALLS);
        return new First(Double.isNaN(memory) ? memory : Math.max(0, memory), errors, calls);
    }

    /// Seconds of a call.
    private double sample(Contender contender, int calls) {
        rest();
        long start = System.nanoTime();
        for (int call = 0; call < calls; call++) {
            try (TensorScope _ = TensorScope.open()) {
                step(contender);
            }
        }
        Cuda.await(device);
        return (System.nanoTime() - start) * 1e-9 / calls;
    }

    private static Map<String, Tensor> step(Contender contender) {
        if (!contender.ourThreads()) {
            return contender.step().get();
        }
        try (Threads.SerialBlas _ = Threads.serialBlas()) {
            return contender.step().get();
        }
    }

    private static void rest() {
        try {
            Thread.sleep(REST_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
