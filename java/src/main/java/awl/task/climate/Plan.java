package awl.task.climate;

import awl.task.kind.Allocation;
import awl.task.kind.Draw;
import awl.task.kind.Kind;
import awl.task.kind.Values;
import awl.tool.sim.Climate;
import java.util.List;

/// Open-ended: how to spend a budget on cutting CO2 and methane.
final class Plan extends Allocation {

    private static final double METHANE_UNIT = 10;

    Plan() {
        super("mitigation_plan", "warming", "co2", "methane");
    }

    @Override
    protected void draw(Draw d) {
        d.multiple("year", 10, 2060, 2120)
                .multiple("by", 5, 2030, 2050)
                .whole("cost_first", 20, 90)
                .whole("cost_second", 2, 15)
                .put("most_first", 10)
                .put("most_second", 25)
                .multiple("budget", 20, 200, 600);
    }

    @Override
    protected List<String> wordings() {
        String form = " Answer in the form 'co2: NUMBER, methane: NUMBER'.";
        return List.of(
                "A budget of {budget} billion a year may cut emissions by {by}. Each GtC of CO2 a year that is cut"
                        + " (from 10.5, at most {most_first}) costs {cost_first} billion; each step of 10 Mt of methane"
                        + " a year (from 360, at most {most_second} steps) costs {cost_second} billion. How many GtC"
                        + " of CO2 and how many steps of methane should be cut to keep {year} as cool as possible?"
                        + form,
                "Choose cuts that are in place by {by} so that the warming of {year} is as small as possible: CO2 from"
                        + " 10.5 GtC a year at {cost_first} billion for each GtC (at most {most_first}), methane from"
                        + " 360 Mt a year at {cost_second} billion for each step of 10 Mt (at most {most_second}"
                        + " steps), {budget} billion in all." + form);
    }

    @Override
    protected double outcome(Values v, double co2, double methane) {
        return plan(v, co2, methane).in(v.at("year"), 1).warming();
    }

    @Override
    protected double check(Values v, double co2, double methane) {
        return plan(v, co2, methane).refined(v.at("year"), 1e-9).warming();
    }

    @Override
    protected Kind.Step call() {
        return Kind.step(
                "climate",
                "co2_target=first_left",
                "co2_year=by",
                "methane_target=second_left",
                "methane_year=by",
                "year",
                "quantity:warming");
    }

    @Override
    protected Values told(Values v) {
        return v.and("first_left", Draw.rounded(Climate.EMISSIONS - v.at("first"), 1))
                .and("second_left", Draw.rounded(Climate.METHANE - METHANE_UNIT * v.at("second"), 0));
    }

    private static Climate plan(Values v, double co2, double methane) {
        return new Climate(
                Climate.EMISSIONS - co2,
                v.at("by"),
                Climate.METHANE - METHANE_UNIT * methane,
                v.at("by"),
                Climate.FEEDBACK);
    }
}
