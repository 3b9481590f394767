package awl.tool.mujoco;

import awl.NativeException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// Time, positions and velocities of a simulation: by functions in MuJoCo 3, by their place in `mjData` in
/// 2.2.2, which has none.
sealed interface MujocoState {

    /// Puts a simulation at time 0.
    void set(MemorySegment model, MemorySegment data, double[] positions, double[] velocities, Arena arena)
            throws Throwable;

    /// @return time, positions, velocities
    double[] get(MemorySegment model, MemorySegment data, int positions, int velocities, Arena arena) throws Throwable;

    /// @throws NativeException for a version whose layout is not known
    static MujocoState of(int version, SymbolLookup symbols) {
        if (version == Placed.VERSION) {
            return new Placed();
        }
        if (version >= 300 && symbols.find("mj_getState").isPresent()) {
            return Asked.of(symbols);
        }
        throw new NativeException("MuJoCo version %d is not known; versions 2.2.2 and 3 are".formatted(version));
    }

    /// `mjData` of 2.2.2 on 64-bit machines: `mjtNum time`, and the pointers `qpos` and `qvel`.
    record Placed() implements MujocoState {

        static final int VERSION = 222;
        private static final long TIME = 40336;
        private static final long POSITIONS = 40376;
        private static final long VELOCITIES = 40384;
        private static final long END = VELOCITIES + 8;

        @Override
        public void set(MemorySegment model, MemorySegment data, double[] positions, double[] velocities, Arena arena) {
            MemorySegment.copy(positions, 0, at(data, POSITIONS, positions.length), NUMBER, 0, positions.length);
            MemorySegment.copy(velocities, 0, at(data, VELOCITIES, velocities.length), NUMBER, 0, velocities.length);
        }

        @Override
        public double[] get(MemorySegment model, MemorySegment data, int positions, int velocities, Arena arena) {
            double[] all = new double[1 + positions + velocities];
            all[0] = data.reinterpret(END).get(NUMBER, TIME);
            MemorySegment.copy(at(data, POSITIONS, positions), NUMBER, 0, all, 1, positions);
            MemorySegment.copy(at(data, VELOCITIES, velocities), NUMBER, 0, all, 1 + positions, velocities);
            return all;
        }

        private static MemorySegment at(MemorySegment data, long place, int count) {
            return data.reinterpret(END).get(ValueLayout.ADDRESS, place).reinterpret(count * NUMBER.byteSize());
        }
    }

    /// `mjSTATE_TIME | mjSTATE_QPOS | mjSTATE_QVEL` side by side.
    record Asked(MethodHandle size, MethodHandle get, MethodHandle set) implements MujocoState {

        private static final int WHICH = 1 | 2 | 4;

        static Asked of(SymbolLookup symbols) {
            FunctionDescriptor move = FunctionDescriptor.ofVoid(
                    ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
            return new Asked(
                    Mujoco.function(
                            symbols,
                            "mj_stateSize",
                            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT)),
                    Mujoco.function(symbols, "mj_getState", move),
                    Mujoco.function(symbols, "mj_setState", move));
        }

        @Override
        public void set(MemorySegment model, MemorySegment data, double[] positions, double[] velocities, Arena arena)
                throws Throwable {
            MemorySegment all = room(model, positions.length, velocities.length, arena);
            MemorySegment.copy(positions, 0, all, NUMBER, NUMBER.byteSize(), positions.length);
            MemorySegment.copy(
                    velocities, 0, all, NUMBER, (1L + positions.length) * NUMBER.byteSize(), velocities.length);
            set.invokeExact(model, data, all, WHICH);
        }

        @Override
        public double[] get(MemorySegment model, MemorySegment data, int positions, int velocities, Arena arena)
                throws Throwable {
            MemorySegment all = room(model, positions, velocities, arena);
            get.invokeExact(model, data, all, WHICH);
            return all.toArray(NUMBER);
        }

        private MemorySegment room(MemorySegment model, int positions, int velocities, Arena arena) throws Throwable {
            int expected = 1 + positions + velocities;
            int count = (int) size.invokeExact(model, WHICH);
            if (count != expected) {
                throw new NativeException(
                        "MuJoCo's state has %d numbers, expected %d for the model".formatted(count, expected));
            }
            return arena.allocate(NUMBER, expected);
        }
    }

    ValueLayout.OfDouble NUMBER = ValueLayout.JAVA_DOUBLE;
}
