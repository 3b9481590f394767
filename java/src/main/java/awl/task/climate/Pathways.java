package awl.task.climate;

import awl.task.Level;
import awl.task.kind.Draw;
import awl.task.kind.Kind;
import awl.task.kind.Values;
import awl.tool.sim.Climate;
import java.util.List;

/// What pathways of emissions lead to.
final class Pathways {

    private static final double ACCURATE = 1e-10;
    private static final String MODEL = " (Emissions change in a straight line from 2020's 10.5 GtC a year, then stay;"
            + " carbon pools and two-layer model.)";

    private Pathways() {}

    static List<Kind> kinds() {
        return List.of(warming(), concentration(), forcing(), both(), difference(), sensitive());
    }

    private static Kind warming() {
        return carbon("warming", "C")
                .asks(
                        "CO2 emissions reach {target} GtC a year in {by}. How warm is it in {year}, in C above"
                                + " pre-industrial?" + MODEL,
                        "Find the warming of {year} in C if CO2 emissions go to {target} GtC a year by {by}." + MODEL,
                        "By how many C is {year} warmer than pre-industrial times on a pathway to {target} GtC of CO2 a"
                                + " year in {by}?" + MODEL)
                .gold(v -> path(v).in(v.at("year")).warming())
                .check(v -> path(v).refined(v.at("year"), ACCURATE).warming())
                .within(0, 15)
                .atLeast(0.2)
                .calls("climate", "co2_target=target", "co2_year=by", "year", "quantity:warming")
                .let("co2", v -> path(v).exactCo2(v.at("year")))
                .let("force", v -> path(v).in(v.at("year")).forcing())
                .solution("The pools of carbon give {co2} ppm in {year}, a forcing of 5.35 ln(C/278) = {force} W/m^2."
                        + " The upper ocean follows it with a lag, which leaves {answer}.");
    }

    private static Kind concentration() {
        return carbon("co2_concentration", "ppm")
                .asks(
                        "CO2 emissions reach {target} GtC a year in {by}. What is the CO2 concentration of {year}, in"
                                + " ppm?" + MODEL,
                        "Find the CO2 in the air in {year}, in ppm, on a pathway to {target} GtC a year in {by}."
                                + MODEL,
                        "How many ppm of CO2 are in the air in {year} if emissions go to {target} GtC a year by {by}?"
                                + MODEL)
                .gold(v -> path(v).exactCo2(v.at("year")))
                .check(v -> path(v).refined(v.at("year"), ACCURATE).co2())
                .tolerance(0.02)
                .within(200, 3000)
                .calls("climate", "co2_target=target", "co2_year=by", "year", "quantity:co2")
                .let(
                        "sum",
                        v -> (Climate.EMISSIONS + v.at("target")) / 2 * (v.at("by") - 2020)
                                + v.at("target") * (v.at("year") - v.at("by")))
                .solution(
                        "From 2020 on {sum} GtC are emitted. Four pools take them up and lose them with 4.3, 36.5, 394"
                                + " and a million years; with what they held in 2020 (416 ppm) the air holds {answer}.");
    }

    private static Kind forcing() {
        return carbon("forcing", "W/m^2")
                .asks(
                        "CO2 emissions reach {target} GtC a year in {by}. What is the CO2 forcing of {year}, in W/m^2?"
                                + MODEL,
                        "Find the radiative forcing of CO2 in {year}, in W/m^2, on a pathway to {target} GtC a year in"
                                + " {by}." + MODEL,
                        "How large in W/m^2 is the forcing by CO2 in {year} if emissions go to {target} GtC a year by"
                                + " {by}?" + MODEL)
                .gold(v -> Climate.forcingOf(path(v).exactCo2(v.at("year"))))
                .check(v -> path(v).refined(v.at("year"), ACCURATE).forcing())
                .within(0, 15)
                .atLeast(0.2)
                .calls("climate", "co2_target=target", "co2_year=by", "year", "quantity:forcing")
                .let("co2", v -> path(v).exactCo2(v.at("year")))
                .solution("The pools of carbon give {co2} ppm in {year}, and 5.35 ln({co2} / 278) = {answer}.");
    }

