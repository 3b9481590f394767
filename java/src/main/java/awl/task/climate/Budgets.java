package awl.task.climate;

import awl.task.Level;
import awl.task.kind.Kind;
import awl.tool.sim.Climate;
import java.util.List;

/// Sums and rules.
final class Budgets {

    private static final String[] PLACES = {"a country", "a region", "a company", "an industry", "a union of states"};

    private Budgets() {}

    static List<Kind> kinds() {
        return List.of(constant(), linear(), equilibrium(), warmer(), methane());
    }

    private static Kind constant() {
        return Kind.number("constant_emissions", Level.EASY, "GtC")
                .draws(d -> d.word("place", PLACES).whole("rate", 2, 15).whole("years", 2, 30))
                .asks(
                        "The CO2 emissions of {place} stay at {rate} GtC a year for {years} years. How much is that in"
                                + " all, in GtC?",
                        "At {rate} GtC a year, how many GtC does {place} emit in {years} years?",
                        "Find the cumulative emissions of {place} in GtC over {years} years at a constant {rate} GtC a"
                                + " year.")
                .gold(v -> v.at("rate") * v.at("years"))
                .check(v -> {
                    double sum = 0;
                    for (int year = 0; year < v.whole("years"); year++) {
                        sum += v.at("rate");
                    }
                    return sum;
                })
                .tolerance(1e-4)
                .within(0, 1e4)
                .calls("calculator", "expression:{rate}*{years}")
                .solution("A constant rate adds up to rate times years: {rate} * {years} = {answer}.");
    }

    private static Kind linear() {
        return Kind.number("falling_emissions", Level.EASY, "GtC")
                .draws(d -> d.word("place", PLACES).multiple("rate", 2, 2, 20).whole("years", 4, 40))
                .asks(
                        "The CO2 emissions of {place} fall in a straight line from {rate} GtC a year to zero in {years}"
                                + " years. How much is emitted on the way, in GtC?",
                        "Find the cumulative emissions of {place} in GtC while they fall linearly from {rate} GtC a"
                                + " year to nothing over {years} years.",
                        "Over {years} years {place} brings its emissions linearly from {rate} GtC a year to zero. How"
                                + " many GtC does it emit meanwhile?")
                .gold(v -> v.at("rate") * v.at("years") / 2)
                .check(v -> {
                    int steps = 1000;
                    double h = v.at("years") / steps;
                    double sum = 0;
                    for (int i = 0; i < steps; i++) {
                        sum += h * v.at("rate") * (1 - (i + 0.5) / steps);
                    }
                    return sum;
                })
                .tolerance(1e-4)
                .within(0, 1e4)
                .calls("calculator", "expression:{rate}*{years}/2")
                .solution("It is a triangle: half of rate times years, {rate} * {years} / 2 = {answer}.");
    }

    private static Kind equilibrium() {
        return Kind.number("equilibrium_warming", Level.EASY, "C")
                .draws(d -> d.word("planet", "a planet", "an ocean world", "a model Earth", "a distant Earth")
                        .decimal("forcing", 1, 8, 1)
                        .among("feedback", 0.5, 1, 2))
                .asks(
                        "What warming in C does a constant forcing of {forcing} W/m^2 cause on {planet} in the long run"
                                + " if the climate feedback is {feedback} W/m^2/K?",
                        "Find the equilibrium warming in C of {planet} under {forcing} W/m^2 with a feedback of"
                                + " {feedback} W/m^2/K.",
                        "With feedback {feedback} W/m^2/K, how much warmer in C does {planet} become in the end under a"
                                + " forcing of {forcing} W/m^2?")
                .gold(v -> Climate.equilibrium(v.at("forcing"), v.at("feedback")))
                .check(v -> Climate.after(v.at("forcing"), v.at("feedback"), 5000))
                .tolerance(5e-3)
                .within(0, 20)
                .calls("calculator", "expression:{forcing}/{feedback}")
                .solution("In balance the feedback carries off the forcing: {forcing} / {feedback} = {answer}.");
    }

    private static Kind warmer() {
        return Kind.choice("warmer_pathway", Level.EASY, "the first", "the second")
                .draws(d -> {
                    d.whole("target", 0, 15).whole("target2", 0, 15).multiple("by", 5, 2035, 2060);
                    d.multiple("year", 10, 2080, 2150);
                    if (d.at("target") == d.at("target2")) {
                        d.put("target2", d.at("target") + 2);
                    }
                })
                .asks(
                        "Two pathways reach their CO2 emissions in {by}: the first {target} GtC a year, the second"
                                + " {target2} GtC a year. Under which is it warmer in {year}?",
                        "From 2020 on emissions change linearly until {by}, to {target} GtC a year on a first and"
                                + " {target2} GtC a year on a second pathway. Which is warmer in {year}?",
                        "A first pathway ends at {target} GtC of CO2 a year in {by}, a second at {target2}. Which one"
                                + " leads to more warming in {year}?")
                .gold(v -> v.at("target") > v.at("target2") ? 0 : 1)
                .check(v -> warming(v.at("target"), v.at("by"), v.at("year"))
                                > warming(v.at("target2"), v.at("by"), v.at("year"))
                        ? 0
                        : 1)
                .calls("climate", "co2_target=target", "co2_year=by", "year", "quantity:warming")
                .calls("climate", "co2_target=target2", "co2_year=by", "year", "quantity:warming")
                .combines((seen, v) -> seen[0] > seen[1] ? 0 : 1, "The warmer one of the two is {answer}.")
                .solution("All else equal, more CO2 means more warming, and the higher emissions are those of"
                        + " {answer}.");
    }

    private static Kind methane() {
        return Kind.choice("methane_or_more", Level.EASY, "it cools", "it warms")
                .draws(d -> {
                    d.multiple("methane", 10, 100, 600)
                            .multiple("by", 5, 2030, 2060)
                            .multiple("year", 10, 2070, 2150);
                    if (d.at("methane") >= 320 && d.at("methane") <= 400) {
                        d.put("methane", 280);
                    }
                    d.put("now", Climate.METHANE);
                })
                .asks(
                        "Methane emissions go from {now} to {methane} Mt a year by {by}, all else as it is. Does that"
                                + " warm or cool the climate of {year}, compared with staying at {now}?",
                        "By {by} methane emissions of {now} Mt a year become {methane} Mt a year. What does that do to"
                                + " the temperature of {year}, next to no change?",
                        "Compared with a constant {now} Mt of methane a year, does a pathway to {methane} Mt a year in"
                                + " {by} make {year} warmer or cooler?")
                .gold(v -> v.at("methane") < v.at("now") ? 0 : 1)
                .check(v ->
                        new Climate(Climate.EMISSIONS, Climate.START + 1, v.at("methane"), v.at("by"), Climate.FEEDBACK)
                                                .refined(v.at("year"), 1e-9)
                                                .warming()
                                        < Climate.constant()
                                                .refined(v.at("year"), 1e-9)
                                                .warming()
                                ? 0
                                : 1)
                .calls("climate", "year", "quantity:warming")
                .calls("climate", "methane_target=methane", "methane_year=by", "year", "quantity:warming")
                .combines((seen, v) -> seen[1] < seen[0] ? 0 : 1, "Next to the pathway without change {answer}.")
                .solution("Methane is a greenhouse gas: less of it means a lower forcing. From {now} to {methane} Mt a"
                        + " year {answer}.");
    }

    private static double warming(double target, double by, double year) {
        return Climate.carbon(target, by).refined(year, 1e-9).warming();
    }
}
