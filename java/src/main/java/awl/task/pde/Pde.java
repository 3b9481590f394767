package awl.task.pde;

import awl.task.ProblemSet;
import awl.task.kind.GeneratedSet;
import awl.tool.Calculator;
import awl.tool.HeatPlateTool;
import awl.tool.HeatRodTool;
import java.util.List;
import java.util.stream.Stream;

/// The diffusion set. Lengths in cm, diffusivities in mm^2/s, temperatures in degrees C.
public final class Pde {

    private Pde() {}

    public static ProblemSet set() {
        return new GeneratedSet(
                "pde",
                List.of(new HeatRodTool(), new HeatPlateTool(), new Calculator()),
                Stream.of(LongTimes.kinds(), Rods.kinds(), Plates.kinds())
                        .flatMap(List::stream)
                        .toList());
    }
}
