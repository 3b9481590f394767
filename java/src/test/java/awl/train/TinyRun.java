package awl.train;

import awl.data.BatchStream;
import awl.data.Example;
import awl.data.Packer;
import awl.data.PlainRows;
import awl.data.Reduction;
import awl.data.RowOrder;
import awl.data.SplitMix;
import awl.data.Weighting;
import awl.kernel.KernelSelection;
import awl.kernel.Kernels;
import awl.optim.AdamW;
import awl.optim.AdamWRule;
import awl.optim.Schedule;
import awl.parallel.GradientBuckets;
import awl.parallel.World;
import awl.tensor.Parameter;
import awl.tensor.TensorScope;
import awl.tensor.Threads;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A run of [TinyObjective]: in this process, or as a program of its own that can be killed.
final class TinyRun {

    static final int VOCABULARY = 17;

    /// What an ordinary run would choose, so that resuming is tested with it.
    static final Kernels KERNELS =
            KernelSelection.forThisMachine(KernelSelection.Wanted.AUTO).open();

    private TinyRun() {}

    /// `FOLDER STEPS`: resumes where it can; ends as `awl train` does.
    public static void main(String[] arguments) {
        StopSignal stop = new StopSignal();
        stop.install();
        System.out.println("ready");
        Trainer.End end = run(Path.of(arguments[0]), Long.parseLong(arguments[1]), 1e-2, stop, System.out, Pause.NONE);
        System.exit(end == Trainer.End.STOPPED ? stop.exitCode() : 0);
    }

    /// Called before each step.
    interface Pause {
        Pause NONE = step -> {};

        void before(long step);
    }

    static List<Example> rows(int count, int seed) {
        SplitMix random = new SplitMix(seed);
        List<Example> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] ids = new int[2 + random.below(9)];
            float[] weights = new float[ids.length];
            for (int t = 0; t < ids.length; t++) {
                ids[t] = t == 0 ? random.below(VOCABULARY) : (ids[t - 1] * 5 + 3) % VOCABULARY;
                weights[t] = random.below(4) / 2f;
            }
            weights[1] = 1;
            rows.add(new Example("row" + i, ids, weights, 1 + random.below(3), "rows:" + (i + 1)));
        }
        return rows;
    }

    static Trainer.End run(Path output, long steps, double rate, StopSignal stop, PrintStream out, Pause pause) {
        Threads.set(1);
        try (TensorScope scope = TensorScope.open();
                RunFolder folder = RunFolder.open(output);
                TinyObjective objective = new TinyObjective(VOCABULARY, 8, 0.2);
                Trainer trainer = trainer(objective, folder, steps, rate, stop, out, pause)) {
            trainer.resume();
            return trainer.run();
        }
    }

    static Trainer trainer(
            TinyObjective objective,
            RunFolder folder,
            long steps,
            double rate,
            StopSignal stop,
            PrintStream out,
            Pause pause) {
        Weighting weighting = new Weighting(Reduction.TOKEN_MEAN);
        Packer packer = new Packer(true, 24, 1);
        BatchStream data = new BatchStream(rows(20, 1), weighting, packer, 6, true, 42);
        Objective paused = new Objective() {
            private long step;

            @Override
            public List<Parameter> trainable() {
                return objective.trainable();
            }

            @Override
            public void startRandomStream(long stream) {
                pause.before(++step);
                objective.startRandomStream(stream);
            }

            @Override
            public Learned learn(awl.data.Batch batch, double scale) {
                return objective.learn(batch, scale);
            }

            @Override
            public org.bytedeco.pytorch.Tensor logProb(awl.data.Batch batch) {
                return objective.logProb(batch);
            }
        };
        AdamW adam = new AdamW(
                AdamW.slots(objective.trainable()), new AdamW.Settings(0.9, 0.95, 1e-8, 0.1), AdamWRule.best(KERNELS));
        return new Trainer(
                World.single(),
                paused,
                data,
                new Validation(
                        World.single(),
                        objective,
                        new PlainRows(rows(5, 2), weighting, new RowOrder(false, 0)),
                        packer),
                folder,
                new TrainingPlan(steps, 6, 42, 1.0, 7, 2, true, "rows-1"),
                new Schedule.Cosine(rate, 10, 60, 0.1),
                GradientBuckets.whole(World.single(), objective.trainable(), 1, true),
                adam,
                KERNELS,
                new Progress(out, false),
                stop);
    }
}
