package awl.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.CheckpointException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SafetensorsTest {

    private static final String GOOD =
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[8,10]}}";

    @TempDir
    Path temp;

    private Path file(String header, int dataBytes) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(json.length).put(json);
        if (dataBytes >= 8) {
            bytes.putFloat(1.5f).putFloat(-2f);
        }
        Path path = temp.resolve("x.safetensors");
        Files.write(path, bytes.array());
        return path;
    }

    @Test
    void readsValuesAtAnyAlignment() throws IOException {
        for (String padding : new String[] {"", " ", "  ", "   "}) {
            try (Safetensors open = Safetensors.open(file(GOOD + padding, 10));
                    Tensor a = open.view("a");
                    Tensor copy = open.read("a", ScalarType.Double)) {
                assertThat(open.names()).containsExactly("a", "b");
                assertThat(a.select(0, 1).item_float()).isEqualTo(-2f);
                assertThat(copy.select(0, 0).item_double()).isEqualTo(1.5);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,9]}} | 9 | needs 8 bytes",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} | 9 | truncated or has been appended",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} | 4 | claims bytes 0 to 8 of 4",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}} | 12 | neither overlap",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}} | 12 | neither overlap",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807,9223372036854775807],\"data_offsets\":[0,8]}} | 8 | overflows",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[18446744073709551616],\"data_offsets\":[0,8]}} | 8 | non-negative integers",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}} | 8 | non-negative integers",
                "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,8]}} | 8 | supported are",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} | 8 | uplicate",
                "{\"__metadata__\":{\"a\":1}} | 0 | must be a string",
                "[1,2] | 0 | expected a JSON object",
                "{} x | 0 | not JSON",
            })
    void refusesInconsistentHeaders(String header, int dataBytes, String reason) throws IOException {
        Path path = file(header, dataBytes);
        assertThatThrownBy(() -> Safetensors.open(path))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("x.safetensors")
                .hasMessageContaining(reason);
    }

    @Test
    void refusesDeepNestingAndWildLengths() throws IOException {
        Path deep = file("{\"a\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}", 0);
        assertThatThrownBy(() -> Safetensors.open(deep)).isInstanceOf(CheckpointException.class);
        Path wild = temp.resolve("wild.safetensors");
        for (long length : new long[] {Long.MAX_VALUE, Long.MIN_VALUE, -1, 0, 1, 1L << 40}) {
            Files.write(
                    wild,
                    ByteBuffer.allocate(16)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(length)
                            .array());
            assertThatThrownBy(() -> Safetensors.open(wild))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("wild.safetensors");
        }
    }

    @Test
    void everyTruncationAndBitFlipIsReadOrRefusedByName() throws IOException {
        byte[] good = Files.readAllBytes(file(GOOD, 10));
        Path path = temp.resolve("damaged.safetensors");
        for (int length = 0; length < good.length; length++) {
            Files.write(path, Arrays.copyOf(good, length));
            assertThatThrownBy(() -> Safetensors.open(path)).isInstanceOf(CheckpointException.class);
        }
        Random random = new Random(7);
        for (int round = 0; round < 500; round++) {
            byte[] bytes = good.clone();
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            Files.write(path, bytes);
            try (Safetensors open = Safetensors.open(path)) {
                open.names().forEach(name -> open.view(name).close());
            } catch (CheckpointException refused) {
                assertThat(refused).hasMessageContaining("damaged.safetensors");
            }
        }
    }
}
