package awl.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A report's data as a pipeline could fill it, with what is awkward in it: names to be escaped, undefined figures,
/// a model without an interval, long texts.
final class ReportSamples {

    static final String AWKWARD = "<b>&\"long-name-without-any-blank-in-it";

    private ReportSamples() {}

    static ReportData data() {
        List<ReportData.Model> models = List.of(
                model("base", 0.334, 0.352, Estimate.UNDEFINED, 0),
                model("traces-only", 0.983, 0.254, share(0.5), 1),
                model(AWKWARD, 0.5, 0.5, Estimate.UNDEFINED, 0.5),
                model("mixed", 0.94, 0.585, share(0.895), 0.93));
        List<ReportData.Kind> kinds = new ArrayList<>();
        for (String set : List.of("mechanics", "climate")) {
            for (String kind : List.of("distance", "a-kind-with-a-very-long-name", AWKWARD)) {
                kinds.add(new ReportData.Kind(
                        set,
                        kind,
                        kind.equals("distance") ? "" : "hard",
                        50,
                        Map.of(
                                "base", new ReportData.KindResult(share(0.1), share(0.2), share(0)),
                                "mixed", new ReportData.KindResult(share(0.8), Estimate.UNDEFINED, share(1)))));
            }
        }
        ReportData.Curve falling = new ReportData.Curve("J_hard", List.of(1.0, 50.0, 100.0), List.of(4.5, 0.2, 0.01));
        ReportData.Curve flat = new ReportData.Curve("J_WKD", List.of(1.0, 100.0), List.of(0.5, 0.4));
        ReportData.Curve signed = new ReportData.Curve("margin", List.of(1.0, 100.0), List.of(-0.2, 1.4));
        return new ReportData(
                "Adapting while learning: a sample",
                List.of("What was run."),
                "base",
                "mixed",
                models,
                List.of(new ReportData.Comparison(
                        "accuracy, tools optional", "mixed", "base", new Estimate(0.606, 0.568, 0.643))),
                kinds,
                List.of(
                        new ReportData.Panel("mixed", "step", "loss", List.of(falling, flat), "parts"),
                        new ReportData.Panel("preferences", "step", "margin", List.of(signed), "")),
                List.of(
                        new ReportData.Transcript(
                                "Training rows",
                                "hard",
                                "",
                                List.of(new ReportData.Turn(
                                        "",
                                        List.of(
                                                new ReportData.Span("<user>How far?<eot>", false),
                                                new ReportData.Span("answer 12<eot>", true))))),
                        new ReportData.Transcript(
                                "Unseen",
                                "mixed",
                                "right",
                                List.of(
                                        new ReportData.Turn(
                                                "user", List.of(new ReportData.Span("x".repeat(300), false))),
                                        new ReportData.Turn("assistant", List.of(new ReportData.Span("12", false)))))),
                List.of(new ReportData.Stage("training", 61.4)),
                List.of(new ReportData.Facts("Machine", Map.of("commit", "0123456789abcdef".repeat(6)))),
                List.of("A remark."));
    }

    private static ReportData.Model model(
            String name, double optional, double none, Estimate toolUse, double toolRate) {
        return new ReportData.Model(
                name,
                "what " + name + " is",
                new ReportData.Prompt(share(none), share(0), 0, 5.2, Double.NaN),
                new ReportData.Prompt(share(optional), share(toolRate), toolRate, 5 + 23 * toolRate, 0.002),
                ReportData.Prompt.UNTRIED,
                toolUse,
                Estimate.UNDEFINED,
                share(toolRate),
                List.of(
                        new ReportData.Bin("easy", true, (int) (650 * none), share(0)),
                        new ReportData.Bin("hard", false, 650 - (int) (650 * none), share(toolRate))));
    }

    /// With an interval of two points on each side.
    static Estimate share(double value) {
        return new Estimate(value, Math.max(0, value - 0.02), Math.min(1, value + 0.02));
    }
}
