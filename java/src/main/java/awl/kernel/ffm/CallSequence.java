package awl.kernel.ffm;

import awl.NativeException;
import awl.kernel.Replay;
import awl.kernel.TensorOperation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// The calls into libraries that a thread made while it was recording, with their arguments as they were then.
final class CallSequence implements Replay {

    private static final ThreadLocal<@Nullable CallSequence> RECORDING = new ThreadLocal<>();

    private final Arena arena = Arena.ofShared();
    private final List<Step> steps = new ArrayList<>();
    private final List<Tensor> held = new ArrayList<>();
    private final Set<NativeLibrary> libraries = new LinkedHashSet<>();

    private sealed interface Step permits KernelStep, TensorStep {

        void run() throws Throwable;
    }

    private record KernelStep(NativeLibrary library, NativeLibrary.Call call, Arguments arguments) implements Step {

        @Override
        public void run() throws Throwable {
            library.check(call.run(arguments.again()));
        }
    }

    private record TensorStep(TensorOperation operation, Tensor[] on) implements Step {

        @Override
        public void run() {
            operation.run(on);
        }
    }

    /// Where a call's arguments are made: the first time in memory that stays, later found there.
    static final class Arguments implements SegmentAllocator {

        private final CallSequence sequence;
        private final List<MemorySegment> made = new ArrayList<>();
        private int next = -1;

        private Arguments(CallSequence sequence) {
            this.sequence = sequence;
        }

        private Arguments again() {
            next = 0;
            return this;
        }

        /// The argument that was made at this place, or null while recording.
        @Nullable
        MemorySegment known() {
            return next < 0 ? null : made.get(next++);
        }

        /// Keeps the memory that an argument points to.
        void hold(@Nullable Tensor tensor) {
            if (tensor != null) {
                sequence.hold(tensor);
            }
        }

        @Override
        public MemorySegment allocate(long bytes, long alignment) {
            MemorySegment known = known();
            if (known != null) {
                return known;
            }
            MemorySegment segment = sequence.arena.allocate(bytes, alignment);
            made.add(segment);
            return segment;
        }
    }

    private CallSequence() {}

    /// Runs something and keeps the calls it makes on this thread.
    static CallSequence of(Runnable calls) {
        if (RECORDING.get() != null) {
            throw new IllegalStateException("this thread is recording calls already");
        }
        CallSequence sequence = new CallSequence();
        RECORDING.set(sequence);
        try {
            calls.run();
        } catch (RuntimeException | Error e) {
            sequence.close();
            throw e;
        } finally {
            RECORDING.remove();
        }
        return sequence;
    }

    /// What this thread records into, or null.
    static @Nullable CallSequence recording() {
        return RECORDING.get();
    }

    /// Makes a call and keeps it.
    void call(NativeLibrary library, NativeLibrary.Call call) throws Throwable {
        Arguments arguments = new Arguments(this);
        library.check(call.run(arguments));
        steps.add(new KernelStep(library, call, arguments));
        libraries.add(library);
    }

    /// Does something with tensors and keeps it.
    void operation(TensorOperation operation, Tensor... on) {
        Tensor[] own = new Tensor[on.length];
        for (int i = 0; i < on.length; i++) {
            own[i] = hold(on[i]);
        }
        operation.run(own);
        steps.add(new TensorStep(operation, own));
    }

    /// Another handle of a tensor, of which the callers' scopes know nothing.
    private Tensor hold(Tensor tensor) {
        Tensor own = new Tensor(tensor);
        own.retainReference();
        held.add(own);
        return own;
    }

    @Override
    public void run() {
        int threads = torch.get_num_threads();
        libraries.forEach(library -> library.useThreads(threads));
        try (NoGradGuard guard = new NoGradGuard()) {
            for (Step step : steps) {
                step.run();
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException("recorded calls", e);
        }
    }

    @Override
    public void close() {
        held.forEach(Tensor::close);
        held.clear();
        steps.clear();
        arena.close();
    }
}
