package awl.benchmarks;

import awl.Json;
import awl.tool.ClimateTool;
import awl.tool.EpidemicTool;
import awl.tool.HeatPlateTool;
import awl.tool.HeatRodTool;
import awl.tool.MechanicsTool;
import awl.tool.Tool;
import awl.tool.ToolResult;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// How many calls a second does a simulator answer, without the cache of the toolbox?
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 8, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@SuppressWarnings("NullAway.Init") // JMH fills the state.
public class ToolBenchmark {

    @Param({"projectile", "pendulum", "heat_rod", "heat_plate", "epidemic", "climate"})
    public String simulator;

    private Tool tool;
    private Map<String, @Nullable Object> arguments;

    @Setup
    public void prepare() {
        tool = switch (simulator) {
            case "projectile", "pendulum" -> new MechanicsTool();
            case "heat_rod" -> new HeatRodTool();
            case "heat_plate" -> new HeatPlateTool();
            case "epidemic" -> new EpidemicTool();
            default -> new ClimateTool();
        };
        String json = switch (simulator) {
            case "projectile" ->
                "{\"system\":\"projectile\",\"speed\":20,\"angle\":50,\"drag\":0.02,\"quantity\":\"range\"}";
            case "pendulum" -> "{\"system\":\"pendulum\",\"length\":2,\"angle\":120,\"quantity\":\"period\"}";
            case "heat_rod" ->
                "{\"length\":20,\"diffusivity\":97,\"boundary\":\"fixed\",\"start\":\"patch\",\"from\":3,\"to\":9,"
                        + "\"temperature\":80,\"time\":30,\"quantity\":\"max\"}";
            case "heat_plate" ->
                "{\"width\":20,\"height\":10,\"diffusivity\":97,\"boundary\":\"fixed\",\"start\":\"even\","
                        + "\"temperature\":80,\"time\":10,\"quantity\":\"mean\"}";
            case "epidemic" ->
                "{\"population\":500000,\"beta\":0.4,\"incubation\":4,\"infectious\":6,\"infected\":10,"
                        + "\"quantity\":\"peak_day\"}";
            default -> "{\"co2_target\":3,\"co2_year\":2050,\"year\":2100,\"quantity\":\"warming\"}";
        };
        arguments = Json.object(json, simulator);
        ToolResult result = tool.call(arguments);
        if (!result.isAnswered()) {
            throw new IllegalStateException(result.text());
        }
    }

    @Benchmark
    public ToolResult call() {
        return tool.call(arguments);
    }
}
