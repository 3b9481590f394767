package awl.track;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/// What stays the same during a run.
///
/// @param folder of the run
/// @param config as YAML
/// @param parameters the same as `section.key` and value
/// @param environment machine, versions, threads
public record RunFacts(Path folder, String config, Map<String, String> parameters, Map<String, String> environment) {

    public RunFacts {
        parameters = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
        environment = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(environment));
    }

    /// What a person calls the run: the name of its folder, and of the one above it where that is no `runs`.
    public String name() {
        Path whole = folder.toAbsolutePath().normalize();
        Path above = whole.getParent();
        String own = String.valueOf(whole.getFileName());
        if (above == null || above.getFileName() == null || above.endsWith("runs")) {
            return own;
        }
        return above.getFileName() + "/" + own;
    }
}
