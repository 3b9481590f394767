package awl.bench;

import awl.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A [BenchReport] as JSON, every sample included. What is not a number is null.
final class BenchJson {

    private BenchJson() {}

    static String of(BenchReport report) {
        Map<String, @Nullable Object> root = new LinkedHashMap<>();
        root.put("command", report.command());
        root.put("kernels", report.kernels());
        root.put("facts", report.facts());
        Map<String, @Nullable Object> rates = new LinkedHashMap<>();
        rates.put("triad_gb_per_second", quantiles(report.rates().triad()));
        Map<String, @Nullable Object> products = new LinkedHashMap<>();
        report.rates().products().forEach((dtype, rate) -> {
            Map<String, @Nullable Object> product = quantiles(rate);
            product.put("by", report.rates().productsBy().get(dtype));
            products.put(dtype.toString(), product);
        });
        rates.put("product_gflop_per_second", products);
        root.put("machine_rates", rates);
        root.put("rounds", report.rounds());
        List<Object> cases = new ArrayList<>();
        report.cases().forEach(each -> cases.add(one(each)));
        root.put("cases", cases);
        return Json.writeIndented(root) + "\n";
    }

    private static Map<String, @Nullable Object> one(CaseResult result) {
        Map<String, @Nullable Object> row = new LinkedHashMap<>();
        row.put("kernel", result.kernel());
        row.put("label", result.label());
        row.put("dtype", result.dtype().toString());
        row.put("parameters", result.parameters());
        row.put("work", result.work().amount());
        row.put("work_unit", result.work().bound() == Work.Bound.ARITHMETIC ? "FLOP" : "bytes");
        List<Object> contenders = new ArrayList<>();
        for (ContenderResult each : result.contenders()) {
            Map<String, @Nullable Object> contender = new LinkedHashMap<>();
            contender.put("name", each.name());
            contender.put("role", each.role().name().toLowerCase(java.util.Locale.ROOT));
            contender.put("seconds", each.seconds());
            contender.put("calls_a_sample", each.calls());
            contender.put("seconds_quantiles", quantiles(each.time()));
            contender.put("time_over_ours", quantiles(result.againstOurs(each)));
            contender.put(
                    "time_over_bare_products",
                    result.againstFloor(each).map(BenchJson::quantiles).orElse(null));
            contender.put("memory_above_inputs_mib", number(each.memoryMib()));
            contender.put("errors", errors(each.errors()));
            contender.put("errors_too_large", errors(each.tooFar()));
            contenders.add(contender);
        }
        row.put("contenders", contenders);
        return row;
    }

    private static Map<String, @Nullable Object> errors(Map<String, Double> errors) {
        Map<String, @Nullable Object> named = new LinkedHashMap<>();
        errors.forEach((name, error) -> named.put(name, number(error)));
        return named;
    }

    private static Map<String, @Nullable Object> quantiles(Quantiles of) {
        Map<String, @Nullable Object> named = new LinkedHashMap<>();
        named.put("least", number(of.least()));
        named.put("p20", number(of.p20()));
        named.put("median", number(of.median()));
        named.put("p80", number(of.p80()));
        return named;
    }

    private static @Nullable Double number(double value) {
        return Double.isFinite(value) ? value : null;
    }
}
