package awl.tool;

import awl.chat.ToolSpec;
import awl.tool.sim.Seir;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An SEIR epidemic with vaccination before it and a reduction of contacts during it.
public final class EpidemicTool implements Tool {

    private static final ToolSpec SPEC = ToolSpec.of(
            "epidemic",
            "Simulates an SEIR epidemic and returns one quantity.",
            new Parameters()
                    .number("population", "people", 10, 1e10)
                    .required()
                    .number("beta", "infections per infectious person and day", 0, 20)
                    .required()
                    .number("incubation", "mean days until infectious", 0.1, 100)
                    .required()
                    .number("infectious", "mean days of being infectious", 0.1, 100)
                    .required()
                    .number("infected", "people infectious on day 0", 0, 1e9)
                    .required()
                    .number("immune", "percent of the population immune (0 if absent)", 0, 100)
                    .number("reduction", "percent by which contacts are reduced (0 if absent)", 0, 100)
                    .number("from_day", "first day of the reduction (0 if absent)", 0, 5000)
                    .number("until_day", "last day of the reduction (the end if absent)", 0, 5000)
                    .number("days", "length of the run (until the epidemic is over if absent)", 0, 5000)
                    .choice(
                            "quantity",
                            "peak_infectious (people), peak_day, total_infected (percent of the population),"
                                    + " infectious_at_end (people)",
                            List.of("peak_infectious", "peak_day", "total_infected", "infectious_at_end"))
                    .required()
                    .schema());

    @Override
    public ToolSpec spec() {
        return SPEC;
    }

    @Override
    public ToolResult call(Map<String, @Nullable Object> given) {
        double population = Arguments.number(given, "population", 0);
        double immune = Arguments.number(given, "immune", 0) / 100;
        double infected = Arguments.number(given, "infected", 0);
        double from = Arguments.number(given, "from_day", 0);
        double until = Arguments.number(given, "until_day", Double.POSITIVE_INFINITY);
        if (infected > (1 - immune) * population) {
            return ToolResult.refused("there are more people infected than not immune");
        }
        if (until < from) {
            return ToolResult.refused("'until_day' is before 'from_day'");
        }
        Seir.Course course = new Seir(
                        population,
                        Arguments.number(given, "beta", 0),
                        Arguments.number(given, "incubation", 1),
                        Arguments.number(given, "infectious", 1),
                        infected,
                        immune,
                        from,
                        until,
                        Arguments.number(given, "reduction", 0) / 100)
                .run(Arguments.number(given, "days", Double.POSITIVE_INFINITY));
        return ToolResult.answered(
                switch (Arguments.text(given, "quantity", "")) {
                    case "peak_infectious" -> Numbers.significant(course.peak()) + " people";
                    case "peak_day" -> Numbers.significant(course.peakDay()) + " days";
                    case "total_infected" -> Numbers.significant(100 * course.infectedShare()) + "%";
                    default -> Numbers.significant(course.infectiousAtEnd()) + " people";
                });
    }
}
