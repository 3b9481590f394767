package awl.tool;

import awl.chat.ToolSpec;
import awl.tool.sim.Climate;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A simple climate model: FaIR-like carbon pools, a methane box, two layers of heat. From 2020 on.
public final class ClimateTool implements Tool {

    private static final ToolSpec SPEC = ToolSpec.of(
            "climate",
            "Simulates a CO2 and methane emission pathway from 2020 on and returns one quantity. Emissions change in a"
                    + " straight line from those of 2020 (CO2 10.5 GtC/yr, methane 360 Mt/yr) to the target, then stay.",
            new Parameters()
                    .number("co2_target", "CO2 emissions reached, in GtC/yr (10.5 if absent)", -20, 100)
                    .number("co2_year", "year in which they are reached (2021 if absent)", 2021, 2500)
                    .number("methane_target", "methane emissions reached, in Mt/yr (360 if absent)", 0, 3000)
                    .number("methane_year", "year in which they are reached (2021 if absent)", 2021, 2500)
                    .number("feedback", "climate feedback in W/m^2/K (1.13 if absent)", 0.3, 4)
                    .number("year", "year asked about", 2020, 2500)
                    .required()
                    .choice(
                            "quantity",
                            "warming above pre-industrial (C), co2 (ppm), forcing (W/m^2)",
                            List.of("warming", "co2", "forcing"))
                    .required()
                    .schema());

    @Override
    public ToolSpec spec() {
        return SPEC;
    }

    @Override
    public ToolResult call(Map<String, @Nullable Object> given) {
        Climate.State state = new Climate(
                        Arguments.number(given, "co2_target", Climate.EMISSIONS),
                        Arguments.number(given, "co2_year", Climate.START + 1),
                        Arguments.number(given, "methane_target", Climate.METHANE),
                        Arguments.number(given, "methane_year", Climate.START + 1),
                        Arguments.number(given, "feedback", Climate.FEEDBACK))
                .in(Arguments.number(given, "year", Climate.START));
        if (state.co2() <= 0 || !Double.isFinite(state.warming())) {
            return ToolResult.refused("this pathway takes more carbon out of the air than there is");
        }
        return ToolResult.answered(
                switch (Arguments.text(given, "quantity", "")) {
                    case "warming" -> Numbers.significant(state.warming()) + " C";
                    case "co2" -> Numbers.significant(state.co2()) + " ppm";
                    default -> Numbers.significant(state.forcing()) + " W/m^2";
                });
    }
}
