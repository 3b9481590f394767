package awl.tensor;

import awl.CheckpointException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// A safetensors file, mapped into memory. Thread-safe for reading.
///
/// The mapping is read-only: writing to a [#view] ends the process (SIGSEGV), so what is to be trained is [#read].
///
/// Format: <https://github.com/huggingface/safetensors> (8 bytes of header length, JSON, data).
public final class Safetensors implements AutoCloseable {

    private static final Map<String, ScalarType> DTYPES = Map.of(
            "F64",
            ScalarType.Double,
            "F32",
            ScalarType.Float,
            "F16",
            ScalarType.Half,
            "BF16",
            ScalarType.BFloat16,
            "I64",
            ScalarType.Long,
            "I32",
            ScalarType.Int,
            "I16",
            ScalarType.Short,
            "I8",
            ScalarType.Char,
            "U8",
            ScalarType.Byte,
            "BOOL",
            ScalarType.Bool);

    private final Path path;
    private final Arena arena;
    private final MemorySegment data;
    private final SafetensorsHeader header;

    private Safetensors(Path path, Arena arena, MemorySegment data, SafetensorsHeader header) {
        this.path = path;
        this.arena = arena;
        this.data = data;
        this.header = header;
    }

    /// Maps a file and checks its header.
    ///
    /// @throws CheckpointException when the file is missing, truncated or inconsistent
    public static Safetensors open(Path path) {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long size = channel.size();
            if (size < 8) {
                throw SafetensorsHeader.bad(path.toString(), "only " + size + " bytes: not a safetensors file");
            }
            MemorySegment whole = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
            long length = whole.get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
            if (length < 2 || length > SafetensorsHeader.LIMIT || length > size - 8) {
                throw SafetensorsHeader.bad(
                        path.toString(),
                        "the header claims %s bytes of a file of %d (at most %d are allowed): damaged, or not a safetensors file"
                                .formatted(Long.toUnsignedString(length), size, SafetensorsHeader.LIMIT));
            }
            byte[] json = whole.asSlice(8, length).toArray(ValueLayout.JAVA_BYTE);
            MemorySegment data = whole.asSlice(8 + length);
            SafetensorsHeader header = SafetensorsHeader.parse(path.toString(), json, data.byteSize());
            return new Safetensors(path, arena, data, header);
        } catch (NoSuchFileException e) {
            arena.close();
            throw new CheckpointException(path + ": no such file", e);
        } catch (IOException e) {
            arena.close();
            throw new CheckpointException(path + ": cannot be read: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    public Path path() {
        return path;
    }

    /// Begins to bring the file into memory, on another thread: its pages are there before the first pass
    /// touches them.
    public void prefetch() {
        Thread.ofPlatform().daemon().name("awl-prefetch").start(() -> {
            try {
                data.load();
            } catch (IllegalStateException e) {
                // It was closed meanwhile, and nobody needs it any more.
            }
        });
    }

    /// Names in the order of the file.
    public Set<String> names() {
        return header.tensors().keySet();
    }

    public Map<String, String> metadata() {
        return header.metadata();
    }

    public TensorInfo info(String name) {
        TensorInfo info = header.tensors().get(name);
        if (info == null) {
            throw new CheckpointException(path + ": has no tensor '" + name + "'");
        }
        return info;
    }

    /// libtorch's dtype of a tensor as stored.
    public ScalarType dtype(String name) {
        ScalarType dtype = DTYPES.get(info(name).dtype());
        if (dtype == null) {
            throw new CheckpointException(path + ": tensor '" + name + "' has an unknown dtype");
        }
        return dtype;
    }

    /// The tensor as stored, without a copy where its address allows: valid until [#close]. Belongs to the caller's
    /// scope.
    public Tensor view(String name) {
        TensorInfo info = info(name);
        ScalarType dtype = dtype(name);
        if (info.count() == 0) {
            return Tensors.empty(dtype, info.shape());
        }
        MemorySegment bytes = data.asSlice(info.start(), info.bytes());
        long width = info.bytes() / info.count();
        if (bytes.address() % width != 0) {
            // Headers need not end at a multiple of the element's width; kernels may demand it.
            Tensor copy = Tensors.empty(dtype, info.shape());
            MemorySegment.ofAddress(copy.data_ptr().address())
                    .reinterpret(info.bytes())
                    .copyFrom(bytes);
            return copy;
        }
        try (TensorOptions options = new TensorOptions(dtype)) {
            return torch.from_blob(new Address(bytes.address()), info.shape(), options);
        }
    }

    /// A copy in the dtype asked for, independent of the file.
    public Tensor read(String name, ScalarType dtype) {
        Tensor stored = view(name);
        Tensor copy = stored.to(dtype, false, true, new org.bytedeco.pytorch.MemoryFormatOptional());
        stored.close();
        return copy;
    }

    /// Unmaps the file; views of it must not be touched any more.
    @Override
    public void close() {
        arena.close();
    }

    /// A bare address: JavaCPP keeps it in a protected field.
    private static final class Address extends Pointer {
        Address(long address) {
            this.address = address;
        }
    }
}
