package awl.bench;

import awl.tensor.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Figures as text, the same in every document.
final class Figures {

    private Figures() {}

    /// `1,234 ms`, `12.3 ms`, `45.6 us`
    static String time(double seconds) {
        double ms = 1e3 * seconds;
        return ms < 0.1 ? digits(1e3 * ms) + " us" : digits(ms) + " ms";
    }

    /// `11.9-12.8 ms`
    static String span(Quantiles time) {
        boolean small = time.median() < 1e-4;
        double unit = small ? 1e6 : 1e3;
        return "%s-%s".formatted(digits(unit * time.p20()), digits(unit * time.p80()));
    }

    /// `1.29 [1.25-1.31]`
    static String ratio(Quantiles ratio) {
        return String.format(Locale.ROOT, "%.2f [%.2f-%.2f]", ratio.median(), ratio.p20(), ratio.p80());
    }

    static String error(double error) {
        return error == 0 ? "0" : Double.isNaN(error) ? "NaN" : String.format(Locale.ROOT, "%.1e", error);
    }

    /// Three significant digits.
    static String digits(double value) {
        return String.format(Locale.ROOT, value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%,.0f", value);
    }

    static String memory(double mib) {
        return Double.isNaN(mib) ? "not measured" : String.format(Locale.ROOT, mib < 9.95 ? "%.1f" : "%,.0f", mib);
    }

    /// `131 GFLOP/s (87 %)`
    static String rate(BenchReport report, CaseResult at, ContenderResult contender) {
        if (at.work().amount() == 0) {
            return "";
        }
        double rate = at.work().rate(contender.time().median());
        return String.format(
                Locale.ROOT,
                "%s %s (%.0f %%)",
                digits(rate),
                at.work().bound().unit(),
                100 * report.shareOfMachine(at, contender));
    }

    /// `dW 3.1e-06`, the worst; empty for a floor.
    static String errors(ContenderResult contender) {
        double worst = contender.worstError();
        return contender.errors().entrySet().stream()
                .filter(each -> each.getValue().equals(worst))
                .findFirst()
                .map(each -> each.getKey() + " " + error(each.getValue()))
                .orElse("");
    }

    /// What the machine reached: one line each.
    static List<String> machine(BenchReport report) {
        List<String> lines = new ArrayList<>();
        MachineRates rates = report.rates();
        lines.add(String.format(
                Locale.ROOT,
                "memory: %s GB/s, triad a = b + 3 c over three float32 arrays of 64 MiB, %s [p20-p80 %s-%s]",
                digits(rates.triad().median()),
                "three times their size counted",
                digits(rates.triad().p20()),
                digits(rates.triad().p80())));
        for (Precision dtype : rates.products().keySet()) {
            Quantiles product =
                    java.util.Objects.requireNonNull(rates.products().get(dtype));
            lines.add("%s product: %s GFLOP/s, 1024 x 1024 x 1024 by %s [p20-p80 %s-%s]"
                    .formatted(
                            dtype,
                            digits(product.median()),
                            rates.productsBy().get(dtype),
                            digits(product.p20()),
                            digits(product.p80())));
        }
        return lines;
    }

    /// How it was measured and what the columns mean.
    static List<String> method(BenchReport report) {
        return List.of(
                "Every contender ran once a round, %d rounds, on the same inputs in one process, in turn forwards and"
                                .formatted(report.rounds())
                        + " backwards, after a first call that warms up. Times are medians; p20-p80 is where the middle"
                        + " three fifths of the rounds lie. Ratios are taken round by round.",
                "Rates are those of the work that must be done (rows that are not learned are not counted, nor is anything"
                        + " computed twice), beside what the machine reached in the same run, in brackets as a share.",
                "Memory is the high-water mark of the process's resident size in a first call, above inputs and the"
                        + " results handed back, read from the system; it is good to about a mebibyte. Gradients that"
                        + " ours adds to are inputs; those that libtorch makes are handed back.",
                "The error is the largest difference from float64 in any number of a result, as a share of the largest"
                        + " number in it; the worst result is named. Ours is flagged (!) above 2 times (gradients) or 3"
                        + " times (other results) the error of plain libtorch at the same dtype, + 1e-4 or 1e-5.",
                "Libtorch is the one this engine brings, whose float32 products are OpenBLAS's; torch from Python may"
                        + " multiply by another library. OpenBLAS has one thread only while our kernels run, which"
                        + " multiply by themselves.");
    }
}
