package awl.pipeline;

import awl.chat.ToolMode;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a run of the method is asked to do: the YAML file of `awl run`, key for key, with the defaults of
/// `awl/runs/pipeline-defaults.yaml` filled in. [PipelineConfigFile] reads and checks it.
///
/// Paths are taken as they are, relative ones from the current folder.
///
/// @param bootstrap training on scripted traces before everything else
/// @param knowledge what the WKD stage has other than `train` and `optimizer` say
/// @param mixed the same for the mixed stage and what it is compared with
/// @param tracking of the training stages, as in `awl train`
/// @param rounds how often partition to evaluation are done, each with the model of the one before
/// @param seed of everything random but the questions
/// @param output the run folder
@JsonInclude(JsonInclude.Include.NON_NULL)
public record PipelineConfig(
        Model model,
        Policy policy,
        Problems problems,
        Prompts prompts,
        Tools tools,
        EpisodeLimits episode,
        Length bootstrap,
        Solve solve,
        Length knowledge,
        PartitionRule partition,
        Length mixed,
        Preference preference,
        Evaluate evaluate,
        @Nullable ObjectNode lora,
        ObjectNode data,
        ObjectNode objective,
        ObjectNode train,
        ObjectNode optimizer,
        ObjectNode schedule,
        ObjectNode checkpoint,
        @Nullable ObjectNode tracking,
        int rounds,
        long seed,
        String output) {

    /// The same run in another folder.
    public PipelineConfig in(String folder) {
        return with(evaluate, folder);
    }

    /// The same run with other models evaluated.
    public PipelineConfig evaluating(List<Variant> models) {
        return with(new Evaluate(models, evaluate.prompts, evaluate.resamples), output);
    }

    private PipelineConfig with(Evaluate models, String folder) {
        return new PipelineConfig(
                model,
                policy,
                problems,
                prompts,
                tools,
                episode,
                bootstrap,
                solve,
                knowledge,
                partition,
                mixed,
                preference,
                models,
                lora,
                data,
                objective,
                train,
                optimizer,
                schedule,
                checkpoint,
                tracking,
                rounds,
                seed,
                folder);
    }

    /// @param path Hugging Face folder or GGUF file
    /// @param adapter PEFT folder to begin with
    /// @param device `auto`, `cpu`, `cuda` or `cuda:N`
    /// @param callFormat how calls are written where the chat template has no place for tools
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Model(
            String path,
            @Nullable String adapter,
            String precision,
            String device,
            @JsonProperty("call_format") @Nullable String callFormat) {}

    /// Who answers in the model's place: servers with OpenAI's interface. `model.path` is needed all the same, for
    /// its tokenizer, its template and training. Models that the run trains are answered for in this process,
    /// unless `lora`.
    ///
    /// @param endpoints roots of servers, `http://host:8000`; none = the model answers in this process
    /// @param model name under which they serve it; the last part of `model.path` by default
    /// @param keyEnv environment variable that holds their key
    /// @param api how they are asked
    /// @param concurrency requests under way at once
    /// @param timeout seconds of one answer
    /// @param retries failures of one request before the run is stopped
    /// @param lora whether servers load the adapters that the run trains, and answer with them
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Policy(
            List<String> endpoints,
            @Nullable String model,
            @JsonProperty("key_env") @Nullable String keyEnv,
            Api api,
            int concurrency,
            double timeout,
            int retries,
            boolean lora) {}

    /// How servers are asked.
    public enum Api {
        /// Plain completions of the episode's own token ids: the model sees what is trained on.
        @JsonProperty("completions")
        COMPLETIONS,
        /// Chat completions: the server renders messages and tools itself.
        @JsonProperty("chat")
        CHAT
    }

    /// @param sets generated sets; see `awl problems`
    /// @param kinds of them; all where empty
    /// @param train questions of each generated set
    /// @param test questions of each generated set that stay unseen
    /// @param open open-ended questions of each set that has some, for the preference stage
    /// @param trainFiles further training questions
    /// @param testFiles further unseen questions
    /// @param fileTrain at most so many of each file, drawn by the seed; all by default
    /// @param fileTest the same for unseen ones
    /// @param contamination what happens where test questions are among those trained on or shown
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Problems(
            List<String> sets,
            List<String> kinds,
            int train,
            int test,
            int open,
            @JsonProperty("train_files") List<String> trainFiles,
            @JsonProperty("test_files") List<String> testFiles,
            @JsonProperty("file_train") @Nullable Integer fileTrain,
            @JsonProperty("file_test") @Nullable Integer fileTest,
            long seed,
            Contaminated contamination) {}

    /// What happens to training questions that are test questions too.
    public enum Contaminated {
        /// The run stops before anything is trained.
        @JsonProperty("refuse")
        REFUSE,
        /// They are left out of training.
        @JsonProperty("drop")
        DROP,
        /// They stay, and it is said.
        @JsonProperty("allow")
        ALLOW
    }

    /// System turns; files with the text, the shipped ones by default.
    ///
    /// @param demonstrations problems with traces that are shown, solved, under P_f
    /// @param shots how many of them
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Prompts(
            @Nullable String none,
            @Nullable String optional,
            @Nullable String forced,
            @Nullable String restate,
            @Nullable String demonstrations,
            int shots) {}

    /// @param names tools for every question; by default those of the question's set
    /// @param listing how they are described
    /// @param seconds limit of one call
    public record Tools(List<String> names, Listing listing, double seconds) {}

    /// How a prompt describes tools.
    public enum Listing {
        /// Their JSON schemas, by the chat template.
        @JsonProperty("schema")
        SCHEMA,
        /// One line each in the system turn: `name(argument: one|another, number ...)`.
        @JsonProperty("brief")
        BRIEF,
        /// Their names in the system turn.
        @JsonProperty("names")
        NAMES
    }

    /// What an episode may use up, and how many are at work at once.
    ///
    /// @param messages of the model and the tools together
    /// @param calls of tools
    /// @param tokens written by the model
    /// @param turnTokens written by the model in one turn
    /// @param seconds from its beginning, looked at between turns
    /// @param context tokens of prompt, replies and turns together
    /// @param batch episodes at once
    /// @param batchTokens prompt tokens read in one step
    public record EpisodeLimits(
            int messages,
            int calls,
            int tokens,
            @JsonProperty("turn_tokens") int turnTokens,
            double seconds,
            int context,
            int batch,
            @JsonProperty("batch_tokens") int batchTokens) {}

    /// @param epochs passes over the rows; that of `train` by default
    /// @param lr highest rate; that of `optimizer` by default
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Length(@Nullable Double epochs, @Nullable Double lr) {}

    /// @param by who solves with tools
    /// @param tries of a question by the model, the first one greedily
    /// @param temperature of the others
    /// @param restate who writes the solutions without tools
    /// @param learnFailedCalls whether turns of kept traces whose calls all failed are learned too
    public record Solve(
            SolvedBy by,
            int tries,
            double temperature,
            RestatedBy restate,
            @JsonProperty("learn_failed_calls") boolean learnFailedCalls) {}

    /// Who solves with tools.
    public enum SolvedBy {
        /// The model, under P_f.
        @JsonProperty("model")
        MODEL,
        /// The traces that came with the questions.
        @JsonProperty("script")
        SCRIPT,
        /// The model, and the script where it fails.
        @JsonProperty("both")
        BOTH
    }

    /// Who writes solutions without tools.
    public enum RestatedBy {
        /// The model, from the question and the trace.
        @JsonProperty("model")
        MODEL,
        /// The derivation that came with the question.
        @JsonProperty("script")
        SCRIPT,
        /// The model, and the derivation where it fails.
        @JsonProperty("both")
        BOTH,
        /// Nobody: the last turn of the trace stands for it.
        @JsonProperty("conclusion")
        CONCLUSION
    }

    /// @param samples tries of each question under P_n; 1 with temperature 0
    /// @param tau share of right tries from which a question is easy
    /// @param maxSamples a question whose interval holds tau is tried up to so often
    public record PartitionRule(
            int samples,
            double temperature,
            double tau,
            @JsonProperty("max_samples") int maxSamples) {}

    /// @param proposals for each open-ended question; 0 = no preference stage
    /// @param pairs `best` against every other, or `all` that differ
    /// @param weighted whether a pair counts by how far its scores are apart
    /// @param type `dpo` or `ipo`
    /// @param sftWeight what the likelihood of the chosen proposal counts beside
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Preference(
            int proposals,
            double temperature,
            Pairs pairs,
            boolean weighted,
            String type,
            double beta,
            @JsonProperty("sft_weight") double sftWeight,
            @Nullable Double epochs,
            @Nullable Double lr) {}

    /// Which proposals make a pair.
    public enum Pairs {
        @JsonProperty("best")
        BEST,
        @JsonProperty("all")
        ALL
    }

    /// @param models which are trained and measured
    /// @param prompts under which
    /// @param resamples of the bootstrap intervals
    public record Evaluate(List<Variant> models, List<Prompt> prompts, int resamples) {}

    /// The prompts as configuration names them.
    public enum Prompt {
        @JsonProperty("none")
        NONE(ToolMode.NONE),
        @JsonProperty("optional")
        OPTIONAL(ToolMode.OPTIONAL),
        @JsonProperty("forced")
        FORCED(ToolMode.FORCED);

        private final ToolMode mode;

        Prompt(ToolMode mode) {
            this.mode = mode;
        }

        public ToolMode mode() {
            return mode;
        }
    }

    /// Models that a run can make.
    public enum Variant {
        /// As it came, after the bootstrap if there is one.
        @JsonProperty("base")
        BASE("base"),
        /// Trained on all traces under P_i.
        @JsonProperty("traces-only")
        TRACES_ONLY("traces-only"),
        /// Trained on all solutions without tools under P_n.
        @JsonProperty("knowledge")
        KNOWLEDGE("knowledge"),
        /// Trained on easy questions directly and hard ones with traces, without knowledge before or beside.
        @JsonProperty("tua-only")
        TUA_ONLY("tua-only"),
        /// The method.
        @JsonProperty("mixed")
        MIXED("mixed");

        private final String label;

        Variant(String label) {
            this.label = label;
        }

        /// Name in files.
        public String label() {
            return label;
        }
    }
}
