package awl.kernel;

import awl.ConfigException;
import awl.NativeException;
import awl.kernel.ffm.NativeLibrary;
import awl.tensor.DeviceHandle;
import awl.tensor.Threads;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Which [Kernels] run, and why. [#choose] is a pure function of what was asked for and what was found; its
/// result prints itself (`awl doctor`, run folders). A named choice is obeyed or fails; nothing is silent.
///
/// @param library file to load; null for the reference
/// @param reason why this one
public record KernelSelection(@Nullable Path library, String reason) {

    /// What the configuration may ask for.
    public enum Wanted {
        /// A library where one fits, else the reference.
        AUTO,
        REFERENCE,
        NATIVE;

        public static Wanted parse(String text) {
            for (Wanted each : values()) {
                if (each.name().toLowerCase(Locale.ROOT).equals(text)) {
                    return each;
                }
            }
            throw new ConfigException("kernels: expected auto, reference or native, got " + text);
        }
    }

    /// A place that was looked at.
    ///
    /// @param origin what named it: the property, the variable, or the build folder
    /// @param problem why it cannot be used; null if it can
    public record Candidate(
            Path path, String origin, @Nullable String problem) {}

    /// The first usable candidate, as far as `wanted` allows.
    public static KernelSelection choose(Wanted wanted, List<Candidate> candidates) {
        if (wanted == Wanted.REFERENCE) {
            return new KernelSelection(null, "reference was asked for");
        }
        for (Candidate candidate : candidates) {
            if (candidate.problem() == null) {
                return new KernelSelection(candidate.path(), "found by " + candidate.origin());
            }
        }
        String searched = candidates.stream()
                .map(c -> c.path() + " (" + c.origin() + "): " + c.problem())
                .collect(Collectors.joining("; "));
        if (wanted == Wanted.NATIVE) {
            throw new ConfigException("kernels: native was asked for, but no library can be used. Searched " + searched
                    + ". Build one with cmake/build-native.sh (for a GPU: cmake/build-native.sh cuda), name one with -Dawl.native.path or AWL_NATIVE_PATH,"
                    + " or ask for auto or reference.");
        }
        return new KernelSelection(null, "no native library: " + searched);
    }

    /// [#search] for kernels on the CPU.
    public static List<Candidate> search(
            UnaryOperator<@Nullable String> property, UnaryOperator<@Nullable String> variable) {
        return search(property, variable, DeviceHandle.CPU);
    }

    /// Looks in the order of property `awl.native.path`, variable `AWL_NATIVE_PATH`,
    /// `<awl.home>/native/build/cpu` (or `cuda`); either of the first two may name the file or its folder,
    /// and where one is set the later ones are not used.
    ///
    /// @param device that the kernels must compute on
    public static List<Candidate> search(
            UnaryOperator<@Nullable String> property, UnaryOperator<@Nullable String> variable, DeviceHandle device) {
        List<Candidate> found = new ArrayList<>();
        String named = property.apply("awl.native.path");
        String inherited = variable.apply("AWL_NATIVE_PATH");
        String home = property.apply("awl.home");
        if (named != null && !named.isEmpty()) {
            found.add(inspect(Path.of(named), "property awl.native.path", device));
        } else if (inherited != null && !inherited.isEmpty()) {
            found.add(inspect(Path.of(inherited), "variable AWL_NATIVE_PATH", device));
        } else {
            Path root = home == null || home.isEmpty() ? Path.of("") : Path.of(home);
            found.add(inspect(root.resolve("native/build/" + backend(device)), "build folder", device));
        }
        return found;
    }

    private static String backend(DeviceHandle device) {
        return device.kind().name().toLowerCase(Locale.ROOT);
    }

    private static Candidate inspect(Path place, String origin, DeviceHandle device) {
        String backend = backend(device);
        Path file = Files.isDirectory(place) ? place.resolve("libawl_" + backend + ".so") : place;
        if (!Files.exists(file)) {
            return new Candidate(file, origin, "not there");
        }
        try {
            NativeLibrary library = NativeKernels.open(file).library();
            if (!library.backend().equals(backend)) {
                return new Candidate(file, origin, "computes on %s, not on %s".formatted(library.backend(), device));
            }
            if (device.isCuda() && library.deviceCount() <= device.index()) {
                return new Candidate(file, origin, "sees no %s: %s".formatted(device, library.lastError()));
            }
            return new Candidate(file, origin, null);
        } catch (NativeException e) {
            return new Candidate(file, origin, e.getMessage());
        }
    }

    /// Chooses for this process, on the CPU.
    public static KernelSelection forThisMachine(Wanted wanted) {
        return forThisMachine(wanted, DeviceHandle.CPU);
    }

    /// @param device where tensors will be
    public static KernelSelection forThisMachine(Wanted wanted, DeviceHandle device) {
        return choose(wanted, search(System::getProperty, System::getenv, device));
    }

    /// Does what does not need libtorch while that is being loaded: opens and binds the CPU kernels that are there.
    public static void prepare(Wanted wanted) {
        NativeLibrary.prepare(KernelHandles.class);
        if (wanted != Wanted.REFERENCE) {
            search(System::getProperty, System::getenv);
        }
    }

    /// Opens what was chosen, for all that this process computes from now on.
    public Kernels open() {
        if (library == null) {
            return new TorchKernels();
        }
        NativeKernels kernels = NativeKernels.open(library);
        if (kernels.multiplies()) {
            Threads.multipliedElsewhere();
        }
        return kernels;
    }

    @Override
    public String toString() {
        if (library == null) {
            return "reference (" + reason + ")";
        }
        NativeKernels kernels = NativeKernels.open(library);
        return "%s: %s, kernels %s, the rest by the reference (%s)"
                .formatted(kernels.name(), library, kernels.library().kernels(), reason);
    }
}
