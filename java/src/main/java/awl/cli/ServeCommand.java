package awl.cli;

import awl.ConfigException;
import awl.model.Decoder;
import awl.sample.CachePlan;
import awl.sample.DecoderSlots;
import awl.serve.ModelServer;
import awl.serve.ServedModel;
import awl.serve.ServerOptions;
import awl.serve.http.HttpLimits;
import awl.token.CallFormat;
import awl.token.CheckpointText;
import awl.train.StopSignal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `awl serve`: OpenAI's interface over a model.
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        description = {
            "Answers chat completions and completions as OpenAI's servers do: tools, streaming, log-probabilities, token"
                    + " ids as vLLM gives them. Many requests share one batch.",
            "Listens to this machine alone unless --host says otherwise, and then only with a key. TLS is for a proxy in"
                    + " front. TERM lets it finish what it has begun."
        })
final class ServeCommand implements Callable<Integer>, Computing {

    @Mixin
    ModelOptions options = new ModelOptions();

    @Option(names = "--host", defaultValue = "127.0.0.1", description = "Address to listen on. Default: 127.0.0.1.")
    String host = "127.0.0.1";

    @Option(names = "--port", defaultValue = "8000", description = "0 = any that is free. Default: 8000.")
    int port;

    @Option(names = "--name", description = "Name clients ask for. Default: the file's or folder's.")
    @Nullable
    String name;

    @Option(
            names = "--api-key-env",
            paramLabel = "NAME",
            description = "Variable that holds the key clients must send.")
    @Nullable
    String keyVariable;

    @Option(names = "--no-key", description = "Let other machines in without a key.")
    boolean noKey;

    @Option(names = "--slots", defaultValue = "16", paramLabel = "N", description = "Answers at once. Default: 16.")
    int slots;

    @Option(
            names = "--queue",
            defaultValue = "256",
            paramLabel = "N",
            description = "Answers that may wait. Default: 256.")
    int queue;

    @Option(
            names = "--context",
            paramLabel = "N",
            description = "Tokens of prompt and answer together. Default: the model's, at most 4096.")
    @Nullable
    Integer context;

    @Option(
            names = "--batch-tokens",
            defaultValue = "512",
            paramLabel = "N",
            description = "Prompt tokens read in one step. Default: ${DEFAULT-VALUE}.")
    int batchTokens;

    @Option(
            names = "--call-format",
            paramLabel = "NAME",
            description = "How calls are written, instead of the template's way.")
    @Nullable
    String callFormat;

    @Option(names = "--lora", paramLabel = "NAME=DIR", description = "An adapter served under a name. May be repeated.")
    Map<String, Path> adapters = new LinkedHashMap<>();

    @Option(
            names = "--lora-root",
            paramLabel = "DIR",
            description = "Let clients load and unload adapters from below this folder (/v1/load_lora_adapter).")
    @Nullable
    Path loraRoot;

    @Option(names = "--max-body", defaultValue = "8", paramLabel = "MIB", description = "Largest request. Default: 8.")
    int maxBody;

    @Option(
            names = "--grace",
            defaultValue = "30",
            paramLabel = "SECONDS",
            description = "For answers under way when it is told to stop. Default: 30.")
    int grace;

    @Override
    public Integer call() throws InterruptedException {
        ServerOptions server = server();
        StopSignal stop = new StopSignal();
        stop.install();
        try (CheckpointText text = ModelText.open(options.model);
                ModelOptions.Loaded loaded = options.load(List.of());
                ModelServer running = ModelServer.start(model(text, loaded.decoder()), server)) {
            adapters.forEach(running::load);
            System.err.printf("awl: sampling, where a request does not say: %s%n", ModelServer.sampling());
            System.err.printf(
                    "awl: %s at http://%s:%d/v1, %d answers at once%s%n",
                    served(), host, running.port(), slots, server.key() == null ? "" : ", with a key");
            while (!stop.isRequested()) {
                Thread.sleep(50);
            }
            System.err.println("awl: " + stop.name() + ": finishing what was begun");
            boolean all = running.stop();
            System.err.println(all ? "awl: stopped" : "awl: stopped; some answers were cut off");
        }
        return 0;
    }

    private ServerOptions server() {
        String key = null;
        if (keyVariable != null) {
            key = System.getenv(keyVariable);
            if (key == null || key.isBlank()) {
                throw new ConfigException("--api-key-env: the variable " + keyVariable + " is empty");
            }
        }
        if (slots < 1 || grace < 0 || maxBody < 1 || maxBody > 1024 || batchTokens < 1) {
            throw new ConfigException(
                    "--slots and --batch-tokens: expected at least 1; --grace: 0 or more;" + " --max-body: 1 to 1024");
        }
        if (loraRoot != null && !Files.isDirectory(loraRoot)) {
            throw new ConfigException("--lora-root: " + loraRoot + " is no folder");
        }
        return new ServerOptions(
                host,
                port,
                key,
                noKey,
                slots + queue,
                loraRoot,
                HttpLimits.standard().withBodyBytes(maxBody << 20),
                Duration.ofSeconds(grace));
    }

    private String served() {
        return name != null
                ? name
                : String.valueOf(options.model.toAbsolutePath().normalize().getFileName());
    }

    private ServedModel model(CheckpointText text, Decoder decoder) {
        int most = decoder.config().maxPositions();
        int tokens = context == null ? Math.min(most, 4096) : context;
        if (tokens < 2 || tokens > most) {
            throw new ConfigException("--context: expected 2 to " + most + ", found " + tokens);
        }
        return new ServedModel(
                served(),
                text,
                callFormat == null ? null : CallFormat.named(callFormat, "--call-format"),
                () -> slots(decoder, tokens),
                decoder.config().eosIds(),
                decoder.config().vocabSize(),
                tokens,
                batchTokens,
                folder -> {
                    Decoder adapted = options.load(List.of(), folder).decoder();
                    return new ServedModel.Adapted(adapted, () -> slots(adapted, tokens));
                });
    }

    private DecoderSlots slots(Decoder decoder, int tokens) {
        return new DecoderSlots(decoder, CachePlan.of(decoder, slots, tokens));
    }
}
