package awl.task.epidemiology;

import awl.task.kind.Allocation;
import awl.task.kind.Draw;
import awl.task.kind.Kind;
import awl.task.kind.Values;
import awl.tool.sim.Seir;
import java.util.List;

/// Open-ended: how to spend a budget on vaccination and on fewer contacts.
final class Budget extends Allocation {

    Budget() {
        super("budget_plan", "total infected", "vaccinate", "reduce");
    }

    @Override
    protected void draw(Draw d) {
        d.multiple("population", 10000, 20000, 900000)
                .multiple("infected", 5, 5, 50)
                .whole("incubation", 2, 6)
                .whole("infectious", 3, 10)
                .whole("cost_first", 2, 9)
                .whole("cost_second", 2, 9)
                .multiple("most_first", 10, 20, 60)
                .multiple("most_second", 10, 20, 60)
                .multiple("budget", 10, 60, 300)
                .put("zero", 0);
        double r0 = 1.8 + d.index(0, 20) / 10.0;
        d.put("beta", Draw.rounded(r0 / d.at("infectious"), 2));
    }

    @Override
    protected List<String> wordings() {
        String model = " (SEIR model: {population} people, {infected} infectious on day {zero}, beta {beta} per day,"
                + " incubation {incubation} days, infectious for {infectious} days)";
        String form = " Answer in the form 'vaccinate: NUMBER, reduce: NUMBER'.";
        return List.of(
                "A town has {budget} million to fight an outbreak" + model + ". Vaccinating one percent of the people"
                        + " before it costs {cost_first} million (at most {most_first} percent), and reducing contacts"
                        + " by one percent all the time costs {cost_second} million (at most {most_second} percent)."
                        + " How many percent should be vaccinated, and by how many percent should contacts be reduced,"
                        + " so that as few people as possible are infected?" + form,
                "Plan against an epidemic" + model + " with a budget of {budget} million: each percent vaccinated"
                        + " beforehand costs {cost_first} million, up to {most_first} percent; each percent of fewer"
                        + " contacts from day {zero} on costs {cost_second} million, up to {most_second} percent. Keep"
                        + " the total number of infections as small as you can." + form);
    }

    @Override
    protected double outcome(Values v, double vaccinated, double reduced) {
        return 100
                * plan(v, vaccinated, reduced)
                        .run(Double.POSITIVE_INFINITY, 0.25)
                        .infectedShare();
    }

    @Override
    protected double check(Values v, double vaccinated, double reduced) {
        Seir plan = plan(v, vaccinated, reduced);
        Seir always = new Seir(
                plan.population(),
                plan.beta() * (1 - plan.reduction()),
                plan.incubation(),
                plan.infectious(),
                plan.seeds(),
                plan.immune(),
                0,
                0,
                0);
        return 100 * always.finalShare();
    }

    @Override
    protected Kind.Step call() {
        return Kind.step(
                "epidemic",
                "population",
                "beta",
                "incubation",
                "infectious",
                "infected",
                "immune=first",
                "reduction=second",
                "quantity:total_infected");
    }

    private static Seir plan(Values v, double vaccinated, double reduced) {
        return new Seir(
                v.at("population"),
                v.at("beta"),
                v.at("incubation"),
                v.at("infectious"),
                v.at("infected"),
                vaccinated / 100,
                0,
                Double.POSITIVE_INFINITY,
                reduced / 100);
    }
}
