package awl.tool.mujoco;

import awl.DataException;
import awl.NativeException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The rigid-body simulator MuJoCo (Todorov, Erez, Tassa 2012), versions 2.2.2 and 3.
///
/// One library a process, opened at the first question for it. A simulation has a model and a state of its
/// own, so many may run at once.
public final class Mujoco {

    /// What names a library elsewhere than where the system looks.
    public static final String PATH_VARIABLE = "AWL_MUJOCO";

    private static final List<String> NAMES = List.of("libmujoco.so", "libmujoco.so.2.2.2", "libmujoco.dylib");
    private static final int MESSAGE_BYTES = 1000;

    /// Steps between two looks at the thread's interruption.
    private static final int BREATH = 1000;

    /// Opened once; what was wrong with it is kept as well.
    private record Opened(@Nullable Mujoco library, String reason) {

        static final Opened ONCE = open();

        private static Opened open() {
            String named = System.getenv(PATH_VARIABLE);
            List<String> tried = new ArrayList<>(named == null ? NAMES : List.of(named));
            for (String name : tried) {
                SymbolLookup symbols;
                try {
                    symbols = name.contains("/")
                            ? SymbolLookup.libraryLookup(Path.of(name), Arena.global())
                            : SymbolLookup.libraryLookup(name, Arena.global());
                } catch (IllegalArgumentException e) {
                    continue;
                }
                try {
                    return new Opened(new Mujoco(symbols), "");
                } catch (NativeException e) {
                    return new Opened(null, name + ": " + e.getMessage());
                }
            }
            return new Opened(
                    null,
                    "no MuJoCo library was found (tried %s); install it (Debian: libmujoco-dev) or name it in %s"
                            .formatted(String.join(", ", tried), PATH_VARIABLE));
        }
    }

    private final int version;
    private final MujocoState state;
    private final MethodHandle load;
    private final MethodHandle makeData;
    private final MethodHandle step;
    private final MethodHandle deleteModel;
    private final MethodHandle deleteData;

    private Mujoco(SymbolLookup symbols) {
        version = version(function(symbols, "mj_version", FunctionDescriptor.of(ValueLayout.JAVA_INT)));
        state = MujocoState.of(version, symbols);
        load = function(
                symbols,
                "mj_loadXML",
                FunctionDescriptor.of(
                        ValueLayout.ADDRESS,
                        ValueLayout.ADDRESS,
                        ValueLayout.ADDRESS,
                        ValueLayout.ADDRESS,
                        ValueLayout.JAVA_INT));
        makeData = function(symbols, "mj_makeData", FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS));
        step = function(symbols, "mj_step", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.ADDRESS));
        deleteModel = function(symbols, "mj_deleteModel", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));
        deleteData = function(symbols, "mj_deleteData", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));
        silence(symbols);
    }

    /// The library.
    ///
    /// @throws DataException where there is none, saying what to install
    public static Mujoco library() {
        Mujoco library = Opened.ONCE.library;
        if (library == null) {
            throw new DataException(missing());
        }
        return library;
    }

    /// Why there is no library; empty where there is one.
    public static String missing() {
        return Opened.ONCE.reason;
    }

    /// 222 for 2.2.2, 337 for 3.3.7.
    public int version() {
        return version;
    }

    /// Runs a model for `steps` of its own time steps.
    ///
    /// @param mjcf the model, one joint of one degree of freedom for each position
    /// @param positions of the joints at the start, rad or m
    /// @param velocities of the joints at the start
    /// @param seconds what the steps make together
    /// @return positions, then velocities
    /// @throws DataException where the numbers ran away, or the thread was interrupted
    public double[] run(String mjcf, double[] positions, double[] velocities, int steps, double seconds) {
        MemorySegment model = load(mjcf);
        try {
            MemorySegment data = (MemorySegment) makeData.invokeExact(model);
            if (data.address() == 0) {
                throw new NativeException("mj_makeData: no memory for a simulation");
            }
            try (Arena arena = Arena.ofConfined()) {
                state.set(model, data, positions, velocities, arena);
                for (int i = 0; i < steps; i++) {
                    if (i % BREATH == 0 && Thread.currentThread().isInterrupted()) {
                        throw new DataException("stopped");
                    }
                    step.invokeExact(model, data);
                }
                double[] end = state.get(model, data, positions.length, velocities.length, arena);
                // Numbers that run away make MuJoCo begin again at time 0.
                if (Math.abs(end[0] - seconds) > 1e-6 * Math.max(1, seconds)) {
                    throw new DataException("these values lead to a motion without bounds");
                }
                double[] without = new double[end.length - 1];
                System.arraycopy(end, 1, without, 0, without.length);
                return without;
            } finally {
                deleteData.invokeExact(data);
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException("MuJoCo: " + e, e);
        } finally {
            delete(model);
        }
    }

    private void delete(MemorySegment model) {
        try {
            deleteModel.invokeExact(model);
        } catch (Throwable e) {
            throw new NativeException("mj_deleteModel: " + e, e);
        }
    }

    /// The reader keeps what it read last in a place of its own: one at a time.
    private synchronized MemorySegment load(String mjcf) {
        try (Arena arena = Arena.ofConfined()) {
            Path file = Files.createTempFile("awl-model", ".xml");
            try {
                Files.writeString(file, mjcf);
                MemorySegment message = arena.allocate(MESSAGE_BYTES);
                MemorySegment model = (MemorySegment) load.invokeExact(
                        arena.allocateFrom(file.toString()), MemorySegment.NULL, message, MESSAGE_BYTES);
                if (model.address() == 0) {
                    throw new DataException("MuJoCo refuses the model: " + message.getString(0));
                }
                return model;
            } finally {
                Files.delete(file);
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (IOException e) {
            throw new NativeException("cannot write a model for MuJoCo: " + e.getMessage(), e);
        } catch (Throwable e) {
            throw new NativeException("mj_loadXML: " + e, e);
        }
    }

    /// Warnings would be written to a file in the current folder.
    private static void silence(SymbolLookup symbols) {
        try {
            MethodHandle nothing = MethodHandles.empty(MethodType.methodType(void.class, MemorySegment.class));
            MemorySegment stub = Linker.nativeLinker()
                    .upcallStub(nothing, FunctionDescriptor.ofVoid(ValueLayout.ADDRESS), Arena.global());
            MemorySegment handler = symbols.find("mju_user_warning")
                    .orElseThrow(() -> new NativeException("not MuJoCo: it has no mju_user_warning"));
            handler.reinterpret(ValueLayout.ADDRESS.byteSize()).set(ValueLayout.ADDRESS, 0, stub);
        } catch (UnsupportedOperationException e) {
            throw new NativeException("this JVM cannot be called back: " + e.getMessage(), e);
        }
    }

    private static int version(MethodHandle function) {
        try {
            return (int) function.invokeExact();
        } catch (Throwable e) {
            throw new NativeException("mj_version: " + e, e);
        }
    }

    static MethodHandle function(SymbolLookup symbols, String name, FunctionDescriptor shape) {
        MemorySegment address =
                symbols.find(name).orElseThrow(() -> new NativeException("not MuJoCo: it has no " + name));
        return Linker.nativeLinker().downcallHandle(address, shape);
    }
}
