package awl.tool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import awl.Json;
import awl.chat.ToolCall;
import awl.chat.ToolSpec;
import awl.data.SplitMix;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What holds for every tool, and what the toolbox makes of bad calls.
final class ToolContractTest {

    static Stream<Tool> tools() {
        return Toolbox.all().tools().stream()
                .filter(tool -> !(tool instanceof PythonTool)) // PythonToolTest
                .filter(tool -> tool.missing().isEmpty()); // MultibodyToolTest says what is skipped
    }

    @ParameterizedTest
    @MethodSource("tools")
    void arbitraryArgumentsAreAnsweredOrRefusedInWords(Tool tool) {
        SplitMix random = new SplitMix(tool.name().hashCode());
        int answered = 0;
        try (Toolbox toolbox = Toolbox.of(List.of(tool), Duration.ofSeconds(60))) {
            for (int i = 0; i < 200; i++) {
                Map<String, @Nullable Object> arguments = arguments(tool.spec(), random);
                ToolResult result = toolbox.call(tool.name(), arguments);
                assertThat(result.text()).isNotBlank().hasSizeLessThan(2000).doesNotContain("NaN", "Infinity");
                if (result instanceof ToolResult.Failed failed) {
                    assertThat(failed.text()).startsWith("error: ");
                    assertThat(failed.cause())
                            .as(Json.write(arguments) + failed.text())
                            .isIn(ToolResult.Cause.ARGUMENTS, ToolResult.Cause.TIME);
                } else {
                    answered++;
                    assertThat(tool.repeatable() ? tool.call(arguments) : result)
                            .isEqualTo(result);
                }
            }
        }
        assertThat(answered).isPositive();
    }

    /// Arguments that mostly fit the schema: numbers in the lower part of their range, where runs are short.
    private static Map<String, @Nullable Object> arguments(ToolSpec spec, SplitMix random) {
        Map<String, @Nullable Object> arguments = new LinkedHashMap<>();
        Json.asObject(spec.parameters().get("properties"), "properties").forEach((name, property) -> {
            Map<String, @Nullable Object> schema = Json.asObject(property, name);
            boolean required = required(spec).contains(name);
            if (!required && random.below(4) == 0) {
                return;
            }
            if (schema.get("enum") instanceof List<?> values) {
                arguments.put(name, values.get(random.below(values.size())));
            } else if ("string".equals(schema.get("type"))) {
                arguments.put(name, "1+" + random.below(100) + (random.below(3) == 0 ? "*" : ""));
            } else {
                double least = ((Number) java.util.Objects.requireNonNull(schema.get("minimum"))).doubleValue();
                double most = ((Number) java.util.Objects.requireNonNull(schema.get("maximum"))).doubleValue();
                double value = least + Math.min(most - least, 50) * random.below(1000) / 1000;
                arguments.put(name, "integer".equals(schema.get("type")) ? (Object) Math.round(value) : (Object) value);
            }
        });
        return arguments;
    }

    private static List<?> required(ToolSpec spec) {
        return spec.parameters().get("required") instanceof List<?> names ? names : List.of();
    }

    @ParameterizedTest
    @MethodSource("tools")
    void theSchemaNamesWhatIsMissingWrongOrUnknown(Tool tool) {
        try (Toolbox toolbox = Toolbox.of(List.of(tool))) {
            List<?> required = required(tool.spec());
            assertThat(required).isNotEmpty();
            assertThat(toolbox.call(tool.name(), Map.of()).text()).contains("'" + required.getFirst() + "' is missing");
            Map<String, @Nullable Object> wrong = arguments(tool.spec(), new SplitMix(1));
            wrong.put(String.valueOf(required.getFirst()), List.of(1));
            assertThat(toolbox.call(tool.name(), wrong).text()).contains("found an array");
            wrong.put("colour", "red");
            assertThat(toolbox.call(tool.name(), wrong).text()).contains("there is no argument 'colour'");
        }
    }

    @Test
    void simulatorsAnswerWithValueAndUnit() {
        Toolbox toolbox = Toolbox.standard();
        assertThat(call(
                        toolbox,
                        "{\"name\":\"mechanics\",\"arguments\":{\"system\":\"projectile\",\"speed\":20,"
                                + "\"angle\":45,\"quantity\":\"range\"}}"))
                .isEqualTo("40.77 m"); // v^2/g = 400/9.81
        assertThat(call(
                        toolbox,
                        "{\"name\":\"heat_rod\",\"arguments\":{\"length\":10,\"diffusivity\":100,"
                                + "\"boundary\":\"fixed\",\"left\":20,\"right\":40,\"start\":\"even\",\"temperature\":0,"
                                + "\"time\":10000,\"quantity\":\"value\",\"x\":5}}"))
                .isEqualTo("30 C");
        assertThat(call(toolbox, "{\"name\":\"climate\",\"arguments\":{\"year\":2020,\"quantity\":\"co2\"}}"))
                .isEqualTo("415.7 ppm");
        assertThat(call(toolbox, "{\"name\":\"calculator\",\"arguments\":{\"expression\":\"1/3\"}}"))
                .isEqualTo("0.333333333333");
    }

