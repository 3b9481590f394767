package awl.task.epidemiology;

import awl.task.Level;
import awl.task.kind.Kind;
import awl.tool.sim.Seir;
import java.util.List;

/// What follows from the reproduction number.
final class Rates {

    private static final String[] DISEASES = {"a flu", "a fever", "measles", "a new virus", "a cough", "a pox"};

    private Rates() {}

    static List<Kind> kinds() {
        return List.of(reproduction(), grows(), threshold(), effective());
    }

    private static Kind reproduction() {
        return Kind.number("reproduction_number", Level.EASY, "")
                .draws(d -> d.word("disease", DISEASES)
                        .among("beta", 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1)
                        .whole("infectious", 2, 15))
                .asks(
                        "With {disease}, an infectious person infects {beta} others a day and stays infectious for"
                                + " {infectious} days. What is the basic reproduction number?",
                        "Find R0 of {disease}: {beta} infections per infectious person and day, {infectious} days of"
                                + " being infectious.",
                        "{infectious} days of being infectious with {disease} and {beta} new infections a day: what is"
                                + " the basic reproduction number R0?")
                .gold(v -> v.at("beta") * v.at("infectious"))
                .check(v ->
                        Seir.plain(1e6, v.at("beta"), 3, v.at("infectious"), 1).r0())
                .tolerance(1e-3)
                .within(0, 20)
                .calls("calculator", "expression:{beta}*{infectious}")
                .solution("R0 is the rate of infection times the days of being infectious: {beta} * {infectious} ="
                        + " {answer}.");
    }

    private static Kind grows() {
        return Kind.choice("grows", Level.EASY, "it grows", "it dies out")
                .draws(d -> {
                    d.word("disease", DISEASES).whole("infectious", 2, 10).whole("incubation", 1, 6);
                    boolean more = d.index(0, 1) == 1;
                    double r0 = more ? 1.4 + d.index(0, 20) / 10.0 : 0.2 + d.index(0, 5) / 10.0;
                    d.put("beta", awl.task.kind.Draw.rounded(r0 / d.at("infectious"), 2));
                    d.put("population", 100000).put("infected", 100);
                })
                .asks(
                        "In a town of {population} people, {infected} have {disease}: {beta} infections per infectious"
                                + " person and day, {incubation} days of incubation, {infectious} days of being"
                                + " infectious. Does it grow into an epidemic or die out?",
                        "{infected} of {population} people are infectious with {disease} (beta {beta} per day,"
                                + " incubation {incubation} days, infectious for {infectious} days). Will it grow or"
                                + " die out?",
                        "An outbreak of {disease} has beta = {beta} per day, {infectious} infectious days and"
                                + " {incubation} days of incubation; {infected} of {population} people have it. What"
                                + " happens?")
                .gold(v -> v.at("beta") * v.at("infectious") > 1 ? 0 : 1)
                .check(v -> new Seir(
                                                v.at("population"),
                                                v.at("beta"),
                                                v.at("incubation"),
                                                v.at("infectious"),
                                                v.at("infected"),
                                                0,
                                                0,
                                                0,
                                                0)
                                        .run(Double.POSITIVE_INFINITY)
                                        .infectedShare()
                                > 0.1
                        ? 0
                        : 1)
                .calls(
                        "epidemic",
                        "population",
                        "beta",
                        "incubation",
                        "infectious",
                        "infected",
                        "quantity:total_infected")
                .combines(
                        (seen, v) -> seen[0] > 10 ? 0 : 1,
                        "The share of people infected in the end shows that {answer}.")
                .let("r0", v -> v.at("beta") * v.at("infectious"))
                .solution("R0 = {beta} * {infectious} = {r0}. Above 1 it grows, below 1 it dies out, so {answer}.");
    }

    private static Kind threshold() {
        return Kind.number("herd_immunity", Level.EASY, "%")
                .draws(d -> d.word("disease", DISEASES).decimal("r", 1.2, 18, 1))
                .asks(
                        "What percentage of people must be immune to {disease} with R0 = {r} so that it cannot spread?",
                        "The basic reproduction number of {disease} is {r}. Find the herd immunity threshold in"
                                + " percent.",
                        "At R0 = {r}, how many percent of a population must be vaccinated (perfectly) to stop"
                                + " {disease}?")
                .gold(v -> 100 * (1 - 1 / v.at("r")))
                .check(v -> {
                    // The share at which the effective number passes one, by halving.
                    double low = 0;
                    double high = 1;
                    for (int i = 0; i < 60; i++) {
                        double middle = (low + high) / 2;
                        if (v.at("r") * (1 - middle) > 1) {
                            low = middle;
                        } else {
                            high = middle;
                        }
                    }
                    return 100 * low;
                })
                .tolerance(5e-3)
                .within(0, 100)
                .calls("calculator", "expression:100*(1-1/{r})")
                .solution("Each case must infect fewer than one other: R0 (1 - p) = 1, so p = 1 - 1 / {r} = {answer}.");
    }

    private static Kind effective() {
        return Kind.number("effective_number", Level.EASY, "")
                .draws(d -> d.word("disease", DISEASES)
                        .among("r", 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15)
                        .multiple("immune", 10, 10, 90))
                .asks(
                        "An outbreak of {disease} has R0 = {r}, and {immune} percent of people are immune. What is the effective"
                                + " reproduction number?",
                        "Find the effective reproduction number of {disease} (R0 = {r}) when {immune} percent of the"
                                + " population are immune.",
                        "With {immune} percent immune and R0 = {r}, how many people does a case of {disease} infect on"
                                + " average?")
                .gold(v -> v.at("r") * (1 - v.at("immune") / 100))
                .check(v -> v.at("r") - v.at("r") * v.at("immune") / 100)
                .tolerance(5e-3)
                .within(0, 20)
                .calls("calculator", "expression:{r}*(100-{immune})/100")
                .solution("Only contacts with people who are not immune count: {r} * (100 - {immune}) / 100 ="
                        + " {answer}.");
    }
}
