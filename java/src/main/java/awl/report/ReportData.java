package awl.report;

import java.util.List;
import java.util.Map;

/// What a run found, as plain values: everything that [Report] shows. Knows neither how models were trained nor which
/// questions were asked; a pipeline fills it. Shares are 0 to 1.
///
/// @param title of the page
/// @param account what was run, a paragraph each
/// @param before name of the model that training began with
/// @param after name of the model that came out
/// @param models every evaluated model, in the order of tables
/// @param comparisons differences of two models on the same questions
/// @param kinds rows by set and kind of question, sets together
/// @param training panels of curves
/// @param transcripts conversations worth reading
/// @param stages what took how long, in order
/// @param provenance machine, versions, numbers of the plan: tables of names and values
/// @param remarks what a reader has to know before believing the figures
public record ReportData(
        String title,
        List<String> account,
        String before,
        String after,
        List<Model> models,
        List<Comparison> comparisons,
        List<Kind> kinds,
        List<Panel> training,
        List<Transcript> transcripts,
        List<Stage> stages,
        List<Facts> provenance,
        List<String> remarks) {

    public ReportData {
        account = List.copyOf(account);
        models = List.copyOf(models);
        comparisons = List.copyOf(comparisons);
        kinds = List.copyOf(kinds);
        training = List.copyOf(training);
        transcripts = List.copyOf(transcripts);
        stages = List.copyOf(stages);
        provenance = List.copyOf(provenance);
        remarks = List.copyOf(remarks);
        if (indexOf(models, before) < 0 || indexOf(models, after) < 0) {
            throw new IllegalArgumentException("the models compared, %s and %s, are not among %s"
                    .formatted(before, after, models.stream().map(Model::name).toList()));
        }
    }

    /// One evaluated model. What was not measured is [Estimate#UNDEFINED].
    ///
    /// @param meaning a few words on what it is
    /// @param none under P_n: no tools
    /// @param optional under P_i: tools may be used
    /// @param forced under P_f: tools have to be used
    /// @param toolUseOwn tool-usage accuracy; easy is what this model answers under P_n
    /// @param toolUseFixed the same with one partition for all models
    /// @param openEnded share of open-ended questions whose proposal is valid and reaches the target
    /// @param bins its tool rate by difficulty, from the easiest questions to the hardest; may be empty
    public record Model(
            String name,
            String meaning,
            Prompt none,
            Prompt optional,
            Prompt forced,
            Estimate toolUseOwn,
            Estimate toolUseFixed,
            Estimate openEnded,
            List<Bin> bins) {
        public Model {
            bins = List.copyOf(bins);
        }
    }

    /// One model under one prompt. Costs are means over questions, NaN where unknown.
    ///
    /// @param toolRate share of questions with a call
    /// @param calls a question
    /// @param tokens that the model wrote, a question
    /// @param seconds a question
    public record Prompt(Estimate accuracy, Estimate toolRate, double calls, double tokens, double seconds) {

        /// A prompt that was not tried.
        public static final Prompt UNTRIED =
                new Prompt(Estimate.UNDEFINED, Estimate.UNDEFINED, Double.NaN, Double.NaN, Double.NaN);
    }

    /// Questions of about one difficulty.
    ///
    /// @param easy on which side of the threshold they are
    /// @param toolRate where tools are optional
    public record Bin(String label, boolean easy, int questions, Estimate toolRate) {}

    /// Difference of a measure between two models, by paired bootstrap over the same questions.
    ///
    /// @param difference `of` minus `against`
    public record Comparison(String measure, String of, String against, Estimate difference) {}

    /// One kind of question.
    ///
    /// @param set it belongs to
    /// @param note a word on it, such as `hard`; may be empty
    /// @param questions evaluated
    /// @param results by name of model; a model may be missing
    public record Kind(String set, String name, String note, int questions, Map<String, KindResult> results) {
        public Kind {
            results = Map.copyOf(results);
        }
    }

    /// One model on one kind: accuracy under P_n and P_i, share of questions with a call under P_i.
    public record KindResult(Estimate none, Estimate optional, Estimate toolRate) {}

    /// Curves over one pair of axes.
    ///
    /// @param xLabel such as `step`
    /// @param yLabel such as `loss`
    /// @param note on what it shows; may be empty
    public record Panel(String title, String xLabel, String yLabel, List<Curve> curves, String note) {
        public Panel {
            curves = List.copyOf(curves);
        }
    }

    /// A curve.
    ///
    /// @param x ascending, one for each y
    public record Curve(String name, List<Double> x, List<Double> y) {
        public Curve {
            x = List.copyOf(x);
            y = List.copyOf(y);
        }
    }

    /// A conversation.
    ///
    /// @param group heading of neighbours that belong together and are shown side by side
    /// @param title what it is, such as the model's name
    /// @param outcome a few words such as `wrong, no tool`; may be empty
    public record Transcript(String group, String title, String outcome, List<Turn> turns) {
        public Transcript {
            turns = List.copyOf(turns);
        }
    }

    /// One turn of it.
    ///
    /// @param role `system`, `user`, `assistant` or `tool`; empty for a conversation as one text
    public record Turn(String role, List<Span> spans) {
        public Turn {
            spans = List.copyOf(spans);
        }
    }

    /// A piece of text.
    ///
    /// @param learned whether the loss counts it
    public record Span(String text, boolean learned) {}

    /// A stage of the run and its wall time.
    public record Stage(String name, double seconds) {}

    /// A table of names and values.
    public record Facts(String caption, Map<String, String> values) {
        public Facts {
            values = java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(values));
        }
    }

    /// The model of a name.
    public Model model(String name) {
        return models.get(index(name));
    }

    /// Its place among the models, which decides on its mark and colour.
    int index(String name) {
        int index = indexOf(models, name);
        if (index < 0) {
            throw new IllegalArgumentException("no model " + name);
        }
        return index;
    }

    private static int indexOf(List<Model> models, String name) {
        return models.stream().map(Model::name).toList().indexOf(name);
    }
}
