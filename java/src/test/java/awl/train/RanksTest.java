package awl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.DivergedException;
import awl.parallel.ThreadWorld;
import awl.parallel.World;
import awl.tensor.Tensors;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Several ranks compute what one computes: the same loss curve, parts and weights within float32 rounding, whatever
/// the objective, however unequal the shares; and all do what one is asked. The ranks are threads; real processes are
/// tried in `LaunchCommandTest`.
final class RanksTest {

    @TempDir
    Path temp;

    private RankRuns runs() {
        return new RankRuns(temp);
    }

    @ParameterizedTest
    @CsvSource({
        "plain,2,0",
        "plain,4,1",
        "plain,3,2",
        "lora,3,0",
        "lora,2,2",
        "mixed,2,1",
        "mixed,4,0",
        "mixed,4,2",
        "dpo,2,0",
        "dpo,4,1",
        "dpo,4,2"
    })
    void severalRanksGiveTheCurveOfOne(String objective, int ranks, int zero) throws IOException {
        runs().run(1, runs().config("one", objective), false);
        runs().run(ranks, runs().config("many", objective, "train.zero=" + zero, "train.bucket_mib=1"), false);
        runs().assertSameCurve("many", "one");
        assertThat(runs().metrics("many", "validation.jsonl")
                        .getLast()
                        .path("loss")
                        .asDouble())
                .isLessThan(runs().metrics("many", "validation.jsonl")
                        .getFirst()
                        .path("loss")
                        .asDouble());
    }

    /// Seven rows of a micro-batch each: ranks have different numbers of them.
    @ParameterizedTest
    @CsvSource({"plain,3,0", "plain,3,2", "lora,2,2", "mixed,4,2", "dpo,3,2"})
    void manyMicroBatchesAStepToo(String objective, int ranks, int zero) throws IOException {
        String[] small = {"train.batch_size=7", "train.micro_batch_size=1", "data.packing=false", "train.zero=" + zero};
        runs().run(1, runs().config("one", objective, small), false);
        runs().run(ranks, runs().config("many", objective, small), false);
        runs().assertSameCurve("many", "one");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void theSameRanksGiveTheSameBits(int zero) throws IOException {
        String[] small = {"train.batch_size=7", "train.micro_batch_size=1", "data.packing=false", "train.zero=" + zero};
        runs().run(3, runs().config("first", "plain", small), false);
        runs().run(3, runs().config("second", "plain", RankRuns.more(small, "train.overlap=false")), false);
        assertThat(runs().metrics("first", "metrics.jsonl")).isEqualTo(runs().metrics("second", "metrics.jsonl"));
        for (String file : List.of("model/model.safetensors", "checkpoints/step-12/tensors.safetensors")) {
            assertThat(temp.resolve("first").resolve(file))
                    .hasSameBinaryContentAs(temp.resolve("second").resolve(file));
        }
    }

    /// Dealt by micro-batches, so that every bit is the same; each rank has some.
    @Test
    void allRanksComputeReferenceScores() throws IOException {
        String[] numbers = {"train.steps=1", "train.micro_batch_size=1", "data.packing=false"};
        runs().run(1, runs().config("one", "dpo", numbers), false);
        runs().run(3, runs().config("three", "dpo", numbers), false);
        for (String file : List.of("reference.train.jsonl", "reference.validation.jsonl")) {
            assertThat(temp.resolve("three").resolve(file))
                    .hasSameBinaryContentAs(temp.resolve("one").resolve(file));
        }
        for (int rank = 1; rank < 3; rank++) {
            assertThat(temp.resolve("three/log-rank%d.txt".formatted(rank)))
                    .content()
                    .contains("of 7 train pairs", ", 2 of them on this rank");
        }
        runs().run(2, runs().config("three", "dpo", RankRuns.more(numbers, "train.steps=2")), true);
        assertThat(temp.resolve("three/log-rank1.txt")).content().doesNotContain(", 3 of them on this rank");
    }

    @Test
    void whatOneRankIsAskedAllDo() throws IOException {
        StopSignal asked = new StopSignal();
        asked.request();
        assertThat(runs().run(2, runs().config("stopped", "plain"), false, asked))
                .isEqualTo(143);
        assertThat(runs().metrics("stopped", "metrics.jsonl")).isEmpty();

        StopSignal checkpoint = new StopSignal();
        runs().run(1, runs().config("goes on", "plain", "train.steps=4"), false);
        runs().run(2, runs().config("goes on", "plain", "train.steps=6"), true);
        checkpoint.requestCheckpoint();
        // Behind step 6 there is one already, and nothing is written twice.
        assertThat(runs().run(2, runs().config("goes on", "plain", "train.steps=7"), true, checkpoint))
                .isZero();
        assertThat(temp.resolve("goes on/checkpoints/step-7")).isDirectory();
        assertThat(temp.resolve("goes on/log-rank1.txt")).content().contains("resuming behind step 6");
    }

    /// What a rank has told the others it does: a signal behind that waits for the next border.
    @Test
    void aSignalBehindTheAgreementLeavesNobodyAlone() throws IOException {
        StopSignal asked = new StopSignal();
        List<World> worlds = new ArrayList<>(ThreadWorld.of(2));
        World last = worlds.getLast();
        worlds.set(1, (World) Proxy.newProxyInstance(
                World.class.getClassLoader(), new Class<?>[] {World.class}, (self, method, arguments) -> {
                    try {
                        Object result = method.invoke(last, arguments);
                        if (method.getName().equals("sum")
                                && Tensors.dtype((Tensor) arguments[0]) == ScalarType.Double
                                && ((Tensor) arguments[0]).numel() == 2) {
                            asked.request(); // the agreement is the one sum of two numbers
                        }
                        return result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
        assertThat(runs().run(worlds, runs().config("late", "plain", "data.validation=null"), false, asked))
                .isEqualTo(143);
        assertThat(runs().metrics("late", "metrics.jsonl")).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void allRanksEndWhenLossOrGradientIsNoNumber(int zero) {
        assertThatThrownBy(() -> runs().run(
                                2,
                                runs().config(
                                                "wild",
                                                "plain",
                                                "optimizer.lr=1e30",
                                                "data.validation=null",
                                                "train.zero=" + zero),
                                false))
                .isInstanceOf(DivergedException.class)
                .hasMessageContaining("step 2: the loss is")
                .hasMessageContaining("first seen in documents: ")
                .hasMessageContaining("gradients that are not finite: ");
    }

    @Test
    void anotherZeroIsRefusedWithThoseThereAre() {
        assertThatThrownBy(() -> runs().config("run", "plain", "train.zero=3"))
                .isInstanceOf(awl.ConfigException.class)
                .hasMessageContaining("train.zero: expected 0, 1 or 2, found 3");
    }

    @Test
    void ranksWithOtherFilesAreRefused() {
        assertThatThrownBy(() -> runs().run(2, runs().config("run", "plain", "model.path=/nowhere"), false))
                .isInstanceOf(awl.ConfigException.class)
                .hasMessageContaining("model.path: /nowhere");
    }
}
