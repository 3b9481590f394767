package awl.kernel.ffm;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// What every kernel library exports beside its kernels.
record CommonFunctions(
        @NativeSignature(
                name = "awl_abi_version",
                returns = int.class,
                arguments = {})
        MethodHandle abiVersion,

        @NativeSignature(
                name = "awl_sizeof_tensor",
                returns = long.class,
                arguments = {})
        MethodHandle sizeofTensor,

        @NativeSignature(name = "awl_kernel_name", returns = MemorySegment.class, arguments = int.class)
        MethodHandle kernelName,

        @NativeSignature(
                name = "awl_last_error",
                returns = MemorySegment.class,
                arguments = {})
        MethodHandle lastError,

        @NativeSignature(
                name = "awl_backend",
                returns = MemorySegment.class,
                arguments = {})
        MethodHandle backend,

        @NativeSignature(
                name = "awl_device_count",
                returns = int.class,
                arguments = {})
        MethodHandle deviceCount,

        @NativeSignature(name = "awl_set_threads", returns = int.class, arguments = int.class)
        MethodHandle setThreads,

        @NativeSignature(
                name = "awl_instruction_set",
                returns = MemorySegment.class,
                arguments = {})
        MethodHandle instructionSet) {}
