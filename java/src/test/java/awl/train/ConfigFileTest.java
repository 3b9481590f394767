package awl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import awl.ConfigException;
import awl.data.Reduction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ConfigFileTest {

    private static final String MINIMAL = """
            model:
              path: /models/m
            data: {train: a.jsonl}
            train:
              steps: 10
            output: out
            """;

    @TempDir
    Path folder;

    private TrainConfig read(String text, String... overrides) throws IOException {
        return ConfigFile.read(Files.writeString(folder.resolve("run.yaml"), text), List.of(overrides));
    }

    @Test
    void everyKeyOfTheContract() throws IOException {
        TrainConfig config = read("""
                model: {path: m, precision: bf16}
                lora: {rank: 4, alpha: 8, targets: [q_proj, v_proj], dropout: 0.1, rslora: true}
                data: {train: t, validation: v, packing: true, max_length: 512, reduction: sequence_sum, shuffle: false, call_format: hermes}
                train: {epochs: 1.5, batch_size: 16, micro_batch_size: 2, seed: 7, clip_norm: 0.5, recompute: block}
                optimizer: {lr: 1e-3, betas: [0.8, 0.9], eps: 1.0e-6, weight_decay: 0.1}
                schedule: {type: linear, warmup_ratio: 0.1, min_ratio: 0.05}
                checkpoint: {every: 50, keep: 3}
                output: o
                """);
        assertThat(config.model().precision()).isEqualTo("bf16");
        assertThat(config.lora()).isEqualTo(new TrainConfig.Lora(4, 8, List.of("q_proj", "v_proj"), 0.1, true));
        assertThat(config.data())
                .isEqualTo(new TrainConfig.Data("t", "v", true, 512, Reduction.SEQUENCE_SUM, false, "hermes"));
        assertThat(config.train())
                .isEqualTo(new TrainConfig.Train(
                        null, 1.5, 16, 2, 7, 0.5, TrainConfig.Recompute.BLOCK, 0, true, 25, "auto"));
        assertThat(config.optimizer()).isEqualTo(new TrainConfig.Optimizer(1e-3, List.of(0.8, 0.9), 1e-6, 0.1));
        assertThat(config.schedule()).isEqualTo(new TrainConfig.Schedule(TrainConfig.Decay.LINEAR, null, 0.1, 0.05));
        assertThat(config.schedule().over(30, 1).warmup()).isEqualTo(3);
        assertThat(config.checkpoint()).isEqualTo(new TrainConfig.Checkpoint(50, 3, true));
    }

    @ParameterizedTest
    @CsvSource({"none, NONE", "false, NONE", "block, BLOCK", "true, BLOCK"})
    void recomputationIsNamed(String written, TrainConfig.Recompute meant) throws IOException {
        TrainConfig config = read(MINIMAL, "train.recompute=" + written);
        assertThat(config.train().recompute()).isEqualTo(meant);
        assertThat(ConfigFile.write(config)).contains("recompute: " + meant);
        assertThatThrownBy(() -> read(MINIMAL, "train.recompute=all"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("train.recompute")
                .hasMessageContaining("none or block");
    }

    /// The device is looked at when the run begins.
    @Test
    void theDeviceIsAutoWhereNoneIsNamed() throws IOException {
        assertThat(read(MINIMAL).model().device()).isEqualTo("auto");
        assertThat(read(MINIMAL, "model.device=cuda:1").model().device()).isEqualTo("cuda:1");
    }

    @Test
    void defaultsAreFilledInAndTheCopyReadsTheSame() throws IOException {
        TrainConfig config = read(MINIMAL);
        assertThat(config.lora()).isNull();
        assertThat(config.optimizer().lr()).isEqualTo(1e-5);
        assertThat(config.data().reduction()).isEqualTo(Reduction.TOKEN_MEAN);
        assertThat(read(ConfigFile.write(config))).isEqualTo(config);

        TrainConfig lora = read(MINIMAL + "lora: {targets: all-linear}\n");
        assertThat(lora.lora()).isEqualTo(new TrainConfig.Lora(16, 32, List.of("all-linear"), 0, false));
        assertThat(lora.optimizer().lr()).isEqualTo(2e-4);
        assertThat(read(ConfigFile.write(lora))).isEqualTo(lora);
    }

    @Test
    void anObjectiveHasTheKeysOfItsType() throws IOException {
        assertThat(read(MINIMAL).objective().type()).isEqualTo(ObjectiveConfig.Type.CROSS_ENTROPY);
        TrainConfig mixed = read(MINIMAL + "objective: {type: mixed, alpha: 0.3}\n");
        assertThat(mixed.objective().alpha()).isEqualTo(0.3);
        assertThat(mixed.objective().lambda()).isEqualTo(0.5);
        assertThat(mixed.data().reduction()).isEqualTo(Reduction.EXAMPLE_MEAN);
        assertThat(read(ConfigFile.write(mixed))).isEqualTo(mixed);
        TrainConfig ipo = read(MINIMAL, "objective.type=ipo", "objective.reference=r", "objective.sft_weight=0.2");
        assertThat(ipo.objective())
                .isEqualTo(new ObjectiveConfig(ObjectiveConfig.Type.IPO, null, null, null, 0.1, "r", 0.2));
        assertThat(read(ConfigFile.write(ipo))).isEqualTo(ipo);
        assertThatThrownBy(() -> read(MINIMAL + "objective: {alpha: 0.3}\n"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("run.yaml:7: objective.alpha: belongs to objective.type mixed");
        assertThatThrownBy(() -> read(MINIMAL, "objective.type=dpo", "objective.beta=0"))
                .hasMessageContaining("objective.beta: expected more than 0, found 0");
        assertThatThrownBy(() -> read(MINIMAL, "objective.lamda=0.1"))
                .hasMessageContaining("did you mean objective.lambda?");
    }

    @Test
    void overridesWinAndReachMissingSections() throws IOException {
        TrainConfig config = read(
                MINIMAL + "lora: {rank: 2}\n",
                "train.steps=3",
                "schedule.type=constant",
                "lora.targets=[q_proj]",
                "train.clip_norm=0",
                "data.max_length=64");
        assertThat(config.train().steps()).isEqualTo(3);
        assertThat(config.schedule().type()).isEqualTo(TrainConfig.Decay.CONSTANT);
        assertThat(config.lora()).isEqualTo(new TrainConfig.Lora(2, 4, List.of("q_proj"), 0, false));
        assertThat(read(MINIMAL + "lora: {rank: 2}\n", "lora=null").lora()).isNull();
        assertThat(read(MINIMAL, "train.steps=null", "train.epochs=2").train().epochs())
                .isCloseTo(2, within(0.0));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "optimiser: {lr: 1}|:7: optimiser: unknown key; did you mean optimizer?",
                "optimizer: {learning_rate: 1}|:7: optimizer.learning_rate: unknown key; did you mean optimizer.",
                "lr: 1|:7: lr: unknown key; did you mean optimizer.lr?",
                "schedule: {warmup: 1}|:7: schedule.warmup: unknown key; did you mean schedule.warmup_",
                "optimizer: {lr: fast}|:7: optimizer.lr: expected a number, found \"fast\"",
                "optimizer: {lr: -1}|:7: optimizer.lr: expected a finite number of at least 0, found -1",
                "optimizer: {lr: .inf}|:7: optimizer.lr: expected a",
                "optimizer: {betas: [0.9]}|:7: optimizer.betas: expected two numbers",
                "optimizer: {betas: [0.9, x]}|:7: optimizer.betas[1]: expected a number, found \"x\"",
                "schedule: {type: cosin}|:7: schedule.type: expected one of constant, linear, cosine, found \"cosin\"",
                "schedule: {warmup_steps: 1, warmup_ratio: 0.1}|:7: schedule.warmup_steps: expected at most one",
                "schedule: {warmup_steps: 010}|:7: schedule.warmup_steps: 010 would be an octal number",
                "checkpoint: {every: 0}|:7: checkpoint.every: expected at least 1, found 0",
                "checkpoint: {keep: 1.5}|:7: checkpoint.keep: expected a whole number, found 1.5",
                "checkpoint: 5|:7: checkpoint: expected a section with background, every, keep",
                "lora: {dropout: 1}|:7: lora.dropout: expected 0 to below 1, found 1",
                "output: twice|:7: not YAML: Duplicate field 'output'",
                "lora: {rank: [|not YAML",
            })
    void errorsNameLineAndKey(String extra, String message) {
        assertThatThrownBy(() -> read(MINIMAL + extra + "\n"))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith(folder.resolve("run.yaml").toString())
                .hasMessageContaining(message);
    }

    @Test
    void errorsInOverridesNameTheOverride() {
        assertThatThrownBy(() -> read(MINIMAL, "train.stepz=3"))
                .isInstanceOf(ConfigException.class)
                .hasMessage("--set train.stepz: train.stepz: unknown key; did you mean train.steps?");
        assertThatThrownBy(() -> read(MINIMAL, "train.batch_size=many"))
                .hasMessage("--set train.batch_size: train.batch_size: expected a whole number, found \"many\"");
        assertThatThrownBy(() -> read(MINIMAL, "train.steps")).hasMessageContaining("expected key=value");
        assertThatThrownBy(() -> read(MINIMAL, "output.x=1")).hasMessageContaining("output is a value, not a section");
    }

    @Test
    void missingKeysAreNamed() {
        assertThatThrownBy(() -> read("")).hasMessageContaining("model.path: expected a path, found nothing");
        assertThatThrownBy(() -> read("- 1")).hasMessageContaining("expected keys and values");
        assertThatThrownBy(() -> read(MINIMAL.replace("  steps: 10", "  batch_size: 2")))
                .hasMessageContaining("run.yaml:4: train.steps: expected exactly one of steps and epochs");
        assertThatThrownBy(() -> ConfigFile.read(folder.resolve("none.yaml"), List.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("none.yaml: cannot be read");
    }

    @Test
    void anAdapterBringsItsOwnShape() throws IOException {
        Files.writeString(
                folder.resolve("adapter_config.json"),
                "{\"r\": 4, \"lora_alpha\": 8, \"target_modules\": [\"q_proj\"], \"lora_dropout\": 0.05, \"use_rslora\": false}");
        String adapter = MINIMAL.replace("  path: /models/m", "  path: /models/m\n  adapter: " + folder);
        TrainConfig.Lora own = new TrainConfig.Lora(4, 8, List.of("q_proj"), 0.05, false);
        assertThat(read(adapter).lora()).isEqualTo(own);
        assertThat(read(adapter, "lora.rank=4", "lora.dropout=0").lora())
                .isEqualTo(new TrainConfig.Lora(4, 8, List.of("q_proj"), 0, false));
        assertThatThrownBy(() -> read(adapter, "lora.rank=8"))
                .hasMessageContaining("lora.rank: the adapter in model.adapter has 4, found 8");
        assertThatThrownBy(() -> read(MINIMAL, "model.adapter=/nowhere"))
                .hasMessageContaining("expected a PEFT folder");
    }
}