    private static Kind both() {
        return Kind.number("warming_with_methane", Level.HARD, "C")
                .draws(d -> years(d).multiple("methane", 10, 100, 600))
                .asks(
                        "By {by} CO2 emissions reach {target} GtC a year and methane emissions {methane} Mt a year (from"
                                + " 360). How warm is it in {year}, in C above pre-industrial?" + MODEL,
                        "Find the warming of {year} in C on a pathway to {target} GtC of CO2 and {methane} Mt of"
                                + " methane a year in {by} (methane from 360 Mt a year)." + MODEL,
                        "With {target} GtC of CO2 and {methane} Mt of methane (360 in 2020) a year from {by} on, by"
                                + " how many C is {year} warmer than pre-industrial times?" + MODEL)
                .gold(v -> withMethane(v).in(v.at("year")).warming())
                .check(v -> withMethane(v).refined(v.at("year"), ACCURATE).warming())
                .within(-2, 15)
                .atLeast(0.2)
                .calls(
                        "climate",
                        "co2_target=target",
                        "co2_year=by",
                        "methane_target=methane",
                        "methane_year=by",
                        "year",
                        "quantity:warming")
                .let("force", v -> withMethane(v).in(v.at("year")).forcing())
                .solution("Carbon pools and the methane box give a forcing of {force} W/m^2 in {year}; the two layers"
                        + " of heat follow it with a lag, which leaves {answer}.");
    }

    private static Kind difference() {
        return Kind.number("pathway_difference", Level.HARD, "C")
                .draws(d -> d.multiple("by", 5, 2030, 2060)
                        .whole("target", 6, 20)
                        .whole("target2", -1, 4)
                        .multiple("year", 10, 2080, 2150))
                .asks(
                        "By how many C is {year} warmer on a pathway to {target} GtC of CO2 a year in {by} than on one"
                                + " to {target2} GtC a year in {by}?" + MODEL,
                        "Two pathways reach {target} and {target2} GtC of CO2 a year in {by}. Find the difference of"
                                + " their warming in {year}, in C." + MODEL,
                        "How much warming of {year}, in C, is avoided by going to {target2} instead of {target} GtC of"
                                + " CO2 a year by {by}?" + MODEL)
                .gold(v -> path(v).in(v.at("year")).warming()
                        - Climate.carbon(v.at("target2"), v.at("by"))
                                .in(v.at("year"))
                                .warming())
                .check(v -> path(v).refined(v.at("year"), ACCURATE).warming()
                        - Climate.carbon(v.at("target2"), v.at("by"))
                                .refined(v.at("year"), ACCURATE)
                                .warming())
                .agreement(0.01)
                .within(0, 10)
                .atLeast(0.2)
                .calls("climate", "co2_target=target", "co2_year=by", "year", "quantity:warming")
                .calls("climate", "co2_target=target2", "co2_year=by", "year", "quantity:warming")
                .combines((seen, v) -> seen[0] - seen[1], "The difference of the two counts.")
                .let("more", v -> path(v).in(v.at("year")).warming())
                .let(
                        "less",
                        v -> Climate.carbon(v.at("target2"), v.at("by"))
                                .in(v.at("year"))
                                .warming())
                .solution("The higher pathway leads to {more} C, the lower one to {less} C: a difference of {answer}.");
    }

    private static Kind sensitive() {
        return Kind.number("warming_with_feedback", Level.HARD, "C")
                .draws(d -> years(d).decimal("feedback", 0.7, 1.8, 2))
                .asks(
                        "With a climate feedback of {feedback} W/m^2/K, how warm is {year}, in C above pre-industrial,"
                                + " if CO2 emissions reach {target} GtC a year in {by}?" + MODEL,
                        "Find the warming of {year} in C for a feedback of {feedback} W/m^2/K and a pathway to"
                                + " {target} GtC of CO2 a year in {by}." + MODEL,
                        "CO2 emissions go to {target} GtC a year by {by}. At {feedback} W/m^2/K of feedback, by how"
                                + " many C is {year} warmer than pre-industrial times?" + MODEL)
                .gold(v -> feedback(v).in(v.at("year")).warming())
                .check(v -> feedback(v).refined(v.at("year"), ACCURATE).warming())
                .within(0, 20)
                .atLeast(0.2)
                .calls("climate", "co2_target=target", "co2_year=by", "feedback", "year", "quantity:warming")
                .let("force", v -> feedback(v).in(v.at("year")).forcing())
                .solution("The pools of carbon give a forcing of {force} W/m^2 in {year}, in balance worth {force} /"
                        + " {feedback} C. The deep ocean still takes up heat, which leaves {answer}.");
    }

    private static Kind carbon(String name, String unit) {
        return Kind.number(name, Level.HARD, unit).draws(Pathways::years);
    }

    private static Draw years(Draw d) {
        return d.decimal("target", 0, 20, 1).multiple("by", 5, 2030, 2060).multiple("year", 5, 2060, 2150);
    }

    private static Climate path(Values v) {
        return Climate.carbon(v.at("target"), v.at("by"));
    }

    private static Climate withMethane(Values v) {
        return new Climate(v.at("target"), v.at("by"), v.at("methane"), v.at("by"), Climate.FEEDBACK);
    }

    private static Climate feedback(Values v) {
        return new Climate(v.at("target"), v.at("by"), Climate.METHANE, Climate.START + 1, v.at("feedback"));
    }
}
