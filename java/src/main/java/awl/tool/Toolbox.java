package awl.tool;

import awl.ConfigException;
import awl.chat.ToolCall;
import awl.chat.ToolSpec;
import awl.tool.mujoco.MultibodyTool;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// The tools of a run: finds the one that is meant, checks its arguments, limits its time, keeps its results.
///
/// [#call] returns a result whatever the model wrote and whatever the tool did. Safe for many threads.
public final class Toolbox implements AutoCloseable {

    /// How long a call may take, as in the paper.
    public static final Duration LIMIT = Duration.ofSeconds(10);

    private static final int KEPT = 100_000;

    private final Map<String, Tool> tools = new LinkedHashMap<>();
    private final Duration limit;
    private final ResultCache cache = new ResultCache(KEPT);
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(
            Thread.ofPlatform().daemon().name("tool-", 0).factory());

    private Toolbox(Collection<? extends Tool> tools, Duration limit) {
        this.limit = limit;
        for (Tool tool : tools) {
            if (this.tools.put(tool.name(), tool) != null) {
                throw new ConfigException("two tools are named '" + tool.name() + "'");
            }
        }
    }

    /// @throws ConfigException where two tools have one name
    public static Toolbox of(Collection<? extends Tool> tools) {
        return new Toolbox(tools, LIMIT);
    }

    /// @param limit of one call
    public static Toolbox of(Collection<? extends Tool> tools, Duration limit) {
        return new Toolbox(tools, limit);
    }

    /// The tools that only compute and need nothing installed. Those of [#all] must be asked for.
    public static Toolbox standard() {
        return of(List.of(
                new Calculator(),
                new MechanicsTool(),
                new HeatRodTool(),
                new HeatPlateTool(),
                new EpidemicTool(),
                new ClimateTool()));
    }

    /// Every tool there is: [#standard], [PythonTool], which runs a model's code, and [MultibodyTool], which needs
    /// MuJoCo.
    public static Toolbox all() {
        try (Toolbox standard = standard()) {
            List<Tool> all = new ArrayList<>(standard.tools());
            all.add(new PythonTool());
            all.add(new MultibodyTool());
            return of(all);
        }
    }

    /// The tools with these names.
    ///
    /// @throws ConfigException where one is unknown, or cannot run here
    public List<Tool> named(Collection<String> names) {
        return names.stream().map(this::require).toList();
    }

    private Tool require(String name) {
        Tool tool = tools.get(name);
        if (tool == null) {
            String nearest = Names.nearest(name, tools.keySet());
            throw new ConfigException("tool '" + name + "' is not known; "
                    + (nearest == null
                            ? "there are " + String.join(", ", tools.keySet())
                            : "meant '" + nearest + "'?"));
        }
        if (!tool.missing().isEmpty()) {
            throw new ConfigException("tool '" + name + "': " + tool.missing());
        }
        return tool;
    }

    public Collection<Tool> tools() {
        return tools.values();
    }

    /// What a model is told.
    public List<ToolSpec> specs() {
        return tools.values().stream().map(Tool::spec).toList();
    }

    /// Runs a call, or says what is wrong with it.
    public ToolResult call(ToolCall call) {
        return switch (call) {
            case ToolCall.Malformed malformed ->
                ToolResult.failed(ToolResult.Cause.MALFORMED, "this is no call: " + malformed.reason());
            case ToolCall.Parsed parsed -> call(parsed.name(), parsed.arguments());
        };
    }

    /// Runs a tool, or says what is wrong with the call.
    public ToolResult call(String name, Map<String, @Nullable Object> arguments) {
        Tool tool = tools.get(name);
        if (tool == null) {
            String nearest = Names.nearest(name, tools.keySet());
            return ToolResult.failed(
                    ToolResult.Cause.UNKNOWN_TOOL,
                    "there is no tool '" + shortened(name) + "'; "
                            + (nearest != null
                                    ? "did you mean '" + nearest + "'?"
                                    : "there are: " + String.join(", ", tools.keySet())));
        }
        List<String> problems = Schema.problems(tool.spec().parameters(), arguments);
        if (!problems.isEmpty()) {
            return ToolResult.refused(String.join("; ", problems));
        }
        if (!tool.repeatable()) {
            return run(tool, arguments);
        }
        return cache.get(name + Arguments.canonical(arguments), () -> run(tool, arguments));
    }

    private ToolResult run(Tool tool, Map<String, @Nullable Object> arguments) {
        Future<ToolResult> result = threads.submit(() -> tool.call(arguments));
        try {
            return result.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            result.cancel(true);
            return ToolResult.failed(
                    ToolResult.Cause.TIME, "no result within " + limit.toMillis() / 1000.0 + " s; ask for less");
        } catch (ExecutionException e) {
            return ToolResult.failed(
                    ToolResult.Cause.TOOL, "the tool failed: " + shortened(String.valueOf(e.getCause())));
        } catch (InterruptedException e) {
            result.cancel(true);
            Thread.currentThread().interrupt();
            return ToolResult.failed(ToolResult.Cause.TIME, "stopped");
        }
    }

    private static String shortened(String text) {
        return text.length() <= 200 ? text : text.substring(0, 200) + "...";
    }

    /// Calls answered from memory, and all calls of repeatable tools.
    public ResultCache cache() {
        return cache;
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
