package awl.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/// Runs JMH in rounds, every case once a round, and prints one Markdown table of medians, fastest runs and
/// spreads.
///
/// Rounds interleave the providers of a case, so that a change of clock or load between them shows as spread
/// and not as a difference.
public final class BenchmarkTable {

    private BenchmarkTable() {}

    /// Samples of one case, over all rounds.
    private record Case(String benchmark, TreeMap<String, String> parameters, String unit, List<Double> samples) {

        String provider() {
            return parameters.getOrDefault("provider", "");
        }

        /// What its providers share.
        String group() {
            Map<String, String> others = new TreeMap<>(parameters);
            others.remove("provider");
            return benchmark + " " + others;
        }

        double quantile(double q) {
            List<Double> sorted = new ArrayList<>(samples);
            Collections.sort(sorted);
            return sorted.get((int) Math.round(q * (sorted.size() - 1)));
        }
    }

    public static void main(String[] arguments) throws RunnerException, IOException {
        Map<String, String> named = new HashMap<>(Map.of("--only", ".*", "--rounds", "3", "--output", ""));
        named.put("--threads", String.valueOf(Runtime.getRuntime().availableProcessors()));
        List<String> fixed = new ArrayList<>();
        for (int i = 0; i < arguments.length; i += 2) {
            boolean known = named.containsKey(arguments[i]) || arguments[i].equals("--set");
            if (!known || i + 1 == arguments.length) {
                System.err.println(
                        "benchmarks: expected " + named.keySet() + " or --set with a value each, got " + arguments[i]);
                System.exit(2);
            }
            if (arguments[i].equals("--set")) {
                fixed.add(arguments[i + 1]);
            } else {
                named.put(arguments[i], arguments[i + 1]);
            }
        }
        System.setProperty("awl.threads", value(named, "--threads"));
        Files.createDirectories(memoryFile().getParent());
        Files.deleteIfExists(memoryFile());
        String before = Machine.load();
        Map<String, Case> cases = new LinkedHashMap<>();
        int rounds = Integer.parseInt(value(named, "--rounds"));
        for (int round = 0; round < rounds; round++) {
            System.err.printf("round %d of %d%n", round + 1, rounds);
            ChainedOptionsBuilder options = new OptionsBuilder()
                    .include(value(named, "--only"))
                    .verbosity(VerboseMode.SILENT)
                    .jvmArgsAppend("-Dawl.threads=" + value(named, "--threads"));
            for (String each : fixed) {
                String[] parts = each.split("=", 2);
                options.param(parts[0], parts[1].split(","));
            }
            for (RunResult result : new Runner(options.build()).run()) {
                collect(result, cases);
            }
        }
        String table = table(List.copyOf(cases.values()), memory(), before);
        String output = value(named, "--output");
        if (!output.isEmpty()) {
            Files.writeString(Path.of(output), table);
        }
        System.out.print(table);
    }

    private static String value(Map<String, String> named, String key) {
        return java.util.Objects.requireNonNull(named.get(key));
    }

    private static void collect(RunResult result, Map<String, Case> cases) {
        BenchmarkParams parameters = result.getParams();
        TreeMap<String, String> values = new TreeMap<>();
        for (String key : parameters.getParamsKeys()) {
            values.put(key, parameters.getParam(key));
        }
        String name = parameters.getBenchmark().replaceFirst("^awl\\.benchmarks\\.", "");
        String unit = result.getPrimaryResult().getScoreUnit().replace("/op", "");
        Case one = cases.computeIfAbsent(name + values, _ -> new Case(name, values, unit, new ArrayList<>()));
        for (BenchmarkResult fork : result.getBenchmarkResults()) {
            for (IterationResult iteration : fork.getIterationResults()) {
                one.samples().add(iteration.getPrimaryResult().getScore());
            }
        }
    }

    private static String table(List<Case> cases, Map<String, Double> memory, String loadBefore) {
        StringBuilder out = new StringBuilder();
        out.append("%s; load %s before, %s after%n%n".formatted(Machine.describe(), loadBefore, Machine.load()));
        out.append(
                "| benchmark | case | median | fastest | p20-p80 | n | time / native's | peak above inputs, MiB |\n");
        out.append("|---|---|---|---|---|---|---|---|\n");
        Map<String, Case> natives = new HashMap<>();
        for (Case each : cases) {
            if (each.provider().equals("native")) {
                natives.put(each.group(), each);
            }
        }
        for (Case each : cases) {
            Case base = natives.get(each.group());
            String ratio = base == null
                    ? ""
                    : String.format(
                            Locale.ROOT,
                            "%.2f (fastest %.2f)",
                            each.quantile(0.5) / base.quantile(0.5),
                            each.quantile(0) / base.quantile(0));
            Double mib = memory.get(each.parameters().toString());
            out.append(String.format(
                    Locale.ROOT,
                    "| %s | %s | %s %s | %s | %s-%s | %d | %s | %s |%n",
                    each.benchmark(),
                    each.parameters().toString().replaceAll("[{}]", ""),
                    number(each.quantile(0.5)),
                    each.unit(),
                    number(each.quantile(0)),
                    number(each.quantile(0.2)),
                    number(each.quantile(0.8)),
                    each.samples().size(),
                    ratio,
                    mib == null ? "" : number(mib)));
        }
        return out.toString();
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, value < 100 ? "%.1f" : "%.0f", value);
    }

    /// Where a benchmark leaves the workspace it measured: a line of its parameters, a tab, MiB.
    static Path memoryFile() {
        return Machine.home().resolve("benchmarks/target/memory.tsv");
    }

    /// Greatest of each case's rounds, keyed as [Case#parameters] print.
    private static Map<String, Double> memory() throws IOException {
        Map<String, Double> most = new HashMap<>();
        if (Files.exists(memoryFile())) {
            for (String line : Files.readAllLines(memoryFile())) {
                String[] parts = line.split("\t");
                TreeMap<String, String> parameters = new TreeMap<>();
                for (String pair : parts[0].split(" ")) {
                    parameters.put(pair.substring(0, pair.indexOf('=')), pair.substring(pair.indexOf('=') + 1));
                }
                most.merge(parameters.toString(), Double.parseDouble(parts[1]), Math::max);
            }
        }
        return most;
    }
}
