package awl.task.epidemiology;

import awl.task.Level;
import awl.task.kind.Draw;
import awl.task.kind.Kind;
import awl.task.kind.Values;
import awl.tool.sim.Seir;
import java.util.List;

/// The course of an epidemic.
final class Courses {

    private static final double ACCURATE = 1e-13;
    private static final double OVER = Double.POSITIVE_INFINITY;

    private static final String MODEL = " (SEIR model: {population} people, {infected} infectious on day 0, beta {beta}"
            + " per day, incubation {incubation} days, infectious for {infectious} days)";
    private static final String[] CALL = {"population", "beta", "incubation", "infectious", "infected"};

    private Courses() {}

    static List<Kind> kinds() {
        return List.of(peak(), peakDay(), total(), onDay(), reducedPeak(), saved(), vaccinated());
    }

    private static Kind peak() {
        return Kind.number("peak", Level.HARD, "people")
                .draws(Courses::outbreak)
                .asks(
                        "How many people are infectious at the peak of this epidemic?" + MODEL,
                        "Find the largest number of people who are infectious at the same time" + MODEL + ".",
                        "At its worst, how many people are infectious at once in this outbreak?" + MODEL)
                .gold(v -> seir(v).run(OVER).peak())
                .check(v -> seir(v).refined(1000, ACCURATE).peak())
                .within(0, 1e8)
                .atLeast(10)
                .calls("epidemic", call("quantity:peak_infectious"))
                .let("r0", v -> seir(v).r0())
                .solution("R0 = {beta} * {infectious} = {r0}. Following the four groups day by day until new infections"
                        + " no longer make up for recoveries gives a peak of {answer}.");
    }

    private static Kind peakDay() {
        return Kind.number("peak_day", Level.HARD, "days")
                .draws(Courses::outbreak)
                .asks(
                        "After how many days is the number of infectious people largest?" + MODEL,
                        "On which day does this epidemic peak?" + MODEL,
                        "Find the time in days from day 0 to the peak of the infectious" + MODEL + ".")
                .gold(v -> seir(v).run(OVER).peakDay())
                .check(v -> seir(v).refined(1000, ACCURATE).peakDay())
                .within(0, 1000)
                .atLeast(5)
                .calls("epidemic", call("quantity:peak_day"))
                .let("r0", v -> seir(v).r0())
                .solution("R0 = {beta} * {infectious} = {r0}. Following the four groups day by day, the infectious are"
                        + " most after {answer}.");
    }

    private static Kind total() {
        return Kind.number("final_size", Level.HARD, "%")
                .draws(Courses::outbreak)
                .asks(
                        "What percentage of people has been infected when this epidemic is over?" + MODEL,
                        "Find the share of the population, in percent, infected in the whole course of the epidemic"
                                + MODEL + ".",
                        "How many percent of the people get infected in the end?" + MODEL)
                .gold(v -> 100 * seir(v).finalShare())
                .check(v -> 100 * seir(v).refined(3000, ACCURATE).infectedShare())
                .within(0, 100)
                .atLeast(5)
                .calls("epidemic", call("quantity:total_infected"))
                .let("r0", v -> seir(v).r0())
                .solution("R0 = {beta} * {infectious} = {r0}. The final size z solves z = 1 - e^(-R0 z); repeating that"
                        + " from z = 0.9 settles at {answer}.");
    }

    private static Kind onDay() {
        return Kind.number("infectious_on_day", Level.HARD, "people")
                .draws(d -> outbreak(d).multiple("days", 5, 20, 80))
                .asks(
                        "How many people are infectious on day {days}?" + MODEL,
                        "Find the number of infectious people after {days} days" + MODEL + ".",
                        "{days} days after the start, how many people are infectious at that moment?" + MODEL)
                .gold(v -> seir(v).run(v.at("days")).infectiousAtEnd())
                .check(v -> seir(v).refined(v.at("days"), ACCURATE).infectiousAtEnd())
                .within(0, 1e8)
                .atLeast(10)
                .calls("epidemic", call("days", "quantity:infectious_at_end"))
                .let("growth", v -> growth(v))
                .solution("At first the infectious grow by {growth} percent a day, until those who can be infected grow"
                        + " few. Following the groups up to day {days} gives {answer}.");
    }

    private static Kind reducedPeak() {
        return Kind.number("peak_with_distancing", Level.HARD, "people")
                .draws(d -> outbreak(d).multiple("reduction", 5, 10, 50).whole("from_day", 5, 40))
                .asks(
                        "Contacts are reduced by {reduction} percent from day {from_day} on. How many people are"
                                + " infectious at the peak?" + MODEL,
                        "Find the largest number of infectious people if contacts fall by {reduction} percent from day"
                                + " {from_day} on" + MODEL + ".",
                        "From day {from_day} on there are {reduction} percent fewer contacts. How many are infectious"
                                + " at the worst moment?" + MODEL)
                .gold(v -> distancing(v).run(OVER).peak())
                .check(v -> distancing(v).refined(2000, ACCURATE).peak())
                .within(0, 1e8)
                .atLeast(10)
                .calls("epidemic", call("reduction", "from_day", "quantity:peak_infectious"))
                .let("r", v -> seir(v).r0() * (1 - v.at("reduction") / 100))
                .solution(
                        "From day {from_day} on the reproduction number is {beta} * {infectious} * (100 - {reduction})"
                                + " / 100 = {r}. Following the four groups day by day gives a peak of {answer}.");
    }

