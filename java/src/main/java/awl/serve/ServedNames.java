package awl.serve;

import awl.AwlException;
import awl.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The names that clients may ask for: the model, and adapters over it that come and go (vLLM's LoRA endpoints).
///
/// A client that may load adapters names folders on this machine; they are taken from under one root only, with all
/// links followed before that is looked at.
final class ServedNames {

    /// Adapters at once.
    static final int MOST_ADAPTERS = 16;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:-]{0,127}");
    private static final List<String> FILES = List.of("adapter_config.json", "adapter_model.safetensors");

    private final ServedModel model;
    private final Engine engine;
    private final @Nullable Path root;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /// @param folder of an adapter; null for the model itself
    record Entry(Lane lane, long created, @Nullable Path folder) {}

    /// @param root adapters are loaded from below this; null = clients load none
    ServedNames(ServedModel model, Engine engine, @Nullable Path root) {
        this.model = model;
        this.engine = engine;
        this.root = root;
        put(
                model.name(),
                new Lane(model.name(), null, model.slots(), model.text().tokenizer(), model.stepTokens()),
                null);
    }

    private void put(String name, Lane lane, @Nullable Path folder) {
        engine.add(lane);
        entries.put(name, new Entry(lane, System.currentTimeMillis() / 1000, folder));
    }

    synchronized Lane lane(String name) {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw ApiError.noModel(name);
        }
        return entry.lane;
    }

    synchronized Map<String, Entry> all() {
        return new LinkedHashMap<>(entries);
    }

    /// Loads what a client names.
    ///
    /// @param replace whether an adapter of that name makes room
    void load(String name, String folder, boolean replace) {
        load(name, below(folder), replace);
    }

    /// Loads an adapter from anywhere: for whoever starts the server.
    void load(String name, Path folder, boolean replace) {
        if (!NAME.matcher(name).matches() || name.equals(model.name())) {
            throw ApiError.field(
                    "lora_name", "expected letters, digits, . _ : - (128 at most), other than the model's name");
        }
        synchronized (this) {
            if (entries.containsKey(name) && !replace) {
                throw ApiError.field(
                        "lora_name",
                        "the adapter " + name + " is loaded already; unload it first, or say load_inplace: true");
            }
            if (!entries.containsKey(name) && entries.size() > MOST_ADAPTERS) {
                throw new ApiError(400, "more than " + MOST_ADAPTERS + " adapters; unload one first", null, null);
            }
        }
        ServedModel.Adapted adapted = onPlatformThread(() -> model.adapters().load(folder));
        Lane lane =
                new Lane(name, adapted.decoder(), adapted.slots(), model.text().tokenizer(), model.stepTokens());
        Entry before;
        synchronized (this) {
            before = entries.remove(name);
            put(name, lane, folder);
        }
        if (before != null) {
            engine.remove(before.lane).join();
        }
    }

    /// libtorch is not for virtual threads: it keeps state by thread.
    private static <T> T onPlatformThread(Supplier<T> task) {
        CompletableFuture<T> done = new CompletableFuture<>();
        Thread.ofPlatform().daemon().name("awl-serve-adapter").start(() -> {
            try {
                done.complete(task.get());
            } catch (RuntimeException | Error e) {
                done.completeExceptionally(e);
            }
        });
        try {
            return done.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof AwlException wrong) {
                throw ApiError.field("lora_path", String.valueOf(wrong.getMessage()));
            }
            throw e;
        }
    }

    void unload(String name) {
        Entry entry;
        synchronized (this) {
            entry = entries.get(name);
            if (entry == null || entry.folder == null) {
                throw new ApiError(
                        404, "the adapter " + Json.write(name) + " is not loaded", "lora_name", "model_not_found");
            }
            entries.remove(name);
        }
        engine.remove(entry.lane).join();
    }

    /// The real folder; the same error for one that is elsewhere and one that is not there.
    private Path below(String folder) {
        if (root == null) {
            throw new ApiError(
                    403, "adapters are loaded only where the server was started with --lora-root", null, null);
        }
        try {
            Path real = root.toRealPath();
            Path wanted = real.resolve(folder).toRealPath();
            boolean inside = wanted.startsWith(real) && Files.isDirectory(wanted);
            for (String file : FILES) {
                inside &= wanted.resolve(file).toRealPath().startsWith(real);
            }
            if (inside) {
                return wanted;
            }
        } catch (IOException | InvalidPathException e) {
            // told below, whatever it was
        }
        throw ApiError.field("lora_path", "expected a folder with an adapter below the server's --lora-root");
    }
}