    private static String call(Toolbox toolbox, String json) {
        Map<String, @Nullable Object> call = Json.object(json, "call");
        return toolbox.call(String.valueOf(call.get("name")), Json.asObject(call.get("arguments"), "arguments"))
                .text();
    }

    @ParameterizedTest
    @ValueSource(strings = {"Calculator", "calculatr", "calc ulator"})
    void anInventedToolIsAnsweredWithTheNearest(String name) {
        assertThat(Toolbox.standard().call(name, Map.of()).text()).contains("did you mean 'calculator'?");
        assertThat(Toolbox.standard().call("web_search", Map.of()).text()).contains("there are: calculator, ");
        assertThat(Toolbox.standard()
                        .call(new ToolCall.Malformed("{", "no end"))
                        .text())
                .isEqualTo("error: this is no call: no end");
    }

    @Test
    void anUnknownQuantityIsAnsweredWithThoseThereAre() {
        Map<String, @Nullable Object> arguments = new LinkedHashMap<>();
        arguments.put("system", "pendulum");
        arguments.put("length", 1);
        arguments.put("angle", 10);
        arguments.put("quantity", "range");
        assertThat(Toolbox.standard().call("mechanics", arguments).text()).contains("it has: max_speed, period");
        arguments.put("system", "pendulm");
        assertThat(Toolbox.standard().call("mechanics", arguments).text()).contains("did you mean \"pendulum\"?");
    }

    @Test
    void aToolThatHangsIsStoppedAndOneThatBreaksIsReported() throws InterruptedException {
        List<String> seen = new ArrayList<>();
        Tool hangs = tool("hangs", arguments -> {
            try {
                Thread.sleep(Duration.ofHours(1));
            } catch (InterruptedException e) {
                synchronized (seen) {
                    seen.add("stopped");
                    seen.notifyAll();
                }
            }
            return ToolResult.answered("late");
        });
        Tool breaks = tool("breaks", arguments -> {
            throw new IllegalStateException("out of order");
        });
        try (Toolbox toolbox = Toolbox.of(List.of(hangs, breaks), Duration.ofMillis(50))) {
            assertThat(toolbox.call("hangs", Map.of())).isInstanceOfSatisfying(ToolResult.Failed.class, failed -> {
                assertThat(failed.cause()).isEqualTo(ToolResult.Cause.TIME);
                assertThat(failed.text()).contains("no result within 0.05 s");
            });
            synchronized (seen) {
                while (seen.isEmpty()) {
                    seen.wait();
                }
            }
        }
        try (Toolbox toolbox = Toolbox.of(List.of(breaks))) {
            assertThat(toolbox.call("breaks", Map.of()).text())
                    .contains("the tool failed")
                    .contains("out of order");
        }
        assertThat(seen).containsExactly("stopped");
    }

    @Test
    void equalCallsRunOnceAndFaultsAreTriedAgain() {
        AtomicInteger runs = new AtomicInteger();
        Tool counts = tool("counts", arguments -> ToolResult.answered("run " + runs.incrementAndGet()));
        Tool fails = tool("fails", arguments -> {
            runs.incrementAndGet();
            throw new IllegalStateException("flaky");
        });
        try (Toolbox toolbox = Toolbox.of(List.of(counts, fails))) {
            Map<String, @Nullable Object> one = Json.object("{\"a\": 22, \"b\": [1.50, {\"x\": 1, \"y\": 2}]}", "");
            Map<String, @Nullable Object> same = Json.object("{\"b\": [1.5, {\"y\": 2, \"x\": 1}], \"a\": 2.2e1}", "");
            assertThat(toolbox.call("counts", one).text()).isEqualTo("run 1");
            assertThat(toolbox.call("counts", same).text()).isEqualTo("run 1");
            assertThat(toolbox.call("counts", Map.of("a", "22")).text()).isEqualTo("run 2");
            assertThat(toolbox.cache().found()).isEqualTo(1);
            runs.set(0);
            toolbox.call("fails", one);
            toolbox.call("fails", one);
            assertThat(runs).hasValue(2);
        }
    }

    @Test
    void twoToolsOfOneNameAreRefused() {
        assertThatThrownBy(() -> Toolbox.of(List.of(new Calculator(), new Calculator())))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("calculator");
    }

    private interface Body {
        ToolResult call(Map<String, @Nullable Object> arguments);
    }

    private static Tool tool(String name, Body body) {
        return new Tool() {
            @Override
            public ToolSpec spec() {
                return ToolSpec.of(name, "", Map.of("type", "object"));
            }

            @Override
            public ToolResult call(Map<String, @Nullable Object> arguments) {
                return body.call(arguments);
            }
        };
    }
}