    private static Kind saved() {
        return Kind.number("infections_prevented", Level.HARD, "%")
                .draws(d -> outbreak(d).multiple("reduction", 5, 10, 60).put("zero", 0))
                .asks(
                        "If contacts are {reduction} percent fewer from day {zero} on, what percentage of the"
                                + " population is spared an infection, compared with doing nothing?" + MODEL,
                        "By how many percentage points does a reduction of contacts by {reduction} percent from day"
                                + " {zero} lower the share of people ever infected?" + MODEL,
                        "Contacts fall by {reduction} percent on day {zero} and stay so. Find the fall, in percent of"
                                + " the population, of all infections" + MODEL + ".")
                .gold(v -> 100 * (seir(v).finalShare() - lower(v).finalShare()))
                .check(v -> 100
                        * (seir(v).refined(3000, ACCURATE).infectedShare()
                                - distancing(v).refined(3000, ACCURATE).infectedShare()))
                .agreement(0.02)
                .within(0, 100)
                .atLeast(3)
                .calls("epidemic", call("quantity:total_infected"))
                .calls("epidemic", call("reduction", "from_day=zero", "quantity:total_infected"))
                .combines((seen, v) -> seen[0] - seen[1], "The difference of the two shares counts.")
                .let("without", v -> 100 * seir(v).finalShare())
                .let("with", v -> 100 * lower(v).finalShare())
                .solution("The final-size equation z = 1 - e^(-R z) gives {without} percent without and {with} percent"
                        + " with the reduction: a difference of {answer}.");
    }

    private static Kind vaccinated() {
        return Kind.number("final_size_vaccinated", Level.HARD, "%")
                .draws(d -> outbreak(d).multiple("immune", 5, 5, 40))
                .asks(
                        "{immune} percent of the people are immune before the outbreak. What percentage of the"
                                + " population gets infected in the end?" + MODEL,
                        "Find the share of the whole population, in percent, ever infected if {immune} percent were"
                                + " vaccinated beforehand" + MODEL + ".",
                        "With {immune} percent immune at the start, how many percent of all people are infected by the"
                                + " end?" + MODEL)
                .gold(v -> 100 * immune(v).finalShare())
                .check(v -> 100 * immune(v).refined(3000, ACCURATE).infectedShare())
                .within(0, 100)
                .atLeast(5)
                .calls("epidemic", call("immune", "quantity:total_infected"))
                .let("r", v -> seir(v).r0() * (1 - v.at("immune") / 100))
                .solution("The effective number is {beta} * {infectious} * (100 - {immune}) / 100 = {r}. The final-size"
                        + " equation with the immune left out gives {answer}.");
    }

    private static Draw outbreak(Draw d) {
        d.multiple("population", 10000, 20000, 900000)
                .multiple("infected", 5, 5, 50)
                .whole("incubation", 2, 6)
                .whole("infectious", 3, 10);
        double r0 = 1.4 + d.index(0, 26) / 10.0;
        return d.put("beta", Draw.rounded(r0 / d.at("infectious"), 2));
    }

    private static String[] call(String... more) {
        String[] all = java.util.Arrays.copyOf(CALL, CALL.length + more.length);
        System.arraycopy(more, 0, all, CALL.length, more.length);
        return all;
    }

    /// Growth at the start, percent a day: the larger root of (x + 1/i)(x + 1/g) = beta / i.
    private static double growth(Values v) {
        double sigma = 1 / v.at("incubation");
        double gamma = 1 / v.at("infectious");
        double half = (sigma + gamma) / 2;
        return 100 * (Math.exp(-half + Math.sqrt(half * half + sigma * (v.at("beta") - gamma))) - 1);
    }

    private static Seir seir(Values v) {
        return seir(v, v.at("beta"), 0, 0, 0);
    }

    private static Seir distancing(Values v) {
        double from = v.map().containsKey("from_day") ? v.at("from_day") : 0;
        return seir(v, v.at("beta"), 0, from, v.at("reduction") / 100);
    }

    /// With fewer contacts all the time.
    private static Seir lower(Values v) {
        return seir(v, v.at("beta") * (1 - v.at("reduction") / 100), 0, 0, 0);
    }

    private static Seir immune(Values v) {
        return seir(v, v.at("beta"), v.at("immune") / 100, 0, 0);
    }

    private static Seir seir(Values v, double beta, double immune, double from, double reduction) {
        return new Seir(
                v.at("population"),
                beta,
                v.at("incubation"),
                v.at("infectious"),
                v.at("infected"),
                immune,
                from,
                reduction > 0 ? OVER : from,
                reduction);
    }
}
